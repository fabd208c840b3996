"""``python -m validation.testbed``."""

import sys

from validation.testbed.cli import main

sys.exit(main())
