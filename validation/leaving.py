"""The end of a process that has had torch's threads."""

import os
import sys
from typing import NoReturn


def leave(code: int = 0) -> NoReturn:
    """End this process at once, with all that it wrote to its streams.

    The interpreter's own end runs the destructors of torch while threads of torch may still run, which aborts the
    process now and then ("terminate called without an active exception") after its work is done.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
