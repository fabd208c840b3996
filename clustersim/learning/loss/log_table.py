"""The log of a run's losses beside its plan: steps become tokens, and what lies past the plan's end is a problem."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clustersim._numerals import short
from clustersim.learning.loss.course import LearningRates
from clustersim.learning.loss.log_rows import LogRows, read_log_rows
from clustersim.learning.loss.own_log import RunLog
from clustersim.scenario.files import read_named_file
from clustersim.scenario.schema.learning import LossLog

MOST_TOLD = 20
"""Problems that are told one by one; the rest is counted."""


@dataclass(frozen=True, slots=True, eq=False)
class LogTable:
    """A log that was read.

    Parameters
    ----------
    log : RunLog
        The losses that count.
    notes : tuple of str
        What was left out or worked out, in sentences.
    problems : tuple of str
        What is wrong, each with file, line and column and the way out; ``log`` says nothing where there are any.
    """

    log: RunLog
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_log_table(text: str, file: str, rates: LearningRates) -> LogTable:
    """Read the log of a run.

    Parameters
    ----------
    text : str
        CSV with a heading: ``loss`` [nats/token] and ``tokens`` or ``step``; with both, ``tokens`` counts. Case and
        leading underscores of names do not count, of several the one with the fewest underscores does. Rows without a
        loss are passed over, and so are infinite ones. Where tokens do not rise from row to row, the run was sent
        back: later rows replace what earlier ones said from there on.
    file : str
        Name in messages.
    rates : LearningRates
        Those of the plan, which say how many tokens a step has behind it and where the run ends.

    Returns
    -------
    LogTable
        With every problem; the log in it is of use where there is none.
    """
    rows = read_log_rows(text, file)
    problems = [*rows.problems, *_past_the_end(rows, file, rates)]
    if problems:
        return LogTable(RunLog(np.zeros(0), np.zeros(0)), problems=_first_of(problems))
    tokens = rows.at if rows.counted == "tokens" else np.interp(rows.at, rates.steps, rates.tokens)
    return LogTable(RunLog(np.minimum(tokens, rates.tokens[-1]), rows.loss_nats), rows.notes)


def table_of(log: LossLog, rates: LearningRates) -> LogTable:
    """Read the log that a scenario names.

    Raises
    ------
    OSError, UnicodeDecodeError
        If it is not kept in the scenario and cannot be read.
    """
    text = log.text if log.text is not None else read_named_file(Path(log.file))
    return read_log_table(text, log.file, rates)


def _past_the_end(rows: LogRows, file: str, rates: LearningRates) -> list[str]:
    # Logs count whole steps, and the plan's last one may be broken.
    end = math.ceil(rates.steps[-1])
    if rows.counted == "tokens":
        last_step = (rates.tokens[-1] - rates.tokens[-2]) / max(rates.steps[-1] - rates.steps[-2], 1e-12)
        beyond = rows.at > rates.tokens[-1] + last_step
    else:
        beyond = rows.at > end
    if not beyond.any():
        return []
    first, more = int(np.argmax(beyond)), int(beyond.sum()) - 1
    at = float(rows.at[first])
    there = f"{short(at, 4)} tokens" if rows.counted == "tokens" else f"{at:,.0f}"
    others = f" ({more:,} more)" if more else ""
    return [
        f"{file}:{rows.lines[first]}:{rows.column}: {rows.counted}: {there}{others} is past the end of the plan, step "
        f"{end:,} at {short(float(rates.tokens[-1]), 4)} tokens; let training.phases be the whole run, or leave these "
        "rows out"
    ]


def _first_of(problems: Sequence[str]) -> tuple[str, ...]:
    more = len(problems) - MOST_TOLD
    return (*problems[:MOST_TOLD], *([f"... and {more:,} more"] if more > 0 else []))
