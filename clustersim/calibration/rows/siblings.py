"""The shape of a row that leaves it out, from complete rows of the same model in the same source and split."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clustersim.calibration.splits import split_of_cell
from clustersim.tables.numbers import said

SHAPE = (
    "n_layers",
    "hidden",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "ffn_hidden",
    "gated",
    "vocab",
    "attention",
    "n_experts",
    "experts_per_token",
    "expert_ffn",
    "n_shared_experts",
    "n_dense_layers",
    "moe_every",
)
"""Columns that say the shape of a model."""

_HEADS = ("n_heads", "n_kv_heads", "head_dim")

Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Borrowed:
    """Cells that a row takes from its siblings."""

    cells: Mapping[str, str]

    @property
    def rule(self) -> str:
        """The rule, in words."""
        return "complete rows of the same model in the same source and split"


NOTHING_BORROWED = Borrowed({})


def borrow_shapes(rows: Sequence[Cells]) -> list[Borrowed]:
    """Shape columns that each row lacks and its siblings have.

    Parameters
    ----------
    rows : sequence of mapping of str to str
        Cells by column of every row of a table.

    Returns
    -------
    list of Borrowed, shape (rows,)
        In the order of the rows. A sibling names the same source and model, is of the same split (what is held out
        lends nothing to a fit), is complete (``missing`` empty) and contradicts nothing that the row does say; of
        several shapes the most frequent counts.
    """
    complete: dict[tuple[str, str, str], Counter[tuple[str, ...]]] = {}
    for cells in rows:
        if not _text(cells, "missing") and _text(cells, "hidden"):
            shape = tuple(_text(cells, column) for column in SHAPE)
            complete.setdefault(_family(cells), Counter())[shape] += 1
    return [_borrowed(cells, complete.get(_family(cells), Counter())) for cells in rows]


def _borrowed(cells: Cells, shapes: "Counter[tuple[str, ...]]") -> Borrowed:
    if not _text(cells, "missing") or not _text(cells, "model"):
        return NOTHING_BORROWED
    for shape, _ in shapes.most_common():
        known = dict(zip(SHAPE, shape, strict=True))
        if all(_text(cells, column) in ("", value) for column, value in known.items()):
            lacking = {column: value for column, value in known.items() if value and not _text(cells, column)}
            # Heads belong together: a row that says one of them keeps to itself.
            if any(_text(cells, column) for column in _HEADS):
                lacking = {column: value for column, value in lacking.items() if column not in _HEADS}
            return Borrowed(lacking)
    return NOTHING_BORROWED


def _family(cells: Cells) -> tuple[str, str, str]:
    return _text(cells, "source"), _text(cells, "model"), split_of_cell(cells.get("split"))


def _text(cells: Cells, column: str) -> str:
    return said(cells.get(column))
