"""Where the vertices of a fabric stand in its picture: a row for each tier, neighbours of one square where too many."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clustersim.report.charts.figure import is_narrow

if TYPE_CHECKING:
    from clustersim.hardware.topology.topology import Ints, Topology

MOST_WIDE = 64
MOST_NARROW = 24
LABEL_PX = 158.0
NARROW_LABEL_PX = 22.0
ROW_PX = 86.0
SQUARE_PX = 14.0
ARCS_PX = 24.0

NAMES = {
    "long": ("gateway", "gateways"),
    "core": ("core switch", "core switches"),
    "spine": ("spine", "spines"),
    "leaf": ("leaf", "leaves"),
    "node": ("node", "nodes"),
    "scale_up": ("NVLink domain", "NVLink domains"),
}
"""Tiers from the top of the picture down, and what one and several of their vertices are called."""


@dataclass(frozen=True)
class Row:
    """One tier in the picture.

    Attributes
    ----------
    tier : str
        Its key in :data:`NAMES`.
    vertices : tuple of int
        Its vertices, from left to right.
    per_square : int
        Vertices that one square stands for.
    left, right, top : float
        Where the squares stand [px].
    arcs_px : float
        Room above the squares for links inside the tier [px].
    """

    tier: str
    vertices: tuple[int, ...]
    per_square: int
    left: float
    right: float
    top: float
    arcs_px: float = 0.0

    @property
    def squares(self) -> int:
        """Squares in the row."""
        return math.ceil(len(self.vertices) / self.per_square)

    @property
    def side_px(self) -> float:
        """Side of a square."""
        return min(SQUARE_PX, (self.right - self.left) / self.squares * 0.72)

    def x(self, square: int) -> float:
        """Middle of a square."""
        return self.left + (square + 0.5) * (self.right - self.left) / self.squares

    @property
    def label(self) -> str:
        """Number and name of the vertices."""
        one, several = NAMES[self.tier]
        return f"{len(self.vertices):,} {one if len(self.vertices) == 1 else several}"

    @property
    def note(self) -> str:
        """What a square stands for, where it is more than one."""
        return "" if self.per_square == 1 else f"a square = {self.per_square:,}"


def rows_of(topology: "Topology", width: float) -> tuple[Row, ...]:
    """Lay out the tiers from top to bottom.

    Parameters
    ----------
    topology : Topology
        Not a torus.
    width : float
        Of the picture [px].
    """
    narrow = is_narrow(width)
    by_tier: dict[str, list[int]] = {}
    for vertex, tier in enumerate(topology.rows):
        by_tier.setdefault(tier, []).append(vertex)
    arched = _tiers_with_links_inside(topology)
    rows = []
    top = NARROW_LABEL_PX if narrow else 30.0
    for tier in NAMES:
        if tier in by_tier:
            vertices = tuple(by_tier[tier])
            size = per_square(len(vertices), MOST_NARROW if narrow else MOST_WIDE)
            arcs = ARCS_PX if tier in arched and narrow else 0.0
            top += arcs
            rows.append(Row(tier, vertices, size, 1.0 if narrow else LABEL_PX, width - 1.0, top, arcs))
            top += ROW_PX + (NARROW_LABEL_PX if narrow else 0.0)
    return tuple(rows)


def per_square(vertices: int, most: int) -> int:
    """Vertices for each square: as few as keep their number within ``most``, a divisor if there is one nearby.

    Examples
    --------
    >>> per_square(2048, 64), per_square(60, 64), per_square(192, 64)
    (32, 1, 3)
    """
    least = math.ceil(vertices / most)
    return next((size for size in range(least, 2 * least) if vertices % size == 0), least)


def _tiers_with_links_inside(topology: "Topology") -> set[str]:
    import numpy as np

    tiers = np.array(topology.rows)[topology.ends]
    return set(tiers[tiers[:, 0] == tiers[:, 1], 0].tolist())


def squares_of(rows: Sequence[Row], vertices: int) -> tuple["Ints", "Ints"]:
    """Row and square of every vertex, two arrays of shape (vertices,)."""
    import numpy as np

    row_of, square_of = np.zeros((2, vertices), dtype=np.int64)
    for index, row in enumerate(rows):
        row_of[list(row.vertices)] = index
        square_of[list(row.vertices)] = np.arange(len(row.vertices)) // row.per_square
    return row_of, square_of
