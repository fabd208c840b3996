"""The longer parts of the example summary."""

import math
from typing import Any

from tests.report.example_base import CATEGORIES, GPUS, STATES, count, stat


def _phase(
    name: str,
    *,
    main: bool,
    tokens: float,
    sequence: int,
    batch: int,
    layout: str,
    step_s: float,
    days: float,
    mfu: float,
    basis: str = "predicted",
    extrapolations: tuple[str, ...] = (),
) -> dict[str, Any]:
    shares = {
        "compute_attention": 0.09,
        "compute_ffn": 0.548,
        "compute_other": 0.047,
        "compute_head": 0.016,
        "recompute": 0.0,
        "bubble": 0.098,
        "exposed_tp": 0.101,
        "exposed_cp": 0.0,
        "exposed_pp": 0.021,
        "exposed_dp": 0.042,
        "exposed_ep": 0.0,
        "optimizer": 0.014,
        "host": 0.023,
    }
    if sequence > 100_000:
        shares |= {"compute_attention": 0.338, "compute_ffn": 0.252, "exposed_cp": 0.048}
    if batch * sequence < 5e6:
        shares |= {"bubble": 0.238, "compute_ffn": 0.408}
    memory = {
        "weights": 6.35e9,
        "gradients": 12.7e9,
        "optimizer": 1.2e9,
        "activations": 38.9e9,
        "logits": 0.0,
        "overhead": 2.1e9,
    }
    return {
        "name": name,
        "main": main,
        "tokens": tokens,
        "steps": math.ceil(tokens / (batch * sequence)),
        "sequence_length": sequence,
        "global_batch": batch,
        "gpus": GPUS,
        "layout": layout,
        "step_time_s": step_s,
        "step_time_sigma": 0.05 if basis == "predicted" else 0.0,
        "basis": basis,
        "tokens_per_s": batch * sequence / step_s,
        "model_tflops_per_gpu": mfu * 989.4,
        "mfu_fraction": mfu,
        "hfu_fraction": mfu,
        "flop_convention": "model FLOPs with full (non-causal) attention scores, without recomputation (PaLM)",
        "breakdown_s": {key: share * step_s for key, share in shares.items()},
        "memory_bytes_per_gpu": memory,
        "memory_capacity_bytes": 80.0 * 2**30,
        "wall_days": stat(days, days * 0.05),
        "gpu_hours": stat(days * 24 * GPUS, days * 24 * GPUS * 0.05),
        "extrapolations": list(extrapolations),
    }


def phases() -> list[dict[str, Any]]:
    """The phases of the summary."""
    layout = "TP8 CP1 PP16 VPP8 DP128"
    long = "TP8 CP16 PP16 VPP8 DP8"
    return [
        _phase(
            "4M-token batches",
            main=True,
            tokens=252e6,
            sequence=4096,
            batch=1024,
            layout=layout,
            step_s=2.19,
            days=0.002,
            mfu=0.301,
        ),
        _phase(
            "8M-token batches",
            main=True,
            tokens=2.87e12 - 252e6,
            sequence=8192,
            batch=1024,
            layout=layout,
            step_s=3.61,
            days=15.6,
            mfu=0.381,
            basis="measured",
        ),
        _phase(
            "16M-token batches",
            main=True,
            tokens=12.73e12,
            sequence=8192,
            batch=2048,
            layout=layout,
            step_s=6.62,
            days=57.4,
            mfu=0.414,
        ),
        _phase(
            "long context, 8K to 128K",
            main=False,
            tokens=800e9,
            sequence=131072,
            batch=128,
            layout=long,
            step_s=9.93,
            days=5.4,
            mfu=0.377,
            extrapolations=(
                "context parallelism of 16 is not calibrated (largest: 8)",
                "sequence of 131,072 tokens is 4 times the longest calibrated",
            ),
        ),
        _phase(
            "annealing",
            main=False,
            tokens=40e6,
            sequence=131072,
            batch=128,
            layout=long,
            step_s=9.93,
            days=0.0003,
            mfu=0.377,
        ),
    ]


def windows() -> list[dict[str, Any]]:
    """The windows of the summary."""
    return [
        {
            "name": "54-day snapshot",
            "start_days": 10.0,
            "length_days": 54.0,
            "covered_replications": 200,
            "unexpected_interruptions": count(421),
            "planned_interruptions": count(46.4),
            "effective_training_time_fraction": stat(0.9231, 0.0072),
            "by_category": [
                {"category": name, "count": count(published * 1.01), "published": float(published)}
                for name, (_, _, published) in CATEGORIES.items()
            ],
        }
    ]


def claims() -> list[dict[str, Any]]:
    """The claims of the summary."""
    source = "Llama 3 (arXiv 2407.21783, 2024), section 3.3.4"

    def claim(
        quantity: str,
        unit: str,
        low: float | None,
        high: float | None,
        forecast: tuple[float, float, float] | None,
        verdict: str,
        sentence: str,
        *,
        source: str = source,
        window: str | None = None,
        phase: str | None = None,
    ) -> dict[str, Any]:
        p5, p50, p95 = forecast or (None, None, None)
        return {
            "quantity": quantity,
            "unit": unit,
            "claimed_low": low,
            "claimed_high": high,
            "forecast_p5": p5,
            "forecast_p50": p50,
            "forecast_p95": p95,
            "verdict": verdict,
            "sentence": sentence,
            "source": source,
            "window": window,
            "phase": phase,
        }

    return [
        claim(
            "gpu_time",
            "GPU-hours",
            30.84e6,
            30.84e6,
            (28.3e6, 30.83e6, 33.4e6),
            "inside",
            "30.84M GPU-hours is what the forecast expects.",
            source="Llama 3.1 model card (Meta, 2024)",
        ),
        claim(
            "unexpected_interruptions",
            "",
            419.0,
            419.0,
            (387.0, 421.0, 455.0),
            "inside",
            "419 interruptions in 54 days is what the forecast expects.",
            window="54-day snapshot",
        ),
        claim(
            "planned_interruptions",
            "",
            47.0,
            47.0,
            (35.0, 46.0, 58.0),
            "inside",
            "47 planned interruptions is what the forecast expects.",
            window="54-day snapshot",
        ),
        claim(
            "effective_training_time",
            "fraction",
            0.9,
            None,
            (0.911, 0.923, 0.935),
            "inside",
            "More than 90 % effective training time agrees with the forecast.",
            window="54-day snapshot",
        ),
        claim(
            "model_flops_per_gpu",
            "TFLOP/s",
            400.0,
            400.0,
            (377.0, 409.6, 443.0),
            "inside",
            "400 TFLOP/s per GPU is what the forecast expects.",
            phase="16M-token batches",
            source="Llama 3 (arXiv 2407.21783, 2024), Table 4",
        ),
        claim(
            "loss",
            "nats/token",
            4.2,
            4.2,
            None,
            "not_covered",
            "Not covered: the law speaks from 5B tokens on.",
            source="planning memo, page 4",
        ),
        claim(
            "cost",
            "USD",
            58e6,
            58e6,
            (64.9e6, 77.4e6, 89.9e6),
            "too_low",
            "$58M is lower than the forecast allows: it would need $1.86 per GPU-hour.",
            source="planning memo, page 3",
        ),
        claim(
            "wall_time",
            "days",
            54.0,
            54.0,
            (78.4, 78.4, 78.4),
            "inconsistent",
            "54 days and 30.84M GPU-hours cannot both hold on 16,384 GPUs: 54 days of them are 21.2M GPU-hours.",
            source="planning memo, page 1",
        ),
    ]


def timeline() -> dict[str, Any]:
    """The timeline of the summary."""
    bins = []
    for day in range(79):
        wave = 0.5 + 0.5 * math.sin(day * 1.9) * math.cos(day * 0.37)
        length = 24.0 if day < 78 else 9.6
        lost = {
            "recompute": 0.25 + 0.6 * wave,
            "checkpoint": 0.28,
            "detect": 0.08 + 0.16 * wave,
            "restart": 0.3 + 0.4 * wave,
            "waiting": 0.9 if day in {23, 51} else 0.0,
            "rollback": 2.3 if day in {12, 40} else 0.0,
            "maintenance": 1.1 if day % 4 == 2 else 0.0,
        }
        lost = {state: hours * length / 24 for state, hours in lost.items()}
        bins.append({"day": day, "hours": {"productive": length - sum(lost.values()), **lost}})
    return {"replication": 17, "states": list(STATES), "bins": bins, "history": _history(bins)}


def _history(bins: list[dict[str, Any]]) -> dict[str, Any]:
    """The days of the timeline as weeks of hours: what is lost on a day is lost at its beginning."""
    rows = []
    for first in range(0, len(bins), 7):
        week = [entry["hours"] for entry in bins[first : first + 7]]
        percent: dict[str, list[int]] = {}
        for day, spent in enumerate(week):
            at = 24.0 * day
            for state in STATES[1:]:
                for hour in range(168):
                    inside = max(0.0, min(hour + 1.0, at + spent[state]) - max(float(hour), at))
                    percent.setdefault(state, [0] * 168)[hour] += round(100 * inside)
                at += spent[state]
        rows.append(
            {
                "start_hours": 24.0 * first,
                "hours": {state: sum(spent[state] for spent in week) for state in STATES},
                "percent": {state: " ".join(map(str, cells)) for state, cells in percent.items() if any(cells)},
            }
        )
    return {
        "row_hours": 168.0,
        "cell_hours": 1.0,
        "end_hours": 24.0 * 78 + 9.6,
        "rows": rows,
        "failures": {
            "hours": [3.1 * number + 0.7 for number in range(600)],
            "category": [list(CATEGORIES)[number % 7] for number in range(600)],
        },
    }


def cumulative() -> dict[str, Any]:
    """The cumulative of the summary."""
    days = [float(day) for day in range(0, 88)]

    def reached(wall: float) -> list[float]:
        return [min(16.4e12, 16.4e12 * day / wall) for day in days]

    return {"days": days, "tokens_p10": reached(83.4), "tokens_p50": reached(78.4), "tokens_p90": reached(73.4)}


def learning() -> dict[str, Any]:
    """The learning of the summary."""
    tokens = [10 ** (9.7 + 0.09 * step) for step in range(40) if 10 ** (9.7 + 0.09 * step) < 16.4e12] + [16.4e12]

    def loss(at: float) -> float:
        return 1.42 + 406.4 / 405e9**0.34 + 410.7 / at**0.28 * 1.9

    curve = [{"tokens": at, "p5": loss(at) - 0.035, "p50": loss(at), "p95": loss(at) + 0.035} for at in tokens]
    return {
        "law": "olmo-ladder-pile",
        "corpus": "the Pile (validation)",
        "tokenizer": "GPT-NeoX, 50,280 entries",
        "final_loss": stat(1.634, 0.021),
        "curve": curve,
        "notes": [
            "405B parameters are 135 times the largest run behind the law (3B).",
            "Losses on another corpus or tokenizer are not comparable.",
        ],
    }


def assumptions() -> list[dict[str, str]]:
    """The assumptions of the summary."""
    rows = [
        ("cluster.node", "h100-sxm-8x400g", "scenarios/llama3-405b.yaml:14:9", ""),
        ("cluster.nodes", "2072", "scenarios/llama3-405b.yaml:15:10", ""),
        (
            "cluster.node.accelerator.peak.bf16",
            "989.4 TFLOP/s",
            "catalogue: accelerators/h100-sxm",
            "NVIDIA H100 datasheet (2023), dense",
        ),
        ("training.start", "2024-05-01", "scenarios/llama3-405b.yaml:20:10", ""),
        ("checkpoint.interval", "young-daly", "default", "Young (CACM 1974), Daly (FGCS 2006)"),
        (
            "checkpoint.bytes_per_parameter",
            "14",
            "default",
            "BLOOM (bigscience chronicles, 2022): 2 bf16 weights + 4 fp32 master + 8 Adam moments",
        ),
        ("checkpoint.stall", "0.6 s", "default", "ByteCheckpoint (arXiv 2407.20143, NSDI 2025), Table 8"),
        (
            "failures.categories.faulty_gpu.rate",
            "6.97 per million GPU-hours",
            "catalogue: failures/llama3-405b",
            "Llama 3 (arXiv 2407.21783, 2024), Table 5",
        ),
        ("recovery.detection.hang_timeout", "10 min", "default", "ByteRobust (arXiv 2509.16293, SOSP 2025), Table 3"),
        ("recovery.restart.spread", "0.3", "default", "not published; assumed"),
        ("spares.warm", "24", "--set spares.warm=24", ""),
        ("bill.pue", "1.1", "default", "Google fleet 1.09 and Meta Lulea 1.07 (operators' reports)"),
    ]
    return [dict(zip(("path", "value", "origin", "source"), row, strict=True)) for row in rows]
