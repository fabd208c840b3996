"""Reads a table of losses: one evaluation of a training run a row, final or on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from clustersim.tables.csv_lines import TableError, csv_lines
from clustersim.tables.header import cells_by_column, check_header
from clustersim.tables.numbers import number_in, said

PARAMETERS = ("params_nonembed_approx", "parameters")
LEARNING_RATE = ("lr", "learning_rate")
PEAK = ("lr_peak", "peak_learning_rate")
END_SHARE = "end_lr_share"
"""Learning rate at the end of the run, as a share of the peak; for tables of final losses."""
_MOST_WRONG = 20
"""Wrong cells that are listed before the rest is counted."""


class LossColumn(NamedTuple):
    """A corpus, and what its loss is called in tables."""

    law: str
    names: tuple[str, ...]


CORPORA = (
    LossColumn("olmo-ladder-c4", ("c4_ce", "c4_nats_per_token")),
    LossColumn("olmo-ladder-pile", ("pile_ce", "pile_nats_per_token")),
    LossColumn("olmo-ladder-wikitext", ("wikitext_ce", "wikitext_nats_per_token")),
    LossColumn("olmo-ladder-common-crawl", ("dolma_cc_ce", "dolma_cc_nats_per_token")),
    LossColumn("olmo-ladder-code", ("dolma_stack_ce", "dolma_stack_nats_per_token")),
)
"""Corpora of the OLMo ladder with their laws, in the order of predictions."""


@dataclass(frozen=True, slots=True)
class LossRow:
    """One evaluation.

    Parameters
    ----------
    line : int
        Line of the file.
    cells : mapping of str to str
        Cells by column, as they came.
    run : str
        Name of the run.
    parameters, tokens : float
        N as the law counts them, and tokens trained.
    step, learning_rate, peak, batch_tokens, end_share, vocabulary : float or None
        None where the table does not say.
    losses : mapping of str to float
        Measured loss by law [nats/token]; without those that are empty.
    """

    line: int
    cells: Mapping[str, str]
    run: str
    parameters: float
    tokens: float
    step: float | None
    learning_rate: float | None
    peak: float | None
    batch_tokens: float | None
    end_share: float | None
    vocabulary: float | None
    losses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LossTable:
    """A table: its columns in order, its rows, and for each law the column of its loss."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[LossRow, ...]
    loss_columns: Mapping[str, str]


def read_losses(path: Path) -> LossTable:
    """Read a table of losses.

    Parameters
    ----------
    path : Path
        CSV with ``run``, ``params_nonembed_approx`` (or ``parameters``) and ``tokens``; ``step``, ``lr``, ``lr_peak``,
        ``batch_tokens`` and the losses (``c4_ce`` or ``c4_nats_per_token``, and so on) as far as they are known.

    Raises
    ------
    TableError
        If it cannot be read, lacks a column, or holds cells that are no numbers; names all of them.
    """
    header, lines = csv_lines(path)
    check_header(path, header, ("run", PARAMETERS, "tokens"))
    wrong: list[str] = []
    rows = []
    for line, cells in lines:
        by_column, damage = cells_by_column(cells, header)
        if len(cells) > len(header):
            wrong.append(f"{path}:{line}: {damage}")
            continue
        rows.append(_row(path, line, by_column, wrong))
    if wrong:
        more = len(wrong) - _MOST_WRONG
        raise TableError("\n".join([*wrong[:_MOST_WRONG], *([f"{path}: and {more} more"] if more > 0 else [])]))
    return LossTable(path, header, tuple(row for row in rows if row is not None), _loss_columns(header))


def _loss_columns(header: Sequence[str]) -> dict[str, str]:
    """Column of the loss by law; those of the ladder where the table has none."""
    found = {one.law: name for one in CORPORA for name in one.names if name in header}
    return found or {one.law: one.names[0] for one in CORPORA}


def _row(path: Path, line: int, cells: Mapping[str, str], wrong: list[str]) -> LossRow | None:
    before = len(wrong)

    def number(names: Sequence[str], *, needed: bool = False, least: float = 0.0) -> float | None:
        for name in names:
            text = said(cells.get(name))
            if not text:
                continue
            value = number_in(text)
            if value is None or value < least:
                what = "is no number" if value is None else f"is below {least:g}"
                wrong.append(f"{path}:{line}: {name}: '{text}' {what}")
                return None
            return value
        if needed:
            wrong.append(f"{path}:{line}: {names[0]}: empty")
        return None

    parameters = number([name for name in PARAMETERS if name in cells], needed=True, least=1.0)
    tokens = number(["tokens"], needed=True)
    found = {
        "step": number(["step"]),
        "learning_rate": number(LEARNING_RATE),
        "peak": number(PEAK),
        "batch_tokens": number(["batch_tokens"]),
        "end_share": number([END_SHARE]),
        "vocabulary": number(["vocabulary"], least=2.0),
    }
    losses = {one.law: number(one.names, least=1e-6) for one in CORPORA}
    if len(wrong) > before or parameters is None or tokens is None:
        return None
    return LossRow(
        line=line,
        cells=cells,
        run=said(cells["run"]) or f"line {line}",
        parameters=parameters,
        tokens=tokens,
        losses={law: loss for law, loss in losses.items() if loss is not None},
        **found,
    )
