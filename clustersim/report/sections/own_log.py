"""The rest of the run from its own log: what was measured so far, and the fan of what is left."""

from collections.abc import Mapping, Sequence
from typing import Any

from clustersim.report.charts.fan import Fan, draw_fan
from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.scale import round_step
from clustersim.report.numbers import FRACTION, MISSING, TOKENS, Unit, signed, write

_STEEP = 0.1
"""Share of the log that is not drawn: the first of its fall would flatten the rest."""
_FEWEST_SEEN = 5
_EARLY = 0.1
"""Share of the run before which its tokens are drawn by ratios: the log would be a sliver."""
_PLAIN = Unit(decimals=0)


def own_log(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """Everything shown of the run's own log; None without one.

    Parameters
    ----------
    entry : mapping
        ``learning`` of the summary.
    """
    log = entry.get("own_log")
    if not log:
        return None
    if not log["curve"]:
        first, *rest = log["caveats"]
        return {"lead": first, "picture": None, "facts": [], "seen": None, "curve": None, "caveats": rest}
    seen, curve = _seen_rows(log["seen"]), _curve_rows(log["curve"])
    return {
        "lead": _lead(log),
        "picture": _picture(log, float(entry.get("transient_until_tokens") or 0.0), Table(_COLUMNS, (*seen, *curve))),
        "facts": _facts(log, entry.get("final_loss")),
        "seen": Table(_COLUMNS, seen),
        "curve": Table(_COLUMNS, curve),
        "caveats": log["caveats"],
    }


_COLUMNS = ("tokens", "measured", "P5", "P50", "P95")


def _lead(log: Mapping[str, Any]) -> str:
    so_far, end = float(log["tokens_so_far"]), float(log["curve"][-1]["tokens"])
    done = f"{write(so_far, TOKENS, bare=True)} of {write(end, TOKENS)}, {write(so_far / end, FRACTION)} of the plan"
    return f"After {done}, log and law together put the final loss at {_interval(log['final'])} nats per token."


def _facts(log: Mapping[str, Any], alone: Mapping[str, float] | None) -> list[tuple[str, str, str]]:
    of_its_own = "" if log["own_corpus"] else ", on its own corpus"
    law = [] if not alone else [("final loss by the law alone", _interval(alone), f"before any log{of_its_own}")]
    return [
        ("final loss by log and law", _interval(log["final"]), "on the text and with the tokenizer of the log"),
        *law,
        ("last loss of the log", _loss(log["last_loss"]), f"after {write(log['tokens_so_far'], TOKENS)}"),
        (
            "draws in play",
            f"{write(log['effective_draws'], _PLAIN)} of {log['draws']}",
            f"draws of the law that fall as the log does, which was read as {log['used']} means",
        ),
        (
            "the log over these draws",
            signed(log["offset_fraction"], FRACTION),
            "what corpus, tokenizer, recipe and luck make of them, in one",
        ),
    ]


def _picture(log: Mapping[str, Any], settled: float, table: Table) -> Figure:
    curve, end = log["curve"], float(log["curve"][-1]["tokens"])
    early = log["tokens_so_far"] < _EARLY * end
    divisor, symbol = (1.0, "") if early else TOKENS.step(end)
    shown = _settled(log["seen"], max(settled, _STEEP * log["tokens_so_far"]))
    measured = tuple((point["tokens"] / divisor, float(point["loss"])) for point in shown)
    low = min(*(point["p5"] for point in curve), *(loss for _, loss in measured))
    high = max(*(point["p95"] for point in curve), *(loss for _, loss in measured))
    step = round_step(high - low, 5)
    columns = {key: tuple(float(point[key]) for point in curve) for key in ("tokens", "p5", "p50", "p95")}
    final, x_name = _interval(log["final"]), f"tokens trained [{symbol}]"
    fan = Fan(
        tuple(tokens / divisor for tokens in columns["tokens"]),
        columns["p5"],
        columns["p50"],
        columns["p95"],
        "tokens trained, each mark ten times more" if early else x_name,
        "loss [nats per token]",
        ((low - 0.1 * (high - low)) // step) * step,
        high + 0.05 * (high - low),
        log_x=early,
        end=final,
        end_below=True,
        measured=measured,
    )
    return figure(
        "own-log",
        "The loss so far, and the rest of the run",
        f"Measured down to {_loss(log['last_loss'])} nats per token at {write(log['tokens_so_far'], TOKENS)}; "
        f"from there the median as a line and 5 to 95 % as a band, to {final} at {write(end, TOKENS)}.",
        lambda width: draw_fan(width, fan),
        table,
        [("measured", "measured, means"), ("blue", "median"), ("band", "5 to 95 %")],
    )


def _settled(seen: Sequence[Mapping[str, float]], since: float) -> Sequence[Mapping[str, float]]:
    """What was measured from some tokens on, or the last of it; tokens above zero."""
    later = [point for point in seen if point["tokens"] >= since]
    return later if len(later) >= _FEWEST_SEEN else [point for point in seen if point["tokens"] > 0.0][-_FEWEST_SEEN:]


def _seen_rows(seen: Sequence[Mapping[str, float]]) -> tuple[tuple[str, ...], ...]:
    return tuple((write(point["tokens"], TOKENS, bare=True), _loss(point["loss"]), *[MISSING] * 3) for point in seen)


def _curve_rows(curve: Sequence[Mapping[str, float]]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            write(point["tokens"], TOKENS, bare=True),
            MISSING,
            *(_loss(point[key]) for key in ("p5", "p50", "p95")),
        )
        for point in curve
    )


def _loss(value: float) -> str:
    return f"{value:.3f}"


def _interval(entry: Mapping[str, float]) -> str:
    """A loss and its interval with all their decimals: a log leaves little between its ends."""
    return f"{_loss(entry['p50'])} ({_loss(entry['p5'])} to {_loss(entry['p95'])})"
