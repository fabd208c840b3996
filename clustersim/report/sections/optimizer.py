"""The optimizer's loop: its learning rate, its trouble, and what other settings would change."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clustersim.report.charts.fan import Fan, draw_fan
from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.scale import round_step
from clustersim.report.numbers import COUNT, FRACTION, LOSS, MISSING, TOKENS, USD, Unit, signed, write
from clustersim.report.stats import OUT_OF_REACH, spread
from clustersim.report.words import humanize

INTERVAL = "90 %"
"""Column that a narrow terminal does without."""

_RATE = Unit(((0.0, 0.01, " %"),), decimals=0)
_HOURS = Unit(((1.0, 1.0, " h"), (0.0, 1 / 60, " min")), decimals=1)
_PLAIN = Unit(TOKENS.steps)
_CHANGE = replace(LOSS, decimals=3)
_DAYS = Unit(decimals=2)


def optimizer(entry: Mapping[str, Any] | None, schedule: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Everything shown of the optimizer; None without it."""
    if not entry or not schedule:
        return None
    return {
        "picture": _figure(schedule),
        "facts": [*_schedule_facts(schedule["schedule"]), *_loop_facts(entry), *_trouble_facts(entry)],
        "what_if": _what_if(entry["what_if"]),
        "caveats": [*schedule["caveats"], *entry["caveats"]],
    }


def _figure(schedule: Mapping[str, Any]) -> Figure:
    points = schedule["learning_rates"]
    divisor, symbol = TOKENS.step(float(points[-1]["tokens"]))
    tokens = tuple(float(point["tokens"]) / divisor for point in points)
    shares = tuple(100.0 * float(point["share"]) for point in points)
    top = max(100.0, *shares)
    fan = Fan(
        tokens, shares, shares, shares, f"tokens trained [{symbol}]", "learning rate [% of its peak]", 0.0,
        top + round_step(top, 5) / 2,
    )  # fmt: skip
    rows = tuple(
        (
            write(point["tokens"], TOKENS, bare=True),
            write(point["step"], _PLAIN, bare=True),
            write(point["share"], FRACTION),
            MISSING if point["learning_rate"] is None else f"{point['learning_rate']:.3g}",
        )
        for point in points
    )
    kind = schedule["schedule"]["kind"]
    return figure(
        "learning-rate",
        "Learning rate over the run",
        f"Schedule {kind}: up to its peak within {write(schedule['schedule']['warmup_tokens'], TOKENS)}, at the end at "
        f"{write(points[-1]['share'], FRACTION)} of it.",
        lambda width: draw_fan(width, fan),
        Table(("tokens", "step", "share of the peak", "learning rate"), rows),
    )


def _schedule_facts(schedule: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    peak = schedule.get("peak")
    note = "not given: curves use shares of the peak" if peak is None else "given in the scenario"
    return [
        ("schedule", humanize(schedule["kind"]), f"to {write(schedule['end_share'], FRACTION)} of the peak"),
        ("peak learning rate", MISSING if peak is None else f"{peak:.3g}", note),
        (
            "warm-up",
            f"{_count(schedule['warmup_steps'])} steps",
            write(schedule["warmup_tokens"], TOKENS),
        ),
    ]


def _loop_facts(entry: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    loop, batch, clip = entry["loop"], entry["batch"], entry["clipping"]
    return [
        (
            "updates of the weights",
            _count(loop["steps"]),
            f"{write(loop['micro_batches_per_replica'], _PLAIN)} passes on each replica,"
            f" {write(loop['micro_batches'], _PLAIN)} over all",
        ),
        (
            "tokens lost to large batches",
            spread(batch["overhead_fraction"], FRACTION),
            f"against batches far below the critical one{_ramp(batch['ramp_saves_tokens'])}",
        ),
        (
            f"steps clipped to norm {clip['threshold']:g}",
            f"{write(clip['warmup_fraction'], FRACTION)} in the warm-up",
            f"{write(clip['fraction'], replace(FRACTION, decimals=3))} after it, as in {clip['seen_in']}",
        ),
    ]


def _count(steps: float) -> str:
    """Steps of a schedule, of which short ones come in parts, as whole ones."""
    if 0.0 < steps < 1.0:
        return "<1"
    return f"{steps:.0f}" if steps < 1000.0 else write(steps, _PLAIN)


def _ramp(saves: Mapping[str, float]) -> str:
    """What a ramp of batches saves; nothing where they are all of one size."""
    return f"; the ramp saves {spread(saves, TOKENS)}" if any(saves.values()) else ""


def _trouble_facts(entry: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    spikes, divergence = entry["spikes"], entry["divergence"]
    where = "as in the simulated runs" if spikes["in_the_run"] else "a reference: the scenario names no recipe"
    return [
        (
            "loss spikes that send it back",
            spread(spikes["rewinds"], COUNT),
            f"recipe {spikes['recipe'] or 'of the scenario'}, {where}; none with a chance of"
            f" {write(spikes['chance_of_none'], FRACTION)}; {write(spikes['hours_each'], _HOURS)} each",
        ),
        (
            "chance of divergence at the start",
            spread(divergence["chance"], FRACTION),
            "a stated prior; not in the simulated wall time",
        ),
    ]


def _what_if(rows: list[Mapping[str, Any]]) -> Table:
    return Table(
        (
            "instead",
            "loss, nats",
            INTERVAL,
            "which is worth, days",
            "cost",
            "rewinds",
            "time lost, days",
            "cost",
            "divergence",
        ),
        tuple(
            (
                row["variant"],
                signed(row["loss_change_nats"], _CHANGE),
                _interval(row.get("loss_change")),
                *_worth(row),
                spread(row["rewinds"], COUNT),
                signed(row["days_over_first"], _DAYS),
                signed(row["usd_over_first"], USD),
                write(row["divergence"]["p50"], FRACTION),
            )
            for row in rows
        ),
    )


def _interval(change: Mapping[str, float] | None) -> str:
    if not change:
        return MISSING
    return f"{signed(change['p5'], _CHANGE)} to {signed(change['p95'], _CHANGE)}"


def _worth(row: Mapping[str, Any]) -> tuple[str, str]:
    """Days and dollars that make up for a difference of the loss; where no tokens do, it says so."""
    if row["loss_change_nats"] and row.get("loss_days") is None:
        return OUT_OF_REACH, OUT_OF_REACH
    return signed(row.get("loss_days"), _DAYS), signed(row.get("loss_usd"), USD)
