"""Capability: scores at the end of the run, and when in it each benchmark is halfway up."""

from collections.abc import Mapping, Sequence
from typing import Any

from clustersim.report.charts.crossings import CrossingRow, draw_crossings
from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.dates import write_date
from clustersim.report.numbers import FRACTION, MISSING, TOKENS, Unit, write
from clustersim.report.stats import spread

_DECADES = Unit(decimals=1)
_EARLIEST_TOKENS = 1e9
"""Crossings are told from here on: "by then or before"."""


def capability(entry: Mapping[str, Any] | None, tokens: float | None) -> dict[str, Any] | None:
    """Everything shown of capability; None without it."""
    if not entry or not tokens:
        return None
    return {
        "picture": _figure(_in_order(entry["benchmarks"]), tokens),
        "through_loss": _through_loss(entry["through_loss"]),
        "sentences": [entry["sharpness"]["sentence"], entry["instruction_following"]["sentence"]],
        "unforeseen": [f"{b['title']}: {line}" for b in entry["benchmarks"] for line in b["caveats"][-1:]],
        "caveats": entry["caveats"],
        "sources": entry["sources"],
    }


def _in_order(benchmarks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that are crossed first come first; what is never crossed comes last."""
    return sorted(benchmarks, key=lambda b: b["threshold"]["tokens"]["p50"] or float("inf"))


def _figure(benchmarks: Sequence[Mapping[str, Any]], tokens: float) -> Figure:
    rows = [
        CrossingRow(
            benchmark["title"],
            benchmark["threshold"]["tokens"]["p5"] or tokens,
            benchmark["threshold"]["tokens"]["p50"],
            benchmark["threshold"]["tokens"]["p95"] or tokens,
            spread(benchmark["at_end"], FRACTION),
            f"{benchmark['threshold']['name']}: {_date(benchmark, 'p50')}",
        )
        for benchmark in benchmarks
    ]
    crossed = sum(row.middle is not None for row in rows)
    return figure(
        "capability",
        "When in the run each benchmark is halfway up",
        f"Of {len(rows)} benchmarks {crossed} are more likely than not halfway between chance and their ceiling by the "
        "end of the run.",
        lambda width: draw_crossings(
            width, rows, _EARLIEST_TOKENS, max(tokens, 2.0 * _EARLIEST_TOKENS), "tokens trained, at the right their end"
        ),
        Table(
            ("benchmark", "halfway", "by (P50)", "by (P5 to P95)", "never", "decades", "at the end"),
            tuple(_row(benchmark) for benchmark in benchmarks),
        ),
        [("dot", "median"), ("band", "5 to 95 %; at the right the score at the end, P50 (P5 to P95)")],
    )


def _row(benchmark: Mapping[str, Any]) -> tuple[str, ...]:
    threshold = benchmark["threshold"]
    width = benchmark["width_decades"]
    return (
        benchmark["title"],
        write(threshold["score"], FRACTION),
        _crossed(benchmark),
        " to ".join(dict.fromkeys((_date(benchmark, "p5"), _date(benchmark, "p95")))),
        write(threshold["not_crossed"], FRACTION),
        MISSING if width is None else write(width, _DECADES),
        spread(benchmark["at_end"], FRACTION),
    )


def _crossed(benchmark: Mapping[str, Any]) -> str:
    """Tokens and date of the median crossing."""
    tokens, date = benchmark["threshold"]["tokens"]["p50"], _date(benchmark, "p50")
    return date if tokens is None else f"{write(tokens, TOKENS, bare=True)}, {date}"


def _date(benchmark: Mapping[str, Any], quantile: str) -> str:
    date = (benchmark.get("dates") or {}).get(quantile)
    return write_date(date) if date else "not in the run"


def _through_loss(rows: Sequence[Mapping[str, Any]]) -> Table | None:
    if not rows:
        return None
    return Table(
        ("benchmark", "at the end"),
        tuple((row["title"], spread(row["at_end"], FRACTION)) for row in rows),
    )
