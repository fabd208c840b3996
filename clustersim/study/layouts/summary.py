"""What a search found as plain values: the JSON of the command, and what its text and table are made of."""

import math
from typing import Any

from clustersim.study.layouts.candidate import Candidate, layout_words, layout_yaml
from clustersim.study.layouts.families import Family
from clustersim.study.layouts.found import Found
from clustersim.study.layouts.ties import ranking_sigma, tie_ratio, ties

SCHEMA = "clustersim.layouts/1"

NINETY_PERCENT = 1.645
"""Standard deviations on each side that hold 90 % of a normal distribution."""


def layouts_summary(found: Found, name: str) -> dict[str, Any]:
    """Write a search as plain values.

    Parameters
    ----------
    found : Found
        The search.
    name : str
        Title of the scenario.

    Returns
    -------
    dict
        ``clustersim.layouts/1``: the question, the ranking with the scenario's own layout in its place, counts, and why
        layouts were rejected.
    """
    asked = found.question
    best = found.ranked[0] if found.ranked else None
    return {
        "schema": SCHEMA,
        "name": name,
        "phase": asked.phase,
        "gpus": asked.gpus,
        "sequence_length": asked.sequence_length,
        "global_batch": asked.global_batch,
        "precision": asked.precision,
        "software": asked.stack,
        "memory_capacity_bytes": asked.capacity_bytes,
        "ranking_sigma": ranking_sigma(asked.model),
        "tie_ratio": tie_ratio(asked.model),
        "layouts": [row(candidate, found, rank) for rank, candidate in enumerate(found.ranked, 1)],
        "own": None if found.own is None else row(found.own, found, _own_rank(found)),
        "own_problems": list(found.own_problems),
        "yaml": None if best is None else yaml_lines(found),
        "counts": {
            "considered": found.counts.considered,
            "rejected_by_rule": found.counts.by_rule,
            "rejected_by_memory": found.counts.by_memory,
            "left_out_by_bound": found.counts.by_bound,
            "predicted": found.counts.predicted,
        },
        "rejected": [_family(family) for family in found.families],
        "not_considered": list(found.limits),
        "extrapolations": [] if best is None else list(best.step.extrapolations),
        "interrupted": found.interrupted,
    }


def row(candidate: Candidate, found: Found, rank: int | None) -> dict[str, Any]:
    """One layout with its prediction as plain values; the interval holds 90 %."""
    step, capacity_bytes = candidate.step, found.question.capacity_bytes
    best_s = found.ranked[0].step.mean_s if found.ranked else step.mean_s
    reach = math.exp(NINETY_PERCENT * step.prediction_sigma)
    exposed_s = math.fsum(seconds for part, seconds in step.breakdown_s.items() if part.startswith("exposed_"))
    return {
        "rank": rank,
        "layout": layout_words(candidate.layout),
        **candidate.layout.model_dump(),
        "step_time_s": step.mean_s,
        "step_time_low_s": step.mean_s / reach,
        "step_time_high_s": step.mean_s * reach,
        "slower_than_best_fraction": step.mean_s / best_s - 1.0,
        "ties_with_best": ties(found.question.model, step.mean_s, best_s),
        "model_tflops_per_gpu": step.model_flops_per_gpu_s / 1e12,
        "mfu_fraction": step.mfu,
        "tokens_per_s": step.tokens_per_s,
        "memory_bytes_per_gpu": step.memory.total_bytes,
        "headroom_fraction": 1.0 - step.memory.total_bytes / capacity_bytes,
        "bubble_fraction": step.breakdown_s["bubble"] / step.mean_s,
        "exposed_fraction": exposed_s / step.mean_s,
    }


def yaml_lines(found: Found) -> list[str]:
    """Lines that set the best layout under ``training`` of a scenario.

    The software is among them where a scenario that leaves it open would be predicted with another for this layout.
    """
    layout = found.ranked[0].layout
    software = [] if found.question.stack_of(layout) == found.question.stack else [f"software: {found.question.stack}"]
    return [*software, layout_yaml(layout)]


def _own_rank(found: Found) -> int | None:
    """Place of the scenario's layout; None when it is slower than all that are ranked."""
    own = found.own
    if own is None:
        return None
    return next((rank for rank, other in enumerate(found.ranked, 1) if own.order <= other.order), None)


def _family(family: Family) -> dict[str, Any]:
    return {
        "kind": family.kind,
        "family": family.name,
        "layouts": family.layouts,
        "whole": family.whole,
        "reason": family.reason,
        "nearest": family.nearest or None,
        "least_bytes": family.least_bytes,
    }
