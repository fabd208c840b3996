"""Fits the capability laws of the catalogue.

``python -m clustersim.calibration.learning.capability --data validation/published/capability.csv --out FILE``
"""

import sys
from collections.abc import Sequence

from clustersim.calibration.learning.capability.catalogue import catalogue_rows
from clustersim.calibration.learning.command import write_catalogue_table


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit every law and write the catalogue table."""
    return write_catalogue_table(
        "Fit the capability laws of the catalogue.", {"data": "table of scores"}, catalogue_rows, arguments
    )


if __name__ == "__main__":
    sys.exit(main())
