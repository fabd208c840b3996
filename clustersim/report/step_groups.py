"""The groups of a layout: who is in them, where they sit, what they exchange in a step and what of it is waited for."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from clustersim.hardware.contention import bandwidth_shares
from clustersim.hardware.fabric import Link
from clustersim.hardware.placement import Place, place_group
from clustersim.report.step_traffic import BusyRank, Dimension, Traffic, busy_rank, phase_job, step_traffic
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Phase
from clustersim.step.breakdown import step_breakdown
from clustersim.step.data_parallel import data_parallel_s
from clustersim.step.job import Job
from clustersim.workload.layout import micro_batches

NAMES: Mapping[Dimension, str] = {
    "tensor": "TP",
    "context": "CP",
    "expert": "EP",
    "data": "DP",
    "expert_data": "DP of experts",
    "pipeline": "PP",
}
"""Groups by the field's short words; data-parallel groups hold the context-parallel ranks too."""

TIERS = {"scale_up": "scale-up domain", "pod": "network", "cross_pod": "between pods"}
"""The widest tier that a group crosses."""

_BREAKDOWN: Mapping[Dimension, str] = {
    "tensor": "exposed_tp",
    "context": "exposed_cp",
    "expert": "exposed_ep",
    "pipeline": "exposed_pp",
}


def group_rows(scenario: Scenario, phase: Phase) -> list[dict[str, Any]]:
    """Groups of the layout of a phase that have more than one rank.

    Parameters
    ----------
    scenario : Scenario
        A plan without feasibility problems.
    phase : Phase
        One of its phases; a measured step time is not used.

    Returns
    -------
    list of dict
        For each dimension its ranks, number of groups, tier, the share of its bandwidth that other groups and broken
        links leave it, and collectives on the busiest pipeline rank; the time of
        all of them one after the other and what of it computation does not hide, in seconds. Data-parallel groups of
        experts share the exposed time of ``data``, since the prediction does not part the two: theirs is None.
    """
    job = phase_job(scenario, phase)
    rank = busy_rank(job, phase.global_batch)
    shares = bandwidth_shares(scenario.cluster, job.layout)
    exposed_s = _exposed_s(rank, micro_batches(job.layout, phase.global_batch))
    traffic = step_traffic(rank)
    rows = []
    for dimension in NAMES:
        ranks, tier = _place(job, dimension)
        own = [one for one in traffic if one.dimension == dimension]
        if ranks == 1 or (dimension == "expert_data" and not own):
            continue
        rows.append(
            {
                "dimension": dimension,
                "name": NAMES[dimension],
                "ranks": ranks,
                "groups": job.layout.gpus // ranks,
                "tier": TIERS[tier],
                "bandwidth_share": getattr(shares, dimension.removeprefix("expert_")),
                "collectives": [
                    {
                        "collective": one.collective,
                        "algorithm": one.algorithm or None,
                        "protocol": one.protocol or None,
                        "size_bytes": one.size_bytes,
                        "time_s": one.time_s,
                        "calls": one.calls,
                    }
                    for one in own
                ],
                "total_s": math.fsum(one.total_s for one in own),
                "exposed_s": exposed_s.get(dimension),
                "exposed_fraction": _fraction(exposed_s.get(dimension), dimension, traffic),
            }
        )
    return rows


def _fraction(exposed_s: float | None, dimension: Dimension, traffic: Sequence[Traffic]) -> float | None:
    """Exposed share of what is exchanged; that of ``data`` counts the experts', whose exposed time it holds."""
    of = (dimension, "expert_data") if dimension == "data" else (dimension,)
    total_s = math.fsum(one.total_s for one in traffic if one.dimension in of)
    return None if exposed_s is None or total_s == 0.0 else exposed_s / total_s


def _exposed_s(rank: BusyRank, count: int) -> dict[Dimension, float]:
    """What the busiest rank waits for each dimension, without the wait for the slowest replica."""
    parts = step_breakdown(rank.job, count)
    sharded_s = sum(share * layers * time.data.both_s for stage, share in rank.shares for layers, time in stage.layers)
    data_s = sharded_s + data_parallel_s(rank.job, rank.stages, rank.run)
    routing_s = sum(
        share * layers * time.routing.both_s for stage, share in rank.shares for layers, time in stage.layers
    )
    exposed_s = {dimension: parts[name] for dimension, name in _BREAKDOWN.items()}
    exposed_s["expert"] -= routing_s
    return {**exposed_s, "data": data_s}


def _place(job: Job, dimension: Dimension) -> tuple[int, str]:
    """Ranks of a group and the widest tier between two of them."""
    layout, group = job.layout, getattr(job.groups, dimension)
    if isinstance(group, Link):
        stride = layout.tensor_parallel
        if dimension == "pipeline":
            replicas = 1 if layout.rank_order == "tp-cp-pp-dp" else layout.data_parallel
            stride *= layout.context_parallel * replicas
        ranks = layout.pipeline_parallel if dimension == "pipeline" else layout.context_parallel
        group = place_group(job.groups.data.fabric, ranks, stride)
    place: Place = group
    return place.ranks, place.tier
