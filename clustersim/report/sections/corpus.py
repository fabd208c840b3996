"""The corpus: what is left after each stage, what it takes, when it must start, and whether it feeds the GPUs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.funnel import FunnelRow, draw_funnel
from clustersim.report.dates import write_date
from clustersim.report.numbers import BYTES, DAYS, FRACTION, LOSS, MISSING, TOKENS, USD, Unit, write
from clustersim.report.stats import spread
from clustersim.report.words import humanize

_HOURS = Unit(TOKENS.steps, suffix=" h", decimals=1)
_BYTES_PER_S = replace(BYTES, suffix="/s")
_EPOCHS = Unit(decimals=2)


def corpus(entry: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Everything shown of the corpus; None without one."""
    if not entry:
        return None
    funnel, mix = entry.get("funnel"), entry.get("mix") or {}
    return {
        "name": entry.get("corpus") or "of the scenario",
        "tokens": write(entry.get("tokens"), TOKENS),
        "picture": _figure(funnel) if funnel else None,
        "facts": [*_work_facts(funnel, entry.get("build")), *_mix_facts(mix, entry.get("quality"))],
        "mix": _source_table(mix.get("sources") or []),
        "loads": _load_table((entry.get("loader") or {}).get("phases") or []),
        "caveats": entry.get("caveats") or [],
        "origins": entry.get("sources") or [],
    }


def _figure(funnel: Mapping[str, Any]) -> Figure:
    stages: Sequence[Mapping[str, Any]] = funnel["stages"]
    before = [(funnel.get("input") or {}).get("tokens") or stages[0]["tokens"], *(s["tokens"] for s in stages)]
    rows = [
        FunnelRow(
            humanize(stage["name"]),
            stage["tokens"],
            came,
            f"{write(stage['tokens'], TOKENS, bare=True)} ({write(stage['kept_fraction'], FRACTION)})",
            f"{humanize(stage['kind'])}: keeps {write(stage['kept_fraction'], FRACTION)} of the {stage['kept_of']}",
        )
        for stage, came in zip(stages, before, strict=False)
    ]
    table = Table(
        ("stage", "kind", "kept", "tokens", "size", "core-hours", "GPU-hours", "stored"),
        tuple(
            (
                humanize(s["name"]),
                humanize(s["kind"]),
                f"{write(s['kept_fraction'], FRACTION)} of {s['kept_of']}",
                write(s["tokens"], TOKENS, bare=True),
                write(s["bytes"], BYTES),
                write(s["core_hours"], _HOURS, bare=True) if s["timed"] else MISSING,
                write(s["gpu_hours"], _HOURS, bare=True) if s["timed"] else MISSING,
                write(s["stored_bytes"], BYTES),
            )
            for s in stages
        ),
        words=3,
    )
    return figure(
        "funnel",
        "From raw text to tokens",
        f"What is left after each of {len(stages)} stages, from {write(before[0], TOKENS)} to "
        f"{write(stages[-1]['tokens'], TOKENS)}.",
        lambda width: draw_funnel(width, rows),
        table,
        [("blue", "left after the stage, in tokens, and the share it keeps"), ("band", "what came into it")],
    )


def _work_facts(funnel: Mapping[str, Any] | None, build: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    if not funnel or not build:
        return []
    streaming = build.get("streaming_start_by")
    facts = [
        ("core-hours", spread(funnel["core_hours"], _HOURS), f"on {funnel['cores']:,} cores"),
        ("GPU-hours", spread(funnel["gpu_hours"], _HOURS), f"on {funnel['gpus']:,} GPUs"),
        ("time to build", spread(funnel["wall_days"], DAYS), "one stage after the other"),
        ("cost", spread(funnel["cost_usd"], USD), f"of it {write(funnel['storage_usd'], USD)} for storage"),
        ("stored on the way", write(funnel["stored_bytes"], BYTES), f"{write(funnel['final_bytes'], BYTES)} stay"),
        ("start by", _dates(build["start_by"]), f"done {write(build['margin_days'], DAYS)} before the run"),
    ]
    if streaming and build["parts"] > 1:
        facts.append(("start by, streaming", _dates(streaming), f"in {build['parts']} parts, ahead of the run"))
    return [fact for fact in facts if fact[0] != "GPU-hours" or funnel["gpu_hours"]["p50"]]


def _dates(entry: Mapping[str, str]) -> str:
    mid, slow, fast = (write_date(entry[name]) for name in ("p50", "p5", "p95"))
    return f"{mid} ({slow} to {fast})"


def _mix_facts(mix: Mapping[str, Any], quality: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    facts = []
    if mix.get("effective_tokens"):
        note = "what the tokens are worth, repetition counted"
        if shift := mix.get("loss_shift_nats"):
            note += f"; it costs {spread(shift, LOSS)} nats per token"
        facts.append(("effective tokens", spread(mix["effective_tokens"], TOKENS), note))
    if quality and quality["factor"]["p5"] != quality["factor"]["p95"]:
        facts.append(("worth of its tokens", spread(quality["factor"], _EPOCHS), str(quality["why"])))
    return facts


def _source_table(sources: Sequence[Mapping[str, Any]]) -> Table | None:
    rows = tuple(
        (
            humanize(source["name"]),
            write(source["share_fraction"], FRACTION),
            write(source["tokens"], TOKENS, bare=True),
            write(source["unique_tokens"], TOKENS, bare=True),
            write(source["epochs"], _EPOCHS),
            write(source["worth_of_next_token_fraction"], FRACTION),
        )
        for source in sources
    )
    return Table(("source", "share", "tokens", "unique", "epochs", "worth of one more token"), rows) if rows else None


def _load_table(phases: Sequence[Mapping[str, Any]]) -> Table | None:
    rows = tuple(
        (
            phase["phase"],
            write(phase["read_bytes_s"], _BYTES_PER_S),
            humanize(phase["tightest"]) if phase.get("tightest") else MISSING,
            f"{write(phase['headroom'], Unit(TOKENS.steps))}×" if phase.get("headroom") else MISSING,
            spread(phase["starved_fraction"], FRACTION),
        )
        for phase in phases
    )
    return Table(("phase", "read", "tightest supply", "headroom", "steps that wait"), rows) if rows else None
