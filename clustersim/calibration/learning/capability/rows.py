"""Reads tables of benchmark scores: any CSV with a task, a model, its family, and its size and tokens or compute."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clustersim.calibration.learning.capability.mixed_logistic import Scores
from clustersim.learning.capability.law import Trained, covariates
from clustersim.tables.csv_lines import TableError, csv_lines
from clustersim.tables.header import cells_by_column, check_header
from clustersim.tables.numbers import number_in, said

NEEDED = ("task", "model", "family", "params", "tokens")
"""Columns without which a table is not one of scores. Cells may be empty; ``train_flops``, ``metric``, ``score``,
``chance`` and ``use`` may be absent."""
THRESHOLDS = ("emergence_threshold", "loss_threshold")
"""Metrics that state where an ability begins: no score of a model."""
FIT = "fit"


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One row as it stands.

    Attributes
    ----------
    line : int
        Line of the file it begins on.
    cells : mapping of str to str
        Cells by column.
    damage : str
        What is wrong with the row as a whole; empty for nothing.
    """

    line: int
    cells: Mapping[str, str]
    damage: str = ""

    def text(self, column: str) -> str:
        """Text of a cell; empty where the source says nothing or there is no such column."""
        return said(self.cells.get(column))

    def number(self, column: str, least: float = 0.0, most: float = math.inf) -> float | None:
        """Read the number in a cell; None where the source says nothing.

        Raises
        ------
        ValueError
            If the cell holds something else, or a number outside ``least`` to ``most``.
        """
        text = self.text(column)
        if not text:
            return None
        value = number_in(text)
        if value is None:
            msg = f"{column}: '{text}' is no number"
            raise ValueError(msg)
        if not least <= value <= most:
            msg = f"{column}: {text} is not {'a fraction' if most == 1.0 else 'above zero'}"
            raise ValueError(msg)
        return value

    @property
    def score(self) -> float | None:
        """Measured score [fraction]; None where there is none."""
        return self.number("score", 0.0, 1.0)

    @property
    def family(self) -> str:
        """The model's family; a model without one is a family of its own."""
        return self.text("family") or self.text("model")


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """A table as it stands: columns in order, and every row."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[ScoreRow, ...]


def read_scores(path: Path) -> ScoreTable:
    """Read a table of scores without judging its cells.

    Raises
    ------
    TableError
        If it cannot be read, is no such CSV, or lacks columns of :data:`NEEDED`.
    """
    header, lines = csv_lines(path)
    check_header(path, header, NEEDED, "add them, with empty cells where nothing is known")
    return ScoreTable(path, header, tuple(_row(line, cells, header) for line, cells in lines))


def _row(line: int, cells: Sequence[str], header: tuple[str, ...]) -> ScoreRow:
    by_column, damage = cells_by_column(cells, header)
    return ScoreRow(line, by_column, damage)


def trained(row: ScoreRow) -> Trained | None:
    """Size, tokens and compute of a row's model; None where they do not say its compute.

    Notes
    -----
    Of parameters, tokens and compute any two give the third, by ``C = 6 N D``; where all three are given, the compute
    is taken as stated. Compute alone is not enough: the law asks for tokens per parameter (see
    :func:`compute_alone`).

    Raises
    ------
    ValueError
        If a cell cannot be read.
    """
    size, tokens, flops = (row.number(name, 1.0) for name in ("params", "tokens", "train_flops"))
    if size is None and tokens is not None and flops is not None:
        size = flops / (6.0 * tokens)
    elif tokens is None and size is not None and flops is not None:
        tokens = flops / (6.0 * size)
    if size is None or tokens is None:
        return None
    return Trained(size, tokens, flops)


def compute_alone(row: ScoreRow, ratio: float) -> Trained | None:
    """A model of the row's compute with so many tokens per parameter; None where the compute is not given."""
    flops = row.number("train_flops", 1.0)
    return None if flops is None else Trained(math.sqrt(flops / (6.0 * ratio)), math.sqrt(flops * ratio / 6.0), flops)


def scores_by_task(table: ScoreTable) -> dict[str, Scores]:
    """Scores that a fit may take, by benchmark.

    Notes
    -----
    Left out are rows without a score or without compute, thresholds, and rows whose ``use`` is anything but ``fit``.
    Of a model that stands twice under a benchmark the mean counts. The floor is the ``chance`` that most rows of the
    benchmark state; where none does, the lowest score.

    Raises
    ------
    TableError
        Naming every cell that cannot be read, at once.
    """
    faults: list[str] = []
    rows: dict[str, list[tuple[ScoreRow, Trained, float]]] = {}
    for row in table.rows:
        try:
            found = _usable(row)
        except ValueError as problem:
            faults.append(f"{table.path}:{row.line}: {problem}")
            continue
        if found is not None:
            rows.setdefault(row.text("task"), []).append((row, *found))
    if faults:
        raise TableError("\n".join(faults))
    return {task: _scores(found) for task, found in sorted(rows.items()) if task}


def _usable(row: ScoreRow) -> tuple[Trained, float] | None:
    if row.damage:
        raise ValueError(row.damage)
    measured, model = row.score, trained(row)
    row.number("chance", 0.0, 1.0)
    use = row.text("use")
    if measured is None or model is None or use not in {"", FIT} or row.text("metric") in THRESHOLDS:
        return None
    return model, measured


def _scores(found: Iterable[tuple[ScoreRow, Trained, float]]) -> Scores:
    entries = list(found)
    floor = _floor([row for row, _, _ in entries], [measured for _, _, measured in entries])
    merged: dict[tuple[str, str], list[tuple[Trained, float]]] = {}
    for row, model, measured in entries:
        merged.setdefault((row.family, row.text("model") or f"line {row.line}"), []).append((model, measured))
    families = tuple(sorted({family for family, _ in merged}))
    models = [values[0][0] for values in merged.values()]
    compute, ratio = covariates(
        [model.parameters for model in models], [model.tokens for model in models], [model.compute for model in models]
    )
    return Scores(
        compute=compute,
        ratio=ratio,
        score=np.array([float(np.mean([measured for _, measured in values])) for values in merged.values()]),
        family=np.array([families.index(family) for family, _ in merged], dtype=np.intp),
        families=families,
        models=tuple(model for _, model in merged),
        floor=floor,
    )


def _floor(rows: Sequence[ScoreRow], measured: Sequence[float]) -> float:
    stated = Counter(chance for row in rows if (chance := row.number("chance", 0.0, 1.0)) is not None)
    return stated.most_common(1)[0][0] if stated else min(measured)
