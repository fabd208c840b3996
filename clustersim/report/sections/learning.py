"""Learning: the forecast of the loss, and what corpus and tokenizer it speaks of."""

from collections.abc import Mapping
from typing import Any

from clustersim.report.charts.fan import Fan, draw_fan
from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.scale import round_step
from clustersim.report.numbers import LOSS, TOKENS, write
from clustersim.report.stats import show_entry


def learning(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The loss curve and its notes; without the key, nothing but the word that there is none."""
    entry = summary.get("learning") or {}
    final = show_entry(entry.get("final_loss"), LOSS)
    return {
        "law": entry.get("law", ""),
        "corpus": entry.get("corpus", ""),
        "tokenizer": entry.get("tokenizer", ""),
        "notes": entry.get("notes") or [],
        "final": final,
        "picture": _figure(entry, final.full) if len(entry.get("curve") or []) > 1 else None,
    }


def _figure(entry: Mapping[str, Any], final: str) -> Figure:
    curve = sorted((point for point in entry["curve"] if point["tokens"] > 0), key=lambda point: point["tokens"])
    low = min(point["p5"] for point in curve)
    high = max(point["p95"] for point in curve)
    step = round_step(high - low, 5)
    columns = {name: tuple(float(point[name]) for point in curve) for name in ("tokens", "p5", "p50", "p95")}
    fan = Fan(
        columns["tokens"], columns["p5"], columns["p50"], columns["p95"], "tokens trained, each mark ten times more",
        "loss [nats per token]", (low // step) * step, high + 0.05 * (high - low), log_x=True, end=final,
    )  # fmt: skip
    rows = tuple(
        (write(p["tokens"], TOKENS, bare=True), *(f"{p[name]:.3f}" for name in ("p5", "p50", "p95"))) for p in curve
    )
    return figure(
        "loss",
        "Forecast of the loss",
        f"Median as a line and 5 to 95 % as a band, falling from {write(columns['p50'][0], LOSS)} to "
        f"{write(columns['p50'][-1], LOSS)} nats per token at {write(columns['tokens'][-1], TOKENS)}.",
        lambda width: draw_fan(width, fan),
        Table(("tokens", "P5", "P50", "P95"), rows),
        [("blue", "median"), ("band", "5 to 95 %")],
    )
