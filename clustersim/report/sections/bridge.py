"""The GPU-hours bridge: from the hours that training alone would take to all hours of the run."""

from collections.abc import Mapping, Sequence
from typing import Any

from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.waterfall import Fall, draw_waterfall
from clustersim.report.numbers import GPU_HOURS, write
from clustersim.report.sections.losses import losses


def bridge(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What was lost, and the waterfall up to what was reported; None where the summary has no bridge."""
    steps = summary.get("gpu_hours_bridge") or []
    return {"picture": _figure(steps) if steps else None, "lead": explanation(steps), "losses": losses(summary)}


def explanation(rows: Sequence[Mapping[str, Any]]) -> str:
    """The bridge in words: what each part adds, and how the total stands to what was reported."""
    parts = [row for row in rows if row["kind"] == "part"]
    total = next((row["gpu_hours"] for row in rows if row["kind"] == "total"), None)
    reported = next((row["gpu_hours"] for row in rows if row["kind"] == "reported"), None)
    if not parts or total is None:
        return ""
    first, *others = parts
    changes = ", ".join(
        f"{row['label']} {'add' if row['gpu_hours'] > 0.0 else 'save'} {_size(row['gpu_hours'])}"
        for row in others
        if row["gpu_hours"]
    )
    text = f"{first['label'][:1].upper()}{first['label'][1:]}: {write(first['gpu_hours'], GPU_HOURS)}"
    text += f"; {changes}. " if changes else ". "
    text += f"The mean forecast is {_size(total)}"
    if reported is None:
        return f"{text}."
    gap = total - reported
    side = "above" if gap > 0.0 else "below"
    return f"{text}, {_size(gap)} {side} the {_size(reported)} reported."


def _size(gpu_hours: float) -> str:
    return write(abs(gpu_hours), GPU_HOURS, bare=True)


def falls_of(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, float, float, bool]]:
    """Label, start, end and whether it stands on zero, of each row.

    Parts and differences stand on the sum so far; a total or a reported figure restates it and stands on zero.
    """
    falls: list[tuple[str, float, float, bool]] = []
    total = 0.0
    for row in rows:
        value, stands = float(row["gpu_hours"]), row["kind"] in {"total", "reported"}
        falls.append(
            (str(row["label"]), 0.0, value, True) if stands else (str(row["label"]), total, total + value, False)
        )
        total = value if stands else total + value
    return falls


def _figure(steps: Sequence[Mapping[str, Any]]) -> Figure:
    falls = falls_of(steps)
    size = max(max(start, end) for _, start, end, _ in falls)
    unit = next((by for by in (1e6, 1e3) if size >= by), 1.0)
    symbol = {1e6: "M", 1e3: "k", 1.0: ""}[unit]

    def fall(label: str, start: float, end: float, total: bool) -> Fall:
        change = end - start
        text = write(change, GPU_HOURS, bare=True)
        return Fall(
            label,
            text if total or not start else f"+{text}" if change >= 0.0 else text,
            start / unit,
            end / unit,
            total,
        )

    drawn = tuple(fall(*row) for row in falls)
    rows = tuple((label, f"{end - start:,.0f}", f"{end:,.0f}") for label, start, end, _ in falls)
    return figure(
        "bridge",
        "From training alone to the whole run, in GPU-hours",
        "; ".join(f"{row.label} {row.number}" for row in drawn) + ".",
        lambda width: draw_waterfall(width, drawn, symbol),
        Table(("step", "GPU-hours", "sum so far"), rows),
    )
