"""The scoreboard: every ring of validation, every case of it, and the bands that they have to keep.

``clustersim validate`` runs it. A comparison of a further kind of measurement is added to
:data:`~clustersim.study.scoreboard.measurements.COMPARISONS`.
"""

from clustersim.study.scoreboard.bands import RINGS, Band, Verdict
from clustersim.study.scoreboard.board import BANDS, Board, Ring, run_board
from clustersim.study.scoreboard.measurements import COMPARISONS, Measurement
from clustersim.study.scoreboard.tree import SCHEMA, board_tree

__all__ = [
    "BANDS",
    "COMPARISONS",
    "RINGS",
    "SCHEMA",
    "Band",
    "Board",
    "Measurement",
    "Ring",
    "Verdict",
    "board_tree",
    "run_board",
]
