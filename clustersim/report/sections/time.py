"""Where every hour went: the states of the job, day by day, and the tokens trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clustersim.report.answer import finish_dates
from clustersim.report.charts.days import draw_days
from clustersim.report.charts.fan import Fan, draw_fan
from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.shares import draw_shares
from clustersim.report.charts.stacked import Segment
from clustersim.report.numbers import FRACTION, HOURS, TOKENS, write
from clustersim.report.sections.history import history_figure
from clustersim.report.stats import Shown, Stat, show, show_entry
from clustersim.report.words import STATES, colour_of, in_order, label_of

# more columns than this would be thinner than two pixels on a phone
MOST_COLUMNS = 120
# the badput table lists parts of the wall time, so the share needs a fixed base
_QUANTILES = ("mean", "P5", "P10", "P50", "P90", "P95")


@dataclass(frozen=True)
class StateRow:
    """One state of the job."""

    colour: str
    label: str
    meaning: str
    hours: Shown
    share: str


def time(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Hours by state, of those that there were, badput, days and progress."""
    read = {key: stat for key, entry in summary["hours_by_state"].items() if (stat := Stat.read(entry))}
    stats = {key: stat for key, stat in read.items() if stat.mean or key == "productive"}
    total = sum(stat.mean for stat in stats.values())
    keys = in_order(STATES, list(stats))
    return {
        "states": [_state_row(key, stats[key], total) for key in keys],
        "total": write(total, HOURS),
        "lost": write(total - stats[keys[0]].mean, HOURS) if keys else "",
        "hours": _hours_figure(keys, stats, total) if total > 0.0 else None,
        "badput": [
            (name, show_entry(entry, FRACTION)) for name, entry in (summary.get("badput_fraction") or {}).items()
        ],
        "history": history_figure(summary.get("sample_timeline") or {}),
        "days": _days_figure(summary.get("sample_timeline") or {}),
        "progress": _progress_figure(summary),
    }


def _state_row(key: str, stat: Stat, total: float) -> StateRow:
    share = write(stat.mean / total if total else None, FRACTION)
    meaning = STATES[key].meaning if key in STATES else ""
    return StateRow(colour_of(STATES, key), label_of(STATES, key), meaning, show(stat, HOURS), share)


def _hours_figure(keys: list[str], stats: Mapping[str, Stat], total: float) -> Figure:
    def segment(key: str) -> Segment:
        hours, share = write(stats[key].mean, HOURS), write(stats[key].mean / total, FRACTION)
        label = label_of(STATES, key)
        inside = f"{label} {share}" if key == keys[0] else f"{label}|{hours} · {share}"
        return Segment(stats[key].mean, colour_of(STATES, key), f"{label}: {hours}, {share}", inside)

    segments = tuple(segment(key) for key in keys)
    lost = total - stats[keys[0]].mean
    heading = f"the other {write(lost, HOURS)}, enlarged"
    rows = tuple((label_of(STATES, key), *_quantiles(stats[key])) for key in keys)
    return figure(
        "hours",
        "Hours of the job by state",
        f"Of {write(total, HOURS)} of wall time on average, " + "; ".join(part.title for part in segments) + ".",
        lambda width: draw_shares(width, segments[0], segments[1:], heading),
        Table(("state", *(f"{name} [h]" for name in _QUANTILES)), rows),
    )


def _quantiles(stat: Stat) -> tuple[str, ...]:
    return tuple(f"{value:,.2f}" for value in (stat.mean, stat.p5, stat.p10, stat.p50, stat.p90, stat.p95))


def _days_figure(timeline: Mapping[str, Any]) -> Figure | None:
    bins = [entry["hours"] for entry in timeline.get("bins") or []]
    present = {key for entry in bins for key, hours in entry.items() if key in STATES and hours}
    lost = [key for key in STATES if key in present and key != "productive"]
    if not bins or not lost:
        return None
    size = -(-len(bins) // MOST_COLUMNS)
    groups = [bins[at : at + size] for at in range(0, len(bins), size)]

    def column(index: int, group: list[Mapping[str, float]]) -> tuple[float, float, tuple[Segment, ...]]:
        means = [
            Segment(sum(entry.get(key, 0.0) for entry in group) / len(group), STATES[key].colour, "") for key in lost
        ]
        return float(index * size), float(index * size + len(group)), tuple(means)

    columns = tuple(column(index, group) for index, group in enumerate(groups))
    shown = ["productive", *lost]
    rows = tuple((str(day), *(f"{entry.get(key, 0.0):.2f}" for key in shown)) for day, entry in enumerate(bins))
    each = "day" if size == 1 else f"{size} days, as the mean of a day"
    return figure(
        "days",
        "Hours lost day by day, in the run of median length",
        f"Stacked columns, one for each {each}: hours lost to {', '.join(label_of(STATES, key) for key in lost)}. "
        f"Replication {timeline.get('replication', '')} of the study; the rest of each day is productive.",
        lambda width: draw_days(width, columns),
        Table(("day", *(f"{label_of(STATES, key)} [h]" for key in shown)), rows),
        [(STATES[key].colour, label_of(STATES, key)) for key in lost],
    )


def _finishes(summary: Mapping[str, Any], goal: float, last_day: float) -> tuple[tuple[float, float, str], ...]:
    """Where the goal is reached at P10, P50 and P90; only the middle one is labelled, the others stand too close."""
    wall, dates = Stat.read(summary["headline"].get("wall_time_days")), finish_dates(summary["headline"])
    if wall is None or not summary["finished_replications"]:
        return ()
    ends = ((wall.p10, ""), (wall.p50, f"P50: {dates['p50']}"), (wall.p90, ""))
    return tuple((day, goal, label) for day, label in ends if day <= last_day)


def _progress_figure(summary: Mapping[str, Any]) -> Figure | None:
    cumulative = summary.get("cumulative") or {}
    days = tuple(float(day) for day in cumulative.get("days") or ())
    if len(days) < 2:
        return None
    curves = {name: tuple(float(v) for v in cumulative[f"tokens_{name}"]) for name in ("p10", "p50", "p90")}
    goal = sum(float(phase["tokens"]) for phase in summary.get("phases") or ()) or max(curves["p90"])
    unit = next((size for size in (1e12, 1e9, 1e6, 1e3) if goal >= size), 1.0)
    symbol = {1e12: "trillion ", 1e9: "billion ", 1e6: "million ", 1e3: "thousand ", 1.0: ""}[unit]
    scaled = {name: tuple(value / unit for value in values) for name, values in curves.items()}
    fan = Fan(
        days, scaled["p10"], scaled["p50"], scaled["p90"], "days since the start", f"{symbol}tokens trained",
        0.0, goal / unit * 1.16, goal=(goal / unit, f"plan: {write(goal, TOKENS)}"),
        marks=_finishes(summary, goal / unit, days[-1]),
    )  # fmt: skip
    rows = tuple(
        (f"{day:g}", *(f"{curves[name][index] / unit:.4f}" for name in ("p10", "p50", "p90")))
        for index, day in enumerate(days)
    )
    return figure(
        "progress",
        "Tokens trained over time",
        f"The median of the replications as a line, P10 to P90 as a band, from 0 to {write(goal, TOKENS)}.",
        lambda width: draw_fan(width, fan),
        Table(("day", *(f"{name} [{symbol}tokens]" for name in ("P10", "P50", "P90"))), rows),
        [("blue", "median"), ("band", "P10 to P90")],
    )
