"""The bill: money, energy, power and carbon."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from clustersim.report.charts.ranges import draw_range
from clustersim.report.numbers import ENERGY_MWH, GPU_HOURS, POWER_MW, PRICE, TONNES, USD, Unit
from clustersim.report.stats import Shown, Stat, show

_LINES: tuple[tuple[str, str, str, Unit, str], ...] = (
    ("headline", "reserved_gpu_hours", "GPU-hours reserved", GPU_HOURS, "job and spares"),
    ("bill", "gpu_price_usd_per_hour", "price of a GPU-hour", PRICE, "everything included"),
    ("bill", "cost_usd", "cost", USD, "GPU-hours reserved × price"),
    ("bill", "electricity_usd", "electricity", USD, "already in the price of a rented GPU"),
    ("bill", "energy_mwh", "energy", ENERGY_MWH, "at the site's meter, cooling included"),
    ("bill", "mean_power_mw", "mean power", POWER_MW, "over the wall time"),
    ("bill", "carbon_tonnes", "carbon", TONNES, "energy × grid intensity"),
)


@dataclass(frozen=True)
class Line:
    """One line of the bill."""

    label: str
    note: str
    shown: Shown
    picture: Markup


def bill(summary: Mapping[str, Any]) -> dict[str, Any]:
    """All lines that the summary has."""
    lines = []
    for part, key, label, unit, note in _LINES:
        stat = Stat.read((summary.get(part) or {}).get(key))
        if stat:
            lines.append((label, note, show(stat, unit), stat))
    reach = max([0.05, *(1.05 * max(s.p95 - s.p50, s.p50 - s.p5) / abs(s.p50) for *_, s in lines if s.p50)])
    return {"lines": [Line(label, note, shown, draw_range(stat, reach)) for label, note, shown, stat in lines]}
