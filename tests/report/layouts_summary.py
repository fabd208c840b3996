"""A search of layouts as plain values, made up: what it prints must not move with the step model."""

from typing import Any

GIB = 2.0**30


def row(rank: int | None, layout: str, step_time_s: float, **changes: Any) -> dict[str, Any]:
    base = {
        "rank": rank,
        "layout": layout,
        "step_time_s": step_time_s,
        "step_time_low_s": step_time_s / 1.2,
        "step_time_high_s": step_time_s * 1.2,
        "slower_than_best_fraction": step_time_s / 2.0 - 1.0,
        "ties_with_best": step_time_s <= 2.2,
        "model_tflops_per_gpu": 800.0 / step_time_s,
        "mfu_fraction": 0.8 / step_time_s,
        "memory_bytes_per_gpu": 60.0 * GIB,
        "headroom_fraction": 0.25,
        "bubble_fraction": 0.05,
        "exposed_fraction": 0.125,
    }
    return base | changes


OWN = row(None, "TP8 CP1 PP1 VPP1 DP2 ZeRO0 mb1 recompute full", 3.0)


def layouts_summary(**changes: Any) -> dict[str, Any]:
    """Two layouts that tie and one that does not, before the scenario's own."""
    base = {
        "schema": "clustersim.layouts/1",
        "name": "A small plan",
        "phase": "main",
        "gpus": 16,
        "sequence_length": 4096,
        "global_batch": 64,
        "precision": "bf16",
        "software": "megatron",
        "memory_capacity_bytes": 80.0 * GIB,
        "ranking_sigma": 0.07,
        "tie_ratio": 1.1,
        "layouts": [
            row(1, "TP1 CP1 PP1 VPP1 DP16 ZeRO1 mb1 recompute none", 2.0),
            row(2, "TP1 CP1 PP2 VPP4 DP8 ZeRO1 mb1 recompute full of 2 layers tp-cp-pp-dp", 2.1),
            row(3, "TP2 CP1 PP1 VPP1 DP8 ZeRO3 mb2 recompute selective", 2.5),
        ],
        "own": OWN,
        "own_problems": [],
        "yaml": [
            "software: megatron",
            "layout: {data_parallel: 16, micro_batch: 2, recompute: full, recompute_layers: 3}",
        ],
        "counts": {
            "considered": 12_345,
            "rejected_by_rule": 2_000,
            "rejected_by_memory": 300,
            "left_out_by_bound": 10_000,
            "predicted": 45,
        },
        "rejected": [
            {
                "kind": "batch",
                "family": "DP 128 / 256",
                "layouts": 2_000,
                "whole": True,
                "reason": "global batch 64 has fewer sequences than replicas",
                "nearest": None,
                "least_bytes": None,
            },
            {
                "kind": "memory",
                "family": "PP 1",
                "layouts": 300,
                "whole": False,
                "reason": "needs 88.0 GiB per GPU or more, 10.0 % over the device's 80.0 GiB",
                "nearest": "TP1 CP1 PP1 VPP1 DP16 ZeRO0 mb4 recompute full",
                "least_bytes": 88.0 * GIB,
            },
        ],
        "not_considered": ["TP 16 and more: leaves the scale-up (NVLink) domain of 8 GPUs"],
        "extrapolations": ["job of 16 GPUs is twice the largest calibrated (8)"],
        "interrupted": False,
    }
    return base | changes
