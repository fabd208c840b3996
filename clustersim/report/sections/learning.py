"""Learning: the forecast of the loss, what corpus and tokenizer it speaks of, and what it is made of."""

from collections.abc import Mapping, Sequence
from typing import Any

from clustersim.report.charts.fan import Fan, draw_fan
from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.scale import round_step
from clustersim.report.numbers import FRACTION, LOSS, MISSING, TOKENS, USD, Unit, write
from clustersim.report.sections.against import against
from clustersim.report.sections.capability import capability
from clustersim.report.sections.corpus import corpus
from clustersim.report.sections.optimizer import optimizer
from clustersim.report.sections.own_log import own_log
from clustersim.report.stats import reachable, show_entry, spread

_AMOUNT = Unit(TOKENS.steps, decimals=1)
_PLAIN_DAYS = Unit(((1e4, 1e3, "k"), (0.0, 1.0, "")), decimals=0)
_SETTLED = 0.005
"""Share of the tokens from which the loss is shown by the day: what falls before would flatten the rest."""
_FEWEST_POINTS = 5


def learning(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The loss curve and its notes; without the key, nothing but the word that there is none."""
    entry = summary.get("learning") or {}
    final = show_entry(entry.get("final_loss"), LOSS)
    # A run that ends before the law speaks has no final loss, and what follows from one would contradict that.
    ends = bool(entry.get("final_loss"))
    return {
        "law": entry.get("law", ""),
        "corpus": entry.get("corpus", ""),
        "tokenizer": entry.get("tokenizer", ""),
        "notes": entry.get("caveats") or [],
        "final": final,
        "ends": ends,
        "tokens": write(entry.get("tokens"), TOKENS),
        "picture": _curve(entry, final.full) if len(entry.get("curve") or []) > 1 else None,
        "clock": _clock(entry, final.full) if entry.get("clock") else None,
        "worth": _worth(entry.get("worth") or []) if ends else None,
        "forms": _forms(entry.get("decomposition")) if ends else None,
        "own_log": own_log(entry),
        "against": against(entry.get("against") or [], entry.get("tokens")),
        "capability": capability(entry.get("capability"), entry.get("tokens")),
        "training_corpus": corpus(entry.get("training_corpus")),
        "optimizer": optimizer(entry.get("optimizer"), entry.get("schedule")),
    }


def _curve(entry: Mapping[str, Any], final: str) -> Figure:
    """The loss over tokens, from the first step."""
    points = [point for point in entry["curve"] if point["tokens"] > 0.0]
    return _fan(
        "loss", "Forecast of the loss", points, "tokens", "tokens trained, each mark ten times more", final, log_x=True
    )  # fmt: skip


def _clock(entry: Mapping[str, Any], final: str) -> Figure | None:
    """The loss by the clock, once its first fall is over; as many tokens as the weights have behind them then."""
    settled = max(float(entry.get("transient_until_tokens") or 0.0), _SETTLED * float(entry["tokens"]))
    points = [point for point in entry.get("clock") or [] if point["tokens"] >= settled]
    if len(points) < _FEWEST_POINTS:
        return None
    return _fan(
        "loss-clock", "The loss by the day, after its first fall", points, "days", "days since the start", final
    )


def _fan(
    name: str,
    title: str,
    points: Sequence[Mapping[str, float]],
    x: str,
    x_name: str,
    final: str,
    *,
    log_x: bool = False,
) -> Figure:
    low, high = min(point["p5"] for point in points), max(point["p95"] for point in points)
    step = round_step(high - low, 5)
    columns = {key: tuple(float(point[key]) for point in points) for key in (x, "p5", "p50", "p95")}
    fan = Fan(
        columns[x], columns["p5"], columns["p50"], columns["p95"], x_name, "loss [nats per token]",
        (low // step) * step, high + 0.05 * (high - low), log_x=log_x, end=final,
    )  # fmt: skip
    days = x == "days"
    rows = tuple(
        (
            *((f"{point['days']:.1f}",) if days else ()),
            write(point["tokens"], TOKENS, bare=True),
            *(f"{point[key]:.3f}" for key in ("p5", "p50", "p95")),
        )
        for point in points
    )
    return figure(
        name,
        title,
        f"Median as a line and 5 to 95 % as a band, falling from {write(columns['p50'][0], LOSS)} to "
        f"{write(columns['p50'][-1], LOSS)} nats per token at {write(points[-1]['tokens'], TOKENS)}.",
        lambda width: draw_fan(width, fan),
        Table((*(("day",) if days else ()), "tokens", "P5", "P50", "P95"), rows),
        [("blue", "median"), ("band", "5 to 95 %")],
    )


def _worth(rows: Sequence[Mapping[str, Any]]) -> Table | None:
    """What a tenth of a nat is worth at moments of the run."""
    if not rows:
        return None
    return Table(
        ("after", "loss if it ended there", "more tokens", "days", "cost"),
        tuple(
            (
                write(row["tokens"], TOKENS, bare=True),
                write(row["loss"]["p50"], LOSS),
                reachable(row["more_tokens"], _AMOUNT),
                reachable(row["days"], _PLAIN_DAYS),
                reachable(row["usd"], USD),
            )
            for row in rows
        ),
    )


def _forms(parts: Mapping[str, Any] | None) -> Table | None:
    """What each form of the law says."""
    if not parts:
        return None
    return Table(
        ("form of the law", "weight", "final loss", "error on larger runs held out"),
        tuple(
            (
                row["title"],
                write(row["weight"], FRACTION),
                spread(row, LOSS),
                MISSING if row["held_out_error"] is None else write(row["held_out_error"], FRACTION),
            )
            for row in parts["by_form"]
        ),
    )
