"""Predicted over published step time of every row, by class."""

from collections.abc import Sequence

from clustersim.calibration.errors_by import CLASSES, Scored, errors_of, scoreboard_class
from validation.panels import Axis, Panel, Series, power_axis
from validation.predicted import cell, clusters, held_out, single_node
from validation.sheet import Sheet

_LOW, _HIGH = 0.3, 2.0
_MARKS = ((0.5, "\N{MINUS SIGN}50 %"), (0.75, "\N{MINUS SIGN}25 %"), (1.0, "0"), (4 / 3, "+33 %"), (2.0, "+100 %"))
_BAND = (1 / 1.1, 1.1)
_TIMES = ((0.1, "0.1 s"), (1.0, "1 s"), (10.0, "10 s"), (100.0, "100 s"))
_SHORTEST_S, _LONGEST_S = 0.05, 1000.0
_HEADER = ("class", "id", "split", "model", "gpu", "published_step_time_s", "predicted_step_time_s")


def errors_sheet() -> Sheet:
    """A panel for each class of the scoreboard."""
    items = (*clusters(), *single_node())
    panels, rows = [], []
    for name in CLASSES:
        members = [item for item in items if scoreboard_class(item) == name]
        if members:
            panels.append(_panel(name, members))
            rows += [_row(name, item) for item in members if _is_drawn(name, item)]
    described = " ".join(f"{panel.title}: {panel.note}." for panel in panels)
    return Sheet(
        "step-times",
        "Predicted against published step time: error over step time, by class (shaded: within 10 %)",
        f"Error of each published row over its step time. {described}",
        tuple(panels), 3, _HEADER, tuple(rows), has_lines=False,
    )  # fmt: skip


def _panel(name: str, members: Sequence[Scored]) -> Panel:
    tested = [item for item in members if held_out(item)]
    fitted = [item for item in members if not held_out(item) and _is_drawn(name, item)]
    found = errors_of(name, [item[2] for item in tested])
    return Panel(
        title=f"{name[0].upper()}{name[1:]}",
        x=power_axis(_SHORTEST_S, _LONGEST_S, _TIMES, "published step time"),
        y=Axis(_LOW, _HIGH, _MARKS, "error", log=True),
        series=(Series("blue", name, _points(tested), _points(fitted)),),
        note=f"{found.rows:,} held out: median {100 * found.median:.1f} %, p90 {100 * found.p90:.1f} %",
        band=_BAND,
    )


def _is_drawn(name: str, item: Scored) -> bool:
    """Whether a row has its point: more than a thousand on one node would hide each other, so only half of them do."""
    return held_out(item) or name != "single node"


def _points(items: Sequence[Scored]) -> list[tuple[float, float]]:
    return [(predicted.row.step_time_s, 1.0 + error) for _, predicted, error in items]


def _row(name: str, item: Scored) -> tuple[str, ...]:
    _, predicted, _ = item
    times = (f"{seconds:.5g}" for seconds in (predicted.row.step_time_s, predicted.step.mean_s))
    return name, cell(item, "id"), predicted.row.split, predicted.row.model_name, predicted.row.gpu, *times
