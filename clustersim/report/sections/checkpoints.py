"""Checkpoints: how many, how often, what they cost and what they save."""

from collections.abc import Iterator, Mapping
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
        "plan": [
            *((label, write_given(plan[key], unit)) for key, label, unit in _PLAN if plan.get(key) is not None),
            *_policy(plan),
        ],
        "settings": [row for row in summary.get("assumptions") or [] if str(row["path"]).startswith("checkpoint.")],
    }


def _policy(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What goes beyond writing each checkpoint to the store at an interval that never changes."""
    if plan.get("adaptive"):
        yield "interval", "follows the failures seen; the planned one is the first"
    if plan.get("every", 1) > 1:
        yield "in the store", f"one of {plan['every']}"
    if plan.get("keep"):
        yield "kept in the store", f"the newest {plan['keep']}"
    for tier in plan.get("tiers") or ():
        which = "each" if tier["every"] == 1 else f"one of {tier['every']}"
        yield f"in {tier['name']}", f"{which}, loaded in {write_given(tier['load_s'], SECONDS)}"
