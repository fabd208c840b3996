"""The GPU-hours bridge: from the hours that training alone would take to all hours of the run."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.waterfall import Fall, draw_waterfall
from clustersim.report.numbers import GPU_HOURS, write


def bridge(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The waterfall; None where the summary has no bridge."""
    steps = summary.get("gpu_hours_bridge") or []
    return {"picture": _figure(steps) if steps else None}


def falls_of(steps: Sequence[Mapping[str, Any]]) -> list[tuple[str, float, float, bool]]:
    """Label, start, end and whether it is a total, of each step.

    The first step stands on zero, each further one on the sum so far. A step that equals the sum so far restates it, and is
    a total; a bridge that does not end in one gets it.
    """
    falls: list[tuple[str, float, float, bool]] = []
    total = 0.0
    for index, step in enumerate(steps):
        value = float(step["gpu_hours"])
        restates = index > 1 and math.isclose(value, total, rel_tol=1e-6)
        if index == 0 or restates:
            falls.append((str(step["label"]), 0.0, value, True))
            total = value
        else:
            falls.append((str(step["label"]), total, total + value, False))
            total += value
    if not falls[-1][3]:
        falls.append(("whole run", 0.0, total, True))
    return falls


def _figure(steps: Sequence[Mapping[str, Any]]) -> Figure:
    falls = falls_of(steps)
    size = max(end for _, _, end, _ in falls)
    unit = next((by for by in (1e6, 1e3) if size >= 10 * by / 10), 1.0)
    symbol = {1e6: "M", 1e3: "k", 1.0: ""}[unit]

    def fall(label: str, start: float, end: float, total: bool) -> Fall:
        change = end - start
        text = write(change, GPU_HOURS, bare=True)
        return Fall(label, text if total else f"+{text}" if change >= 0.0 else text, start / unit, end / unit, total)

    drawn = tuple(fall(*row) for row in falls)
    rows = tuple((label, f"{end - start:,.0f}", f"{end:,.0f}") for label, start, end, _ in falls)
    return figure(
        "bridge",
        "From training alone to the whole run, in GPU-hours",
        "; ".join(f"{row.label} {row.number}" for row in drawn) + ".",
        lambda width: draw_waterfall(width, drawn, symbol),
        Table(("step", "GPU-hours", "sum so far"), rows),
    )
