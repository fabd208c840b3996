"""Reads loss curves under learning-rate schedules: any CSV with model, schedule, step and learning rate of its rows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clustersim.tables.csv_lines import csv_lines
from clustersim.tables.header import cells_by_column, check_header

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NEEDED = ("model", "schedule", "step", "lr")
"""Columns without which a table holds no loss curves; ``loss`` may be absent or empty where it is not fitted."""
MOST_STEPS = 5_000_000
"""Longest schedule that is followed step by step."""
FLAT = 1e-9
"""Change between two rows, as a share of the largest learning rate, that is none."""
JUMP = 0.02
"""Relative change of the learning rate between two rows that is a drop at once where both sides are flat."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes
    ----------
    line : int
        Line of the file.
    cells : mapping of str to str
        Cells by column, as they stand.
    step : int
        Optimizer step; 0 where unreadable.
    rate : float
        Learning rate; NaN where empty.
    loss_nats : float
        Loss [nats/token]; NaN where empty.
    fault : str
        Why the row cannot be read; empty for nothing.
    """

    line: int
    cells: Mapping[str, str]
    step: int
    rate: float
    loss_nats: float
    fault: str

    @property
    def curve(self) -> tuple[str, str]:
        """Model and schedule."""
        return self.cells["model"].strip(), self.cells["schedule"].strip()


@dataclass(frozen=True, slots=True)
class CurveTable:
    """A table as it stands: columns in order, and every row."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def curves(self) -> dict[tuple[str, str], list[Row]]:
        """Readable rows by model and schedule, in the order of the file."""
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows:
            if not row.fault:
                found.setdefault(row.curve, []).append(row)
        return found


def read_curves(path: Path) -> CurveTable:
    """Read a table without judging its rows.

    Raises
    ------
    TableError
        If it is no CSV or lacks columns of :data:`NEEDED`; names file and line.
    """
    header, lines = csv_lines(path)
    check_header(path, header, NEEDED)
    return CurveTable(path, header, tuple(_row(line, cells, header) for line, cells in lines))


def faults(table: CurveTable, *, with_loss: bool) -> list[str]:
    """What is wrong with the rows of a table, each as ``file:line: message``."""
    wrong = [f"{table.path}:{row.line}: {row.fault}" for row in table.rows if row.fault]
    if with_loss and "loss" not in table.columns:
        return [f"{table.path}:1: lacks the column loss"]
    return wrong


def _row(line: int, cells: list[str], header: tuple[str, ...]) -> Row:
    padded, damage = cells_by_column(cells, header)
    step, step_fault = _number(padded, "step")
    rate, rate_fault = _number(padded, "lr")
    loss, loss_fault = _number(padded, "loss")
    fault = damage or step_fault or rate_fault or loss_fault or _impossible(padded, step, rate, loss)
    whole = int(step) if not fault and not math.isnan(step) else 0
    return Row(line, padded, whole, rate, loss, fault)


def _number(cells: Mapping[str, str], column: str) -> tuple[float, str]:
    text = cells.get(column, "").strip()
    if text.lower() in ("", "nan", "na"):
        return math.nan, ""
    try:
        value = float(text)
    except ValueError:
        return math.nan, f"{column}: '{text}' is not a number"
    return (value, "") if math.isfinite(value) else (math.nan, f"{column}: '{text}' is not finite")


def _impossible(cells: Mapping[str, str], step: float, rate: float, loss: float) -> str:
    if not cells["model"].strip() or not cells["schedule"].strip():
        return "model or schedule is empty"
    if math.isnan(step) or step != int(step) or step < 1:
        return f"step: '{cells['step'].strip()}' is not a whole number from 1 on"
    if step > MOST_STEPS:
        return f"step: {int(step):,} is beyond the {MOST_STEPS:,} that are followed"
    if rate < 0.0:
        return f"lr: '{cells['lr'].strip()}' is negative"
    if loss <= 0.0:
        return f"loss: '{cells['loss'].strip()}' is not positive"
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class ScheduleCurve:
    """One loss curve with the learning rate of every step of its run.

    Attributes
    ----------
    model, schedule : str
        Their names.
    rates : ndarray of shape (last step,)
        Learning rate of each step, from the first.
    steps : ndarray
        Steps of the rows past the warm-up, counted from 1.
    loss_nats : ndarray
        Their losses [nats/token]; NaN where unknown.
    rows : tuple of int
        Positions of these rows among those given.
    """

    model: str
    schedule: str
    rates: Floats
    steps: Integers
    loss_nats: Floats
    rows: tuple[int, ...]

    def until(self, step: int) -> "ScheduleCurve":
        """The part of the curve up to a step."""
        kept = np.flatnonzero(self.steps <= step)
        return ScheduleCurve(
            self.model,
            self.schedule,
            self.rates[:step],
            self.steps[kept],
            self.loss_nats[kept],
            tuple(self.rows[i] for i in kept.tolist()),
        )

    def measured(self) -> "ScheduleCurve":
        """The part of the curve whose loss is known."""
        kept = np.flatnonzero(np.isfinite(self.loss_nats))
        rows = tuple(self.rows[i] for i in kept.tolist())
        return ScheduleCurve(self.model, self.schedule, self.rates, self.steps[kept], self.loss_nats[kept], rows)


def schedule_curve(rows: Sequence[Row], warmup_steps: int | None = None) -> ScheduleCurve | None:
    """Learning rate of every step of a run, from the rows that are there.

    Parameters
    ----------
    rows : sequence of Row
        Rows of one model and schedule, in any order.
    warmup_steps : int, optional
        Warm-up of runs of the same model; the first row's step when omitted.

    Returns
    -------
    ScheduleCurve or None
        None where no row has a learning rate.

    Notes
    -----
    Straight lines between rows, but for a drop at once: a change between two rows that are flat on either side holds
    the earlier rate until the later row. Before the first row the rate climbs in a straight line over the warm-up and
    then stays at that of the first row.
    """
    order = sorted((row.step, i) for i, row in enumerate(rows))
    known = [(step, rows[i].rate) for step, i in order if not math.isnan(rows[i].rate)]
    if not known or max(rate for _, rate in known) <= 0.0:
        return None
    rates = _filled(known, order[-1][0], warmup_steps)
    settled = _warm_until(rates)
    past = [(step, i) for step, i in order if step >= settled]
    return ScheduleCurve(
        *rows[0].curve,
        rates,
        np.array([step for step, _ in past], dtype=np.int64),
        np.array([rows[i].loss_nats for _, i in past]),
        tuple(i for _, i in past),
    )


def _filled(known: Sequence[tuple[int, float]], last: int, warmup_steps: int | None) -> Floats:
    steps, rates = (np.array(side, dtype=np.float64) for side in zip(*dict(known).items(), strict=True))
    change = np.diff(rates)
    # A side without a row may be flat, but of two rows alone a straight line is the plainer reading.
    slopes = np.concatenate([[np.nan], np.abs(change), [np.nan]]) / rates.max()
    before, behind = slopes[:-2], slopes[2:]
    flat = ~((before > FLAT) | (behind > FLAT)) & ((before <= FLAT) | (behind <= FLAT))
    at_once = (np.abs(change) > JUMP * rates.max()) & flat
    # The earlier rate is held until just before the later row.
    corners = np.concatenate([steps, steps[1:][at_once] - 1e-6])
    heights = np.concatenate([rates, rates[:-1][at_once]])
    order = np.argsort(corners, kind="stable")
    every = np.arange(1, last + 1, dtype=np.float64)
    filled = np.interp(every, corners[order], heights[order])
    warm = int(steps[0]) if warmup_steps is None else min(int(steps[0]), warmup_steps)
    filled[: warm - 1] = rates[0] * every[: warm - 1] / warm
    return np.asarray(filled)


def _warm_until(rates: Floats) -> int:
    """First step at the top of the climb, counted from 1."""
    climb = np.flatnonzero(np.diff(rates) < 0.0)
    top = rates[: int(climb[0]) + 1].max() if len(climb) else rates.max()
    return int(np.argmax(rates >= top * (1.0 - 1e-9))) + 1
