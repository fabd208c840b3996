"""What a matrix product loses to the tiles and waves it is cut into."""

import math
from functools import lru_cache

TILES = ((256, 128, 1.0), (128, 256, 1.0), (128, 128, 0.97), (128, 64, 0.85), (64, 128, 0.85))
"""Rows and columns of the output tiles that libraries choose between, and the rate of each over that of the largest: a
small tile reads more for what it computes (NVIDIA, Matrix Multiplication Background User's Guide, 2023, section 3)."""


@lru_cache(maxsize=65536)
def quantisation(rows: float, columns: float, count: float, multiprocessors: int) -> float:
    """Time of a product over that of one whose output fills every multiprocessor all the time, at least 1.

    Parameters
    ----------
    rows, columns : float
        Size of the output.
    count : float
        Products done together (one per expert).
    multiprocessors : int
        Multiprocessors of the device; each works on one tile at a time.

    Returns
    -------
    float
        Tiles reach over the edges of the output, and the last wave of them leaves multiprocessors idle; the best tile
        counts.

    References
    ----------
    .. [1] NVIDIA (2023), Matrix Multiplication Background User's Guide, sections 3 and 4 (tile and wave quantization).

    Examples
    --------
    >>> quantisation(27 * 128, 4 * 256, 1, 108)
    1.0
    >>> quantisation(27 * 128 + 1, 4 * 256, 1, 108) > 1.3
    True
    """
    size = rows * columns * count
    return min(_waves(rows, columns, count, multiprocessors, *tile[:2]) / tile[2] for tile in TILES) / size


def _waves(rows: float, columns: float, count: float, multiprocessors: int, high: int, wide: int) -> float:
    """Output elements that the multiprocessors could have computed meanwhile."""
    tiles = math.ceil(rows / high) * math.ceil(columns / wide) * math.ceil(count)
    return math.ceil(tiles / multiprocessors) * multiprocessors * high * wide
