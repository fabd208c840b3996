"""Calibration of intervals on what runs learned: how many held-out values lie in intervals of each nominal level."""

from statistics import NormalDist

from clustersim.study.scoreboard.published.learned import SCHEDULES, SCORES
from clustersim.study.scoreboard.published.loss import LOSS
from validation.learned import cases, deviations
from validation.panels import Axis, Panel, Series
from validation.sheet import Sheet

LEVELS = tuple(round(0.05 * step, 2) for step in range(2, 20))
GROUPS = {LOSS: "Final losses", SCHEDULES: "Losses under schedules", SCORES: "Benchmark scores"}
_MARKS = tuple((share / 100.0, f"{share} %") for share in (0, 25, 50, 75, 100))


def held(group: str, level: float) -> float:
    """Share of values inside the central interval of this level."""
    # A score of nothing may lie on the very edge of its interval.
    reach = NormalDist().inv_cdf(0.5 + 0.5 * level) * (1.0 + 1e-9)
    found = deviations(group)
    return sum(abs(deviation) <= reach for deviation in found) / len(found)


def calibration_sheet() -> Sheet:
    """A panel for each kind of forecast; the line is where observed and nominal agree."""
    panels = tuple(_panel(group, title) for group, title in GROUPS.items())
    rows = tuple((group, f"{level:.2f}", f"{held(group, level):.4f}") for group in GROUPS for level in LEVELS)
    described = " ".join(f"{panel.title}: {panel.note}." for panel in panels)
    return Sheet(
        "calibration",
        "Share of held-out values inside the interval, over the level of the interval (line: as it should be)",
        f"Observed over nominal coverage. {described}",
        panels, 3, ("group", "nominal", "observed"), rows,
    )  # fmt: skip


def _panel(group: str, title: str) -> Panel:
    count = len([case for case in cases()[group] if case.has_interval])
    return Panel(
        title=title,
        x=Axis(0.0, 1.0, _MARKS, "level of the interval"),
        y=Axis(0.0, 1.0, _MARKS, "inside"),
        series=(
            Series("blue", title, [(level, held(group, level)) for level in LEVELS], (), [(0.0, 0.0), (1.0, 1.0)]),
        ),
        note=f"{count:,} held out; {100 * held(group, 0.9):.0f} % inside 90 %",
    )
