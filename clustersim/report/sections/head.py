"""The answer: when it finishes, what it costs, and how sure that is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from clustersim.report.answer import answer, cut_short, unfinished
from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.ranges import draw_range
from clustersim.report.charts.stacked import Segment, draw_strip
from clustersim.report.numbers import COUNT, DAYS, ENERGY_MWH, FRACTION, GPU_HOURS, LOSS, USD, Unit, write
from clustersim.report.stats import Shown, Stat, show
from clustersim.report.words import UNCERTAINTY, colour_of, in_order, label_of

_CARDS: tuple[tuple[str, str, Unit, str], ...] = (
    ("wall_time_days", "Wall time", DAYS, "from the first step to the last"),
    ("gpu_hours", "GPU-hours", GPU_HOURS, "GPUs of the job, interruptions included"),
    ("cost_usd", "Cost", USD, "reserved GPU-hours at the price range"),
    ("energy_mwh", "Energy", ENERGY_MWH, "at the site's meter"),
    ("effective_training_time_fraction", "Effective training time", FRACTION, "of the wall time"),
    ("mfu_fraction", "MFU", FRACTION, "over the wall time"),
    ("interruptions", "Interruptions", COUNT, "planned and unexpected"),
    ("final_loss_nats_per_token", "Final loss", LOSS, "nats per token"),
)


@dataclass(frozen=True)
class Card:
    """One key figure."""

    label: str
    note: str
    shown: Shown
    unit: str
    picture: Markup


def head(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Title, answer, key figures and what the spread is made of."""
    headline = summary["headline"]
    stats = {key: Stat.read(headline.get(key)) for key, *_ in _CARDS}
    reach = _reach([stat for stat in stats.values() if stat])
    notes = {"mfu_fraction": _while_training(headline)}
    cards = [
        _card(label, note + notes.get(key, ""), stat, unit, reach)
        for key, label, unit, note in _CARDS
        if (stat := stats[key])
    ]
    return {
        "title": summary["scenario"]["name"],
        "description": summary["scenario"].get("description", ""),
        "answer": _unbroken_dates(answer(summary)),
        "warnings": [text for text in (unfinished(summary), cut_short(summary)) if text],
        "cards": cards,
        "reach": write(reach, FRACTION, spread=reach),
        "uncertainty": _uncertainty(summary.get("uncertainty_share") or {}),
    }


def _unbroken_dates(sentence: str) -> str:
    """No line break between a day and its month."""
    return re.sub(r"(\d) ([A-Z][a-z]{2})\b", "\\1\u00a0\\2", sentence)


def _while_training(headline: Mapping[str, Any]) -> str:
    """The MFU of an undisturbed step, where the summary has it."""
    mfu = Stat.read(headline.get("mfu_while_training_fraction"))
    return "" if mfu is None else f"; {write(mfu.p50, FRACTION)} while steps run"


def _card(label: str, note: str, stat: Stat, unit: Unit, reach: float) -> Card:
    shown = show(stat, unit)
    word = "" if shown.unit.strip() == label else shown.unit
    return Card(label, note, shown, word, draw_range(stat, reach))


def _reach(stats: list[Stat]) -> float:
    """How far the range bars reach to either side of P50, as a share of it: a little beyond the widest."""
    widest = [max(s.p95 - s.p50, s.p50 - s.p5) / abs(s.p50) for s in stats if s.p50]
    return max([0.05, *(1.05 * width for width in widest)])


def _uncertainty(share: Mapping[str, float]) -> Figure | None:
    if not share:
        return None
    keys = in_order(UNCERTAINTY, list(share))
    segments = tuple(
        Segment(share[key], colour_of(UNCERTAINTY, key), f"{label_of(UNCERTAINTY, key)}: {write(share[key], FRACTION)}")
        for key in keys
    )
    words = [(label_of(UNCERTAINTY, key), f"{100 * share[key]:.0f} %") for key in keys]
    meanings = [UNCERTAINTY[key].meaning if key in UNCERTAINTY else "" for key in keys]
    rows = tuple((label, meaning, text) for (label, text), meaning in zip(words, meanings, strict=True))
    return figure(
        "uncertainty",
        "What the spread of the finish date is made of",
        "Share of the variance of the wall time: " + ", ".join(f"{label} {text}" for label, text in words) + ".",
        lambda width: draw_strip(width, segments),
        Table(("source", "what it is", "share of the variance"), rows, words=2),
        [(colour_of(UNCERTAINTY, key), f"{label} {text}") for key, (label, text) in zip(keys, words, strict=True)],
    )
