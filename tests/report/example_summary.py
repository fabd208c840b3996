"""A summary as the study writes it: Llama 3 405B on 16,384 H100, about 78 days, 200 replications.

The numbers are made up but hang together: the hours by state sum to the wall time, the money is GPU-hours times price.
Published counts are those of Llama 3 (arXiv 2407.21783, 2024), Table 5.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.report.example_base import CATEGORIES, GPUS, RESERVED_GPUS, WALL_DAYS, count, stat
from tests.report.example_parts import assumptions, claims, cumulative, learning, phases, timeline, windows

START = datetime(2024, 5, 1, tzinfo=UTC)

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
        "mfu_while_training_fraction": stat(0.403, 0.04),
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


def _bridge(gpu_hours: float) -> list[dict[str, Any]]:
    parts = {
        "compute alone, 410 TFLOP/s per GPU": 0.84 * gpu_hours,
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


def _account(causes: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Hours by state and by cause times the GPUs; the causes are brought to the same sum."""

    def of_gpus(hours: dict[str, float], gpus: float = GPUS) -> dict[str, float]:
        return {name: value * gpus for name, value in hours.items()}

    lost = {state: hours for state, hours in HOURS.items() if state not in {"productive", "waiting"}}
    kinds = [{"state": state, "part": "", "gpu_hours": of_gpus(hours)} for state, hours in lost.items()]
    waits = (("spares", 0.6), ("people", 0.4))
    kinds += [
        {"state": "waiting", "part": part, "gpu_hours": of_gpus(HOURS["waiting"], GPUS * share)}
        for part, share in waits
    ]
    total = sum(row["gpu_hours"]["mean"] for row in kinds)
    scale = total / sum(hours["mean"] for hours in causes.values())
    job = sum(hours["mean"] for hours in HOURS.values())
    return {
        "undisturbed": of_gpus(HOURS["productive"]),
        "lost": stat(total, 0.08 * total),
        "job": of_gpus(stat(job, 94.0)),
        "standby": of_gpus(stat(job, 94.0), RESERVED_GPUS - GPUS),
        "reserved": of_gpus(stat(job, 94.0), RESERVED_GPUS),
        "lost_by_kind": kinds,
        "lost_by_cause": [{"cause": cause, "gpu_hours": of_gpus(hours, scale)} for cause, hours in causes.items()],
    }


def example_summary() -> dict[str, Any]:
    """The whole summary, built anew at each call, so that a test may change it."""
    headline = _headline()
    gpu_hours = headline["gpu_hours"]["mean"]
    causes = {
        name: stat(0.2 * published / 54 * 78.4, 0.02 * published + 0.3)
        for name, (_, _, published) in CATEGORIES.items()
    }
    causes |= {"maintenance": stat(23.3, 4.1), "checkpoint": stat(21.8, 1.2)}
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
        "hours_lost_by_cause": causes,
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
        "phases": phases(),
        "windows": windows(),
        "claims": claims(),
        "gpu_hours_bridge": _bridge(gpu_hours),
        "gpu_hours_account": _account(causes),
        "checkpointing": {"size_bytes": 5.68e12, "interval_s": 2400.0, "stall_s": 0.6, "write_s": 14.2},
        "learning": learning(),
        "bill": {
            "gpu_price_usd_per_hour": stat(2.5, 0.205),
            "cost_usd": headline["cost_usd"],
            "energy_mwh": headline["energy_mwh"],
            "carbon_tonnes": headline["carbon_tonnes"],
            "mean_power_mw": stat(21.72, 0.14),
            "electricity_usd": stat(4.005e6, 2.0e5),
        },
        "uncertainty_share": {"step_time": 0.86, "failure_rates": 0.08, "chance": 0.06},
        "sample_timeline": timeline(),
        "cumulative": cumulative(),
        "assumptions": assumptions(),
        "extrapolations": [
            "long context, 8K to 128K: context parallelism of 16 is not calibrated (largest: 8)",
            "long context, 8K to 128K: sequence of 131,072 tokens is 4 times the longest calibrated",
            "learning: 405B parameters are 135 times the largest run behind the law (3B)",
        ],
    }
