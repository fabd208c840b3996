"""What broke: interruptions by category, what each cost, and the windows compared with what was published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.intervals import Interval, draw_intervals
from clustersim.report.charts.stacked import Segment, draw_strip
from clustersim.report.numbers import COUNT, FRACTION, HOURS, Unit, write
from clustersim.report.stats import Shown, Stat, show, show_entry
from clustersim.report.words import RESTART_PARTS, colour_of, humanize, in_order, label_of

_MINUTES = Unit(((120.0, 60.0, " h"), (0.0, 1.0, " min")), decimals=1)
_RANGE_LEGEND = ("range", "5 to 95 % of the replications")


@dataclass(frozen=True)
class Window:
    """A stretch of the run reported by itself."""

    name: str
    stretch: str
    rows: list[tuple[str, Shown]]
    covered: str
    picture: Figure | None


def failures(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Counts by category, hours lost by cause, parts of the restarts, windows."""
    headline = summary["headline"]
    recover = headline.get("mean_time_to_recover_minutes")
    return {
        "counts": [
            (label, show_entry(headline.get(key), COUNT))
            for label, key in (
                ("all interruptions", "interruptions"),
                ("unexpected", "unexpected_interruptions"),
                ("planned", "planned_interruptions"),
                ("preempted", "preemptions"),
            )
            if key in headline or key != "preemptions"
        ],
        "mttr": show(Stat.read(recover), _MINUTES) if recover else None,
        "mtti": show_entry(headline.get("mean_time_to_interruption_hours"), HOURS),
        "categories": _counts_figure(
            "categories",
            "Interruptions by category, whole run",
            "expected from the rates",
            [
                (row["category"], row["count"], row.get("expected"))
                for row in summary.get("interruptions_by_category") or []
            ],
            {
                row["category"]: (row.get("component", ""), row.get("effect", ""))
                for row in summary.get("interruptions_by_category") or []
            },
        ),
        "causes": _causes_figure(summary.get("hours_lost_by_cause") or {}),
        "restart": _restart_figure(summary.get("restart_parts_hours") or {}),
        "windows": [
            _window(index, window, int(summary["replications"]))
            for index, window in enumerate(summary.get("windows") or [])
        ],
    }


def _counts_figure(
    name: str,
    title: str,
    reference: str,
    entries: Sequence[tuple[str, Mapping[str, Any], float | None]],
    kinds: Mapping[str, tuple[str, str]] | None = None,
) -> Figure | None:
    read = [(category, stat, ref) for category, entry, ref in entries if (stat := Stat.read(entry))]
    if not read:
        return None
    read.sort(key=lambda row: (-row[1].mean, row[0]))
    intervals = tuple(_interval(category, stat, ref) for category, stat, ref in read)
    kinds = kinds or {}
    extra = ("component", "effect") if kinds else ()
    rows = tuple(
        (
            humanize(category), *(humanize(word) for word in kinds.get(category, ())), f"{stat.mean:.1f}",
            f"{stat.p5:.0f}", f"{stat.p50:.0f}", f"{stat.p95:.0f}", "–" if ref is None else f"{ref:.1f}",
        )
        for category, stat, ref in read
    )  # fmt: skip
    described = "; ".join(f"{row.label} {row.number}" for row in intervals)
    return figure(
        name, title, f"Mean over the replications with the 5 to 95 % interval. {described}.",
        lambda width: draw_intervals(width, intervals, ""),
        Table(("category", *extra, "mean", "P5", "P50", "P95", reference), rows, words=1 + len(extra)),
        [("dot", "simulated mean"), _RANGE_LEGEND, ("reference", reference)],
    )  # fmt: skip


def _interval(category: str, stat: Stat, reference: float | None) -> Interval:
    mean = write(stat.mean, COUNT, spread=stat.p90 - stat.p10)
    ends = f"{stat.p5:.0f}–{stat.p95:.0f}"
    versus = "" if reference is None else f" vs {write(reference, COUNT, spread=stat.p90 - stat.p10)}"
    return Interval(humanize(category), f"{mean} ({ends}){versus}", stat.p5, stat.mean, stat.p95, reference)


def _causes_figure(causes: Mapping[str, Mapping[str, Any]]) -> Figure | None:
    read = [(cause, stat) for cause, entry in causes.items() if (stat := Stat.read(entry)) and stat.p95 > 0.0]
    if not read:
        return None
    read.sort(key=lambda row: (-row[1].mean, row[0]))

    def interval(cause: str, stat: Stat) -> Interval:
        shown = show(stat, HOURS)
        return Interval(humanize(cause), f"{shown.full_mean} ({shown.p5}–{shown.p95})", stat.p5, stat.mean, stat.p95)

    intervals = tuple(interval(cause, stat) for cause, stat in read)
    rows = tuple((humanize(cause), *(f"{v:.2f}" for v in (s.mean, s.p5, s.p50, s.p95))) for cause, s in read)
    return figure(
        "causes", "Hours lost by cause",
        "Wall time lost to each cause, mean with the 5 to 95 % interval. "
        + "; ".join(f"{row.label} {row.number}" for row in intervals) + ".",
        lambda width: draw_intervals(width, intervals, " h"),
        Table(("cause", "mean [h]", "P5 [h]", "P50 [h]", "P95 [h]"), rows),
        [("dot", "mean"), _RANGE_LEGEND],
    )  # fmt: skip


def _restart_figure(parts: Mapping[str, Mapping[str, Any]]) -> Figure | None:
    stats = {key: stat for key, entry in parts.items() if (stat := Stat.read(entry))}
    total = sum(stat.mean for stat in stats.values())
    if total <= 0.0:
        return None
    keys = in_order(RESTART_PARTS, list(stats))
    shown = {key: f"{label_of(RESTART_PARTS, key)} {write(stats[key].mean, HOURS)}" for key in keys}
    segments = tuple(Segment(stats[key].mean, colour_of(RESTART_PARTS, key), shown[key]) for key in keys)
    rows = tuple(
        (
            label_of(RESTART_PARTS, key),
            *(f"{v:.2f}" for v in (stats[key].mean, stats[key].p5, stats[key].p50, stats[key].p95)),
        )
        for key in keys
    )
    return figure(
        "restart", f"What restarts are made of: {write(total, HOURS)} over the run",
        "Mean hours: " + ", ".join(shown[key] for key in keys) + ".",
        lambda width: draw_strip(width, segments),
        Table(("part", "mean [h]", "P5 [h]", "P50 [h]", "P95 [h]"), rows),
        [(colour_of(RESTART_PARTS, key), shown[key]) for key in keys],
    )  # fmt: skip


def _window(index: int, window: Mapping[str, Any], replications: int) -> Window:
    start, length = float(window["start_days"]), float(window["length_days"])
    covered = int(window.get("covered_replications", replications))
    entries = [(row["category"], row["count"], row.get("published")) for row in window.get("by_category") or []]
    return Window(
        window["name"],
        f"day {start:g} to {start + length:g}",
        [
            ("unexpected interruptions", show_entry(window.get("unexpected_interruptions"), COUNT)),
            ("planned interruptions", show_entry(window.get("planned_interruptions"), COUNT)),
            ("effective training time", show_entry(window.get("effective_training_time_fraction"), FRACTION)),
        ],
        "" if covered >= replications else f"{covered} of {replications} replications last beyond this window",
        _counts_figure(f"window-{index}", f"Interruptions by category, {window['name']}", "published", entries),
    )
