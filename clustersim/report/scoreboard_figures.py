"""Figures of the scoreboard: errors of every case over its time, their spread by group, distances from theory."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from clustersim.report.charts.axes import Plane
from clustersim.report.charts.figure import Figure, Table, figure, is_narrow
from clustersim.report.charts.intervals import Interval, draw_intervals
from clustersim.report.charts.svg import join, number, rect, tag
from clustersim.report.numbers import MISSING
from clustersim.report.scoreboard_words import figure_text, share_text

COLOURS = ("blue", "amber", "green", "red", "purple", "sky", "grey")

MOST_PERCENT = 40.0
"""Errors beyond it are drawn at the edge."""

WITHIN_PERCENT = 10.0
"""Half of the shaded band."""

HEIGHT_PX, NARROW_HEIGHT_PX = 340.0, 280.0

FOUR = 4.0

Group = Mapping[str, Any]


def error_figure(name: str, title: str, groups: Sequence[Group]) -> Figure | None:
    """Error of every case over its expected time, a colour for each group; None without any.

    Parameters
    ----------
    name, title : str
        See :func:`~clustersim.report.charts.figure.figure`.
    groups : sequence of mapping
        Groups of the tree whose cases are times.
    """
    points = {str(group["name"]): _points(group) for group in groups}
    points = {label: found for label, found in points.items() if found}
    if not points:
        return None
    colours = dict(zip(points, COLOURS, strict=False))
    beyond = sum(abs(error) > MOST_PERCENT for found in points.values() for _, error, _ in found)
    counted = "; ".join(f"{label}: {len(found)}" for label, found in points.items())
    edge = f" {beyond} beyond {MOST_PERCENT:.0f} % stand at the edge." if beyond else ""
    return figure(
        name,
        title,
        f"Error of the prediction over the measured time, positive when it is too slow; shaded: within "
        f"{WITHIN_PERCENT:.0f} %.{edge} Cases: {counted}.",
        lambda width: _draw_errors(width, points, colours),
        Table(
            ("case", "group", "measured, s", "error"),
            tuple(
                (case["name"], label, figure_text(case["expected"]), share_text(case["error"], signed=True))
                for label, found in points.items()
                for _, _, case in found
            ),
            words=2,
        ),
        [(colour, label) for label, colour in colours.items()],
    )


Point = tuple[float, float, Mapping[str, Any]]
"""Expected time [s], error [%], and the case."""


def _points(group: Group) -> list[Point]:
    cases = (case for case in group["every_case"] if case["error"] is not None and (case["expected"] or 0.0) > 0.0)
    return [(case["expected"], 100.0 * case["error"], case) for case in cases]


def _draw_errors(
    width: float, points: Mapping[str, Sequence[Point]], colours: Mapping[str, str]
) -> tuple[float, Markup]:
    height = NARROW_HEIGHT_PX if is_narrow(width) else HEIGHT_PX
    times = [at for found in points.values() for at, _, _ in found]
    pad = (max(times) / min(times)) ** 0.03 * 1.05
    plane = Plane(
        width, height, min(times) / pad, max(times) * pad, -MOST_PERCENT, MOST_PERCENT, right=12.0, log_x=True
    )
    left, right = plane.x(plane.x_low), plane.x(plane.x_high)
    top, bottom = plane.y(WITHIN_PERCENT), plane.y(-WITHIN_PERCENT)
    dots = [_dots(plane, found, colours[label]) for label, found in points.items()]
    shade = rect(left, top, right - left, bottom - top, "cone")
    return height, join(shade, plane.axes("measured time, s", "error, %"), *dots)


def _dots(plane: Plane, points: Sequence[Point], colour: str) -> Markup:
    """Points as strokes without length and round ends: one element for hundreds of them."""
    steps = "".join(
        f"M{number(plane.x(at))} {number(plane.y(max(-MOST_PERCENT, min(MOST_PERCENT, error))))}h0"
        for at, error, _ in points
    )
    return tag("path", d=steps, class_=f"dots stroke-{colour}")


def spread_figure(name: str, groups: Sequence[Group], bands: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Size of the errors by group: the middle eight tenths, the median, and its band where there is one.

    Parameters
    ----------
    name : str
        See :func:`~clustersim.report.charts.figure.figure`.
    groups, bands : sequence of mapping
        Groups of a ring, and its bands; None comes back where no case has an error.
    """
    rows, limits = [], _median_limits(bands)
    for group in groups:
        sizes = sorted(100.0 * abs(case["error"]) for case in group["every_case"] if case["error"] is not None)
        if sizes:
            rows.append(_spread(group, sizes, limits.get(group["name"])))
    if not rows:
        return None
    return figure(
        name,
        "Size of the errors by group",
        "Bar: 10 to 90 % of the cases of a group; dot: their median; diamond: the band that the median has to keep.",
        lambda width: draw_intervals(width, tuple(rows), " %"),
        Table(
            ("group", "10 %", "median", "90 %", "band of the median"),
            tuple(
                (row.label, *(f"{value:.1f} %" for value in (row.low, row.middle, row.high)), _limit(row.reference))
                for row in rows
            ),
        ),
        [("range", "10 to 90 % of the cases"), ("dot", "median"), ("reference", "band of the median")],
    )


def _spread(group: Group, sizes: Sequence[float], limit: float | None) -> Interval:
    low, high = (sizes[math.ceil(share * len(sizes)) - 1] for share in (0.1, 0.9))
    middle = 100.0 * group["median_error"]
    return Interval(str(group["name"]), f"{middle:.1f} % ({len(sizes):,})", low, middle, high, limit)


def _median_limits(bands: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    return {band["case"]: 100.0 * band["limit"] for band in bands if band["statistic"] == "median error"}


def _limit(value: float | None) -> str:
    return MISSING if value is None else f"{value:.1f} %"


def distance_figure(groups: Sequence[Group]) -> Figure | None:
    """How many standard errors each simulated number is from theory; None where nothing was simulated."""
    rows = tuple(
        _distance(case)
        for group in groups
        for case in group["every_case"]
        if case["standard_error"] and case["relation"] == "equal"
    )
    if not rows:
        return None
    return figure(
        "distance-from-theory",
        "Simulation against theory, in standard errors",
        "Distance of each simulated number from its closed form, in standard errors of the simulation. The diamond "
        "marks four, the tolerance; a correct simulation is beyond two once in twenty.",
        lambda width: draw_intervals(width, rows, ""),
        Table(
            ("case", "standard errors from theory"),
            tuple((row.label, f"{row.middle:.2f}") for row in rows),
        ),
        [("dot", "distance from theory"), ("reference", "tolerance")],
    )


def _distance(case: Mapping[str, Any]) -> Interval:
    away = abs(case["found"] - case["expected"]) / case["standard_error"]
    return Interval(case["name"], f"{away:.1f}", 0.0, away, away, FOUR)
