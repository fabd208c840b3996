"""A summary as the study writes it: Llama 3 405B on 16,384 H100, about 78 days, 200 replications.

The numbers are made up but hang together: the hours by state sum to the wall time, the money is GPU-hours times price.
Published counts are those of Llama 3 (arXiv 2407.21783, 2024), Table 5.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

GPUS = 16_384
RESERVED_GPUS = 16_384 + 24 * 8
START = datetime(2024, 5, 1, tzinfo=UTC)
STATES = ("productive", "recompute", "checkpoint", "detect", "restart", "waiting", "rollback", "maintenance")

# category: component, effect, published count in 54 days (Table 5)
CATEGORIES = {
    "faulty_gpu": ("gpu", "crash", 148),
    "gpu_hbm3_memory": ("hbm", "crash", 72),
    "software_bug": ("software", "crash", 54),
    "network_switch_cable": ("cable", "hang", 35),
    "host_maintenance": ("software", "crash", 32),
    "gpu_sram_memory": ("gpu", "crash", 19),
    "gpu_system_processor": ("gpu", "crash", 17),
    "nic": ("nic", "hang", 7),
    "nccl_watchdog_timeout": ("software", "hang", 7),
    "silent_data_corruption": ("gpu", "corrupt", 6),
    "gpu_thermal_interface": ("gpu", "crash", 6),
    "ssd": ("storage", "crash", 3),
    "power_supply": ("psu", "crash", 3),
    "server_chassis": ("rack", "crash", 2),
    "io_expansion_board": ("nic", "crash", 2),
    "dependency": ("software", "crash", 2),
    "cpu": ("software", "crash", 2),
    "system_memory": ("software", "crash", 2),
}


def stat(mean: float, sigma: float, *, floor: float = 0.0) -> dict[str, float]:
    """A Stat with normal quantiles, cut at ``floor``."""
    quantiles = {"p5": -1.6449, "p10": -1.2816, "p50": 0.0, "p90": 1.2816, "p95": 1.6449}
    values = {name: max(floor, mean + z * sigma) for name, z in quantiles.items()}
    half = 1.96 * sigma / math.sqrt(200)
    return {"mean": mean, **values, "mean_ci95_low": mean - half, "mean_ci95_high": mean + half}


def count(mean: float) -> dict[str, float]:
    """A Stat of a Poisson count, quantiles to whole numbers."""
    rough = stat(mean, math.sqrt(mean))
    whole = {name: float(round(rough[name])) for name in ("p5", "p10", "p50", "p90", "p95")}
    return {**rough, **whole}


WALL_DAYS = stat(78.4, 3.9)
HOURS = {
    "productive": stat(1736.2, 92.0),
    "recompute": stat(41.3, 3.6),
    "checkpoint": stat(21.8, 1.2),
    "detect": stat(12.4, 1.9),
    "restart": stat(38.9, 3.1),
    "waiting": stat(3.1, 2.2),
    "rollback": stat(4.6, 3.4),
    "maintenance": stat(23.3, 4.1),
}


def _date(days: float) -> str:
    return (START + timedelta(days=days)).isoformat()


def _headline() -> dict[str, Any]:
    gpu_hours = WALL_DAYS["mean"] * 24 * GPUS
    sigma = 3.9 * 24 * GPUS
    unexpected = 54 / 54 * 419 / 54 * WALL_DAYS["mean"]
    return {
        "wall_time_days": WALL_DAYS,
        "finish_date": {name: _date(WALL_DAYS[name]) for name in ("mean", "p10", "p50", "p90")},
        "gpu_hours": stat(gpu_hours, sigma),
        "main_gpu_hours": stat(gpu_hours * 0.93, sigma * 0.93),
        "reserved_gpu_hours": stat(gpu_hours * RESERVED_GPUS / GPUS, sigma),
        "effective_training_time_fraction": stat(0.9226, 0.0061),
        "ettr_fraction": stat(0.9226, 0.0061),
        "goodput_fraction": stat(0.9226, 0.0061),
        "mfu_fraction": stat(0.372, 0.0185),
        "mfu_while_training_fraction": 0.403,
        "interruptions": count(unexpected + 68),
        "unexpected_interruptions": count(unexpected),
        "planned_interruptions": count(68),
        "mean_time_to_interruption_hours": stat(2.79, 0.12),
        "mean_time_to_recover_minutes": stat(5.6, 0.4),
        "checkpoints": stat(2604.0, 130.0),
        "cost_usd": stat(gpu_hours * RESERVED_GPUS / GPUS * 2.5, 7.6e6),
        "energy_mwh": stat(40_870.0, 2_050.0),
        "carbon_tonnes": stat(15_940.0, 800.0),
        "final_loss_nats_per_token": stat(1.634, 0.021),
    }


def _categories() -> list[dict[str, Any]]:
    days = WALL_DAYS["mean"]
    return [
        {
            "category": name,
            "component": component,
            "effect": effect,
            "count": count(published / 54 * days * (1.02 if published > 20 else 0.97)),
            "expected": published / 54 * days,
        }
        for name, (component, effect, published) in CATEGORIES.items()
    ]


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


def _phases() -> list[dict[str, Any]]:
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


def _windows() -> list[dict[str, Any]]:
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


def _claims() -> list[dict[str, Any]]:
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


def _timeline() -> dict[str, Any]:
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
    return {"replication": 17, "states": list(STATES), "bins": bins}


def _cumulative() -> dict[str, Any]:
    days = [float(day) for day in range(0, 88)]

    def reached(wall: float) -> list[float]:
        return [min(16.4e12, 16.4e12 * day / wall) for day in days]

    return {"days": days, "tokens_p10": reached(83.4), "tokens_p50": reached(78.4), "tokens_p90": reached(73.4)}


def _learning() -> dict[str, Any]:
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


def _assumptions() -> list[dict[str, str]]:
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


def _bridge(gpu_hours: float) -> list[dict[str, Any]]:
    parts = {
        "main run at 410 TFLOP/s per GPU, never interrupted": 0.84 * gpu_hours,
        "slower phases (small batch, bubbles)": 0.0224 * gpu_hours,
        "interruptions and lost work": 0.0774 * gpu_hours,
        "long-context and annealing phases": 0.0602 * gpu_hours,
    }
    rows = [{"label": label, "gpu_hours": hours, "kind": "part"} for label, hours in parts.items()]
    return [
        *rows,
        {"label": "forecast total", "gpu_hours": gpu_hours, "kind": "total"},
        {"label": "not explained", "gpu_hours": 30.0e6 - gpu_hours, "kind": "difference"},
        {"label": "reported", "gpu_hours": 30.0e6, "kind": "reported"},
    ]


def example_summary() -> dict[str, Any]:
    """The whole summary, built anew at each call, so that a test may change it."""
    headline = _headline()
    gpu_hours = headline["gpu_hours"]["mean"]
    causes = {
        name: stat(0.2 * published / 54 * 78.4, 0.02 * published + 0.3)
        for name, (_, _, published) in CATEGORIES.items()
    }
    return {
        "schema": "clustersim.summary/1",
        "clustersim_version": "0.1.0",
        "seed": 0,
        "replications": 200,
        "replications_asked_for": 200,
        "finished_replications": 200,
        "scenario": {
            "name": "Llama 3 405B on 16,384 H100",
            "description": "The pre-training of Llama 3 405B as its paper tells it: 15.6T tokens in three batch "
            "sizes, then long context and annealing.",
            "file": "scenarios/llama3-405b.yaml",
            "sha256": "9f2c1e0d6b7a48c5b3d1e6f70a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b",
        },
        "headline": headline,
        "hours_by_state": HOURS,
        "restart_parts_hours": {
            "schedule": stat(6.9, 0.6),
            "init": stat(7.8, 0.7),
            "collectives": stat(3.3, 0.3),
            "load": stat(15.1, 1.2),
            "warmup": stat(5.8, 0.5),
        },
        "hours_lost_by_cause": {**causes, "maintenance": stat(23.3, 4.1), "checkpoint": stat(21.8, 1.2)},
        "badput_fraction": {
            "checkpoint save": stat(0.0116, 0.00070),
            "failure detection": stat(0.0066, 0.00040),
            "infrastructure recovery and program start-up": stat(0.0207, 0.00124),
            "infrastructure recovery: waiting for nodes": stat(0.0016, 0.00010),
            "wasted progress from disruption": stat(0.0219, 0.00131),
            "wasted progress from corruption": stat(0.0024, 0.00014),
            "planned stop": stat(0.0124, 0.00074),
        },
        "interruptions_by_category": _categories(),
        "phases": _phases(),
        "windows": _windows(),
        "claims": _claims(),
        "gpu_hours_bridge": _bridge(gpu_hours),
        "checkpointing": {"size_bytes": 5.68e12, "interval_s": 2400.0, "stall_s": 0.6, "write_s": 14.2},
        "learning": _learning(),
        "bill": {
            "gpu_price_usd_per_hour": stat(2.5, 0.205),
            "cost_usd": headline["cost_usd"],
            "energy_mwh": headline["energy_mwh"],
            "carbon_tonnes": headline["carbon_tonnes"],
            "mean_power_mw": stat(21.72, 0.14),
            "electricity_usd": stat(4.005e6, 2.0e5),
        },
        "uncertainty_share": {"step_time": 0.86, "failure_rates": 0.08, "chance": 0.06},
        "sample_timeline": _timeline(),
        "cumulative": _cumulative(),
        "assumptions": _assumptions(),
        "extrapolations": [
            "long context, 8K to 128K: context parallelism of 16 is not calibrated (largest: 8)",
            "long context, 8K to 128K: sequence of 131,072 tokens is 4 times the longest calibrated",
            "learning: 405B parameters are 135 times the largest run behind the law (3B)",
        ],
    }
