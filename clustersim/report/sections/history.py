"""The history of the run of median length: what the job did when, and what struck it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.history import HistoryRow, draw_history
from clustersim.report.numbers import FRACTION, write
from clustersim.report.words import STATES, colour_of, humanize, in_order, label_of

GROUND = "productive"

_MOST_CAUSES = 3


def _span(hours: float) -> tuple[float, str]:
    """The unit a length of time is told in, and its name."""
    return next(
        ((by, name) for by, name in ((168.0, "week"), (24.0, "day"), (1.0, "hour"), (1 / 60, "minute")) if hours >= by),
        (1 / 3600, "second"),
    )


def _told(hours: float) -> str:
    """A length of time in words: ``week``, ``10 minutes``."""
    by, name = _span(hours)
    count = round(hours / by)
    return name if count == 1 else f"{count} {name}s"


def history_figure(timeline: Mapping[str, Any]) -> Figure | None:
    """The strip chart of a sample timeline; None where it has no history."""
    history = timeline.get("history") or {}
    if not history.get("rows"):
        return None
    row_hours, cell_hours = float(history["row_hours"]), float(history["cell_hours"])
    shown = in_order(STATES, list({state for row in history["rows"] for state in row["percent"]}))
    spent = in_order(STATES, list({state for row in history["rows"] for state in row["hours"]}))
    struck = _struck(history, row_hours)
    rows = tuple(
        _row(row, marks, shown, float(history["end_hours"]), row_hours, cell_hours)
        for row, marks in zip(history["rows"], struck, strict=True)
    )
    each, cell = _told(row_hours), _told(cell_hours)
    failures = sum(map(len, struck))
    return figure(
        "history",
        f"What the job did, a row for each {each}, in the run of median length",
        f"One row for each {each}, one column for each {cell}, filled from below with the shares of "
        f"{', '.join(label_of(STATES, state) for state in shown) or 'nothing'}; the rest is productive. "
        f"A mark above a row is a failure that stopped the job: {failures} in all.",
        lambda width: draw_history(
            width, rows, round(row_hours / cell_hours), STATES[GROUND].colour, _ticks(row_hours, cell_hours), GROUND
        ),
        Table(
            ("from", "failures by cause", "failures", *(f"{label_of(STATES, state)} [h]" for state in spent)),
            tuple(
                (
                    row.label,
                    _causes([cause for _, cause in marks]),
                    str(len(marks)),
                    *(f"{entry['hours'].get(state, 0.0):.2f}" for state in spent),
                )
                for row, entry, marks in zip(rows, history["rows"], struck, strict=True)
            ),
            words=2,
        ),
        [
            *((colour_of(STATES, state), label_of(STATES, state)) for state in (GROUND, *shown)),
            *([("tick", "failure that stopped the job")] if failures else []),
        ],
    )


def _struck(history: Mapping[str, Any], row_hours: float) -> list[list[tuple[float, str]]]:
    """Failures of each row: when, and of which category."""
    struck: list[list[tuple[float, str]]] = [[] for _ in history["rows"]]
    failures = history["failures"]
    for hours, category in zip(failures["hours"], failures["category"], strict=True):
        struck[min(int(hours / row_hours), len(struck) - 1)].append((hours, category))
    return struck


def _row(
    row: Mapping[str, Any],
    struck: Sequence[tuple[float, str]],
    shown: Sequence[str],
    end_hours: float,
    row_hours: float,
    cell_hours: float,
) -> HistoryRow:
    start, total = float(row["start_hours"]), sum(row["hours"].values())
    label = _moment(start, row_hours)
    share = write(row["hours"].get(GROUND, 0.0) / total if total else None, FRACTION)
    return HistoryRow(
        label,
        share,
        f"from {label}: {share} {GROUND}, failures: {len(struck)}",
        min(end_hours - start, row_hours) / cell_hours,
        tuple((colour_of(STATES, key), _percents(row["percent"][key])) for key in shown if key in row["percent"]),
        tuple(
            ((hours - start) / cell_hours, f"{_moment(hours, 1.0)}: {humanize(category)}") for hours, category in struck
        ),
    )


def _percents(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split()))


def _moment(hours: float, fine: float) -> str:
    """When, from the start of the run: a day, or with a time of day where rows are shorter."""
    days, minutes = divmod(round(hours * 60), 1440)
    clock = f"{minutes // 60}:{minutes % 60:02}"
    return f"day {days}" if fine >= 24.0 else f"day {days}, {clock}" if days else clock


def _ticks(row_hours: float, cell_hours: float) -> list[tuple[float, str]]:
    """Six to eight marks along a row, the last with its unit."""
    by, name = next(((by, name) for by, name in ((24.0, "days"), (1.0, "h"), (1 / 60, "min")) if row_hours >= 4 * by))
    count = round(row_hours / by)
    step = next(step for step in (1, 2, 4, 7, 10, 28, 52) if count / step <= 8)
    marks = range(0, count + 1, step)
    return [(at * by / cell_hours, f"{at} {name}" if at == marks[-1] else f"{at}") for at in marks]


def _causes(categories: Sequence[str]) -> str:
    """The categories that struck most often, and how often the others did."""
    counts = sorted(Counter(categories).items(), key=lambda item: (-item[1], item[0]))
    told = [f"{humanize(name)} {count}" for name, count in counts[:_MOST_CAUSES]]
    others = sum(count for _, count in counts[_MOST_CAUSES:])
    return ", ".join([*told, *([f"others {others}"] if others else [])]) or "–"
