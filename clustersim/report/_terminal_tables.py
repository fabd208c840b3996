"""The tables of the forecast on a terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clustersim.report._blocks import bare_table
from clustersim.report._plain import Plain
from clustersim.report.answer import LATE_P90, finish_dates
from clustersim.report.numbers import (
    COUNT,
    DAYS,
    ENERGY_MWH,
    FRACTION,
    GPU_HOURS,
    HOURS,
    LOSS,
    TONNES,
    USD,
    Unit,
    write,
)  # fmt: skip
from clustersim.report.stats import Stat, show
from clustersim.report.words import STATES, VERDICTS, humanize, in_order, label_of

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

MOST_CATEGORIES = 10
MOST_BAR = 28
_STYLES = {"good": "green", "bad": "red", "open": "dim"}

_ROWS: tuple[tuple[str, str, Unit], ...] = (
    ("wall time", "wall_time_days", DAYS),
    ("GPU-hours", "gpu_hours", GPU_HOURS),
    ("GPU-hours with spares", "reserved_gpu_hours", GPU_HOURS),
    ("effective training time", "effective_training_time_fraction", FRACTION),
    ("ETTR", "ettr_fraction", FRACTION),
    ("goodput", "goodput_fraction", FRACTION),
    ("MFU over the wall time", "mfu_fraction", FRACTION),
    ("interruptions", "interruptions", COUNT),
    ("unexpected interruptions", "unexpected_interruptions", COUNT),
    ("checkpoints", "checkpoints", COUNT),
    ("cost", "cost_usd", USD),
    ("energy", "energy_mwh", ENERGY_MWH),
    ("carbon", "carbon_tonnes", TONNES),
    ("final loss, nats per token", "final_loss_nats_per_token", LOSS),
)
_SAME = ("effective_training_time_fraction", "ettr_fraction", "goodput_fraction")


def headline_table(summary: Mapping[str, Any], plain: Plain) -> "Table":
    """Key figures at P10, P50 and P90."""
    headline = summary["headline"]
    table = _table(plain, ("", "P10", "P50", "P90"))
    late = 1.0 - int(summary["finished_replications"]) / int(summary["replications"])
    if late < LATE_P90:
        table.add_row(*_finish_cells(finish_dates(headline), plain))
    same = all(headline.get(key) == headline.get(_SAME[0]) for key in _SAME)
    for label, key, unit in _ROWS:
        stat = Stat.read(headline.get(key))
        if stat is None or (same and key in _SAME[1:]):
            continue
        name = "effective time, ETTR, goodput" if same and key == _SAME[0] else label
        shown = show(stat, unit)
        word = shown.unit.strip()
        named = name if word in {"", "GPU-hours"} else f"{name}, {word}"
        table.add_row(*_quantile_cells(named, (shown.p10, shown.p50, shown.p90), plain))
    return table


def _finish_cells(dates: Mapping[str, str], plain: Plain) -> list["Text"]:
    """The dates; the year stands in the label where it is the same for all."""
    year = dates["p50"][-5:]
    if dates["p10"].endswith(year) or not year.strip().isdigit():
        return _quantile_cells("finish", (dates["p10"], dates["p50"], dates["p90"]), plain)
    return _quantile_cells(f"finish in{year}", (dates["p10"], dates["p50"].removesuffix(year), dates["p90"]), plain)


def _quantile_cells(label: str, quantiles: tuple[str, str, str], plain: Plain) -> list["Text"]:
    p10, p50, p90 = quantiles
    return [plain.text(label), plain.text(p10), plain.text(p50, "bold"), plain.text(p90)]


def states_table(summary: Mapping[str, Any], plain: Plain, width: int) -> "Table":
    """Hours by state, of those that there were; the bars compare what is not productive."""
    read = {key: stat for key, entry in summary["hours_by_state"].items() if (stat := Stat.read(entry))}
    stats = {key: stat for key, stat in read.items() if stat.mean or key == "productive"}
    total = sum(stat.mean for stat in stats.values()) or 1.0
    largest = max((stat.mean for key, stat in stats.items() if key != "productive"), default=0.0) or 1.0
    table = _table(plain, ("Where every hour goes", "mean", "share"))
    bar_width = max(8, min(MOST_BAR, width - 46))
    table.add_column("", no_wrap=True)
    for key in in_order(STATES, list(stats)):
        mean = stats[key].mean
        bar = "" if key == "productive" else plain.bar(mean / largest, bar_width)
        cells = (label_of(STATES, key), show(stats[key], HOURS).full_mean, write(mean / total, FRACTION))
        table.add_row(*(plain.text(cell) for cell in cells), plain.text(bar, "yellow"))
    return table


def categories_table(summary: Mapping[str, Any], plain: Plain) -> "Table | None":
    """Interruptions by category against what the rates make expect; the rarest together."""
    rows = [(row, stat) for row in summary.get("interruptions_by_category") or [] if (stat := Stat.read(row["count"]))]
    if not rows:
        return None
    rows.sort(key=lambda row: (-row[1].mean, row[0]["category"]))
    table = _table(plain, ("Interruptions by category", "mean", "5–95 %", "expected"))
    for row, stat in rows[:MOST_CATEGORIES]:
        expected = write(row.get("expected"), COUNT, spread=stat.p90 - stat.p10)
        mean = write(stat.mean, COUNT, spread=stat.p90 - stat.p10)
        cells = (humanize(row["category"]), mean, f"{stat.p5:.0f} to {stat.p95:.0f}", expected)
        table.add_row(*(plain.text(cell) for cell in cells))
    rest = rows[MOST_CATEGORIES:]
    if rest:
        counted = write(sum(stat.mean for _, stat in rest), COUNT)
        expected = write(sum(row.get("expected") or 0.0 for row, _ in rest), COUNT)
        table.add_row(
            *(plain.text(cell, "dim") for cell in (f"{len(rest)} rarer ones together", counted, "", expected))
        )
    return table


def claims_table(claims: Sequence[Mapping[str, Any]], plain: Plain) -> "Table":
    """The verdicts with their sentences."""
    table = bare_table()
    table.add_column(no_wrap=True)
    table.add_column()
    for claim in claims:
        mark, words, tone = VERDICTS.get(claim["verdict"], ("?", humanize(claim["verdict"]), "open"))
        sentence = plain.text(claim.get("sentence") or claim["quantity"])
        table.add_row(plain.text(f"{mark} {words}", _STYLES[tone]), sentence)
    return table


def _table(plain: Plain, columns: Sequence[str]) -> "Table":
    table = bare_table("")
    for index, name in enumerate(columns):
        style = "bold" if index == 0 else "dim"
        table.add_column(plain.text(name, style), justify="right" if index else "left", no_wrap=bool(index))
    return table
