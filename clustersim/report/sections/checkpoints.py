"""Checkpoints: how many, how often, what they cost and what they save."""

from collections.abc import Mapping
from typing import Any

from clustersim.report.numbers import BYTES, COUNT, HOURS, SECONDS, Unit, write, write_given
from clustersim.report.stats import Stat, show_entry

_INTERVAL = Unit(((1.0, 1.0, " h"), (0.0, 1 / 60, " min")), decimals=1)


_PLAN = (
    ("size_bytes", "size", BYTES),
    ("interval_s", "planned interval", SECONDS),
    ("stall_s", "training waits for", SECONDS),
    ("write_s", "written after", SECONDS),
)


def checkpoints(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Count, mean interval, hours standing still, hours redone, and the settings behind them."""
    hours = summary["hours_by_state"]
    count, productive = Stat.read(summary["headline"].get("checkpoints")), Stat.read(hours.get("productive"))
    every = productive.mean / count.mean if productive and count and count.mean else None
    plan = summary.get("checkpointing") or {}
    return {
        "count": show_entry(summary["headline"].get("checkpoints"), COUNT),
        "every": write(every, _INTERVAL, spread=every or 0.0),
        "stall": show_entry(hours.get("checkpoint"), HOURS),
        "redone": show_entry(hours.get("recompute"), HOURS),
        "plan": [(label, write_given(plan[key], unit)) for key, label, unit in _PLAN if plan.get(key) is not None],
        "settings": [row for row in summary.get("assumptions") or [] if str(row["path"]).startswith("checkpoint.")],
    }
