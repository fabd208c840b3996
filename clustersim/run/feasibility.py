"""What makes a run impossible beyond its step: what cannot follow so fast, phases of other size, names given twice."""

import math
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from clustersim.run.compile import checkpoint_size_bytes, checkpoint_times_s, compile_law, job_nodes
from clustersim.run.compile.checkpoints import tier_problems, tiers_of
from clustersim.run.compile.failures import domain_problems
from clustersim.run.compile.loading import with_loading
from clustersim.run.compile.placement import placement_problems
from clustersim.run.compile.slowing import slowing_problems
from clustersim.run.records import (
    BAD_CHECKPOINT,
    DATA_LOADING,
    JOB_START,
    LOSS_SPIKE,
    PHASE_CHANGE,
    RESIZE,
    STATES,
    TIME_OF_DAY,
)
from clustersim.scenario.schema.checkpoint import AsynchronousCheckpoint
from clustersim.scenario.schema.maintenance import DatedMaintenance, PeriodicMaintenance, RolloutMaintenance
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.units import format_timestamp
from clustersim.step.feasibility import Problem, feasibility_problems
from clustersim.step.predict import phase_steps

_HOUR_S = 3600.0
_TENANTS = 12
"""Other users of the storage that are told apart: the mean over all who may be busy takes 4,096 terms."""

_RESERVED = {
    PHASE_CHANGE: "a restart between phases",
    RESIZE: "a restart with another number of GPUs",
    TIME_OF_DAY: "what the heat of the day costs",
    BAD_CHECKPOINT: "what cannot be read when it is loaded",
    JOB_START: "the first restart",
    DATA_LOADING: "what a loader of data that is too slow costs",
    **dict.fromkeys(STATES, "a state of the job"),
}
"""Names that the report uses beside those of categories and planned stops, and for what."""


def run_problems(scenario: Scenario) -> list[Problem]:
    """Everything that makes the months-long run impossible, its steps by themselves aside.

    Parameters
    ----------
    scenario : Scenario
        A plan that passed the schema.

    Returns
    -------
    list of (str, str)
        Dotted scenario path and message; empty for a possible plan.
    """
    return [
        *_checkpoint_problems(scenario),
        *tier_problems(scenario),
        *_storage_problems(scenario),
        *_resize_problems(scenario),
        *_maintenance_problems(scenario),
        *_preemption_problems(scenario),
        *_neighbour_problems(scenario),
        *_name_problems(scenario),
        *domain_problems(scenario),
    ]


def plan_problems(scenario: Scenario) -> list[Problem]:
    """Everything that makes a plan impossible, its steps and its run; as :func:`run_problems`.

    What the step model has to be asked for is looked at last: it knows nothing of steps that cannot be made.
    """
    found = [*feasibility_problems(scenario), *run_problems(scenario)]
    return found or [*slowing_problems(scenario), *placement_problems(scenario), *_loading_problems(scenario)]


def _loading_problems(scenario: Scenario) -> Iterator[Problem]:
    """Checkpoints that cannot be written as often as they are taken beside what the loader of the corpus reads."""
    if scenario.corpus is not None and scenario.cluster.storage is not None:
        yield from _checkpoint_problems(with_loading(scenario, phase_steps(scenario)))


def _checkpoint_problems(scenario: Scenario) -> Iterator[Problem]:
    checkpoint = scenario.checkpoint
    if isinstance(checkpoint.interval, str):
        return
    interval_s, size_bytes = checkpoint.interval, checkpoint_size_bytes(scenario)
    _stall_s, write_s = checkpoint_times_s(scenario)
    between_s = interval_s * (checkpoint.every if isinstance(checkpoint, AsynchronousCheckpoint) else 1)
    if between_s < write_s:
        message = (
            f"a checkpoint of {size_bytes / 1e12:.3g} TB takes {write_s:.0f} s to write, longer than the"
            f" {between_s:.0f} s between two; use an interval of {write_s * interval_s / between_s:.0f} s or more,"
            f" or a write_bandwidth of {size_bytes / between_s / 1e9:.3g} GB/s"
        )
        yield "checkpoint.interval", message
    for index, tier in enumerate(tiers_of(checkpoint)):
        if tier.every * interval_s < tier.write:
            message = (
                f"the tier {tier.name!r} takes {tier.write:.0f} s for a checkpoint, longer than the"
                f" {tier.every * interval_s:.0f} s between two; set every to {math.ceil(tier.write / interval_s)}"
            )
            yield f"checkpoint.tiers[{index}].write", message


def _storage_problems(scenario: Scenario) -> Iterator[Problem]:
    storage = scenario.cluster.storage
    if storage is None:
        return
    if scenario.corpus is not None and storage.data_loading > 0.0:
        message = "the loader of the corpus says what the data take; leave this out, or the corpus"
        yield "cluster.storage.data_loading", message
    if storage.data_loading >= storage.bandwidth:
        message = (
            f"the data takes {storage.data_loading / 1e9:.3g} GB/s of the {storage.bandwidth / 1e9:.3g} GB/s that the"
            f" store has, which leaves nothing for checkpoints; raise the bandwidth"
        )
        yield "cluster.storage.data_loading", message
    names = [tenant.name for tenant in storage.tenants]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"cluster.storage.tenants[{index}].name", f"{name!r} is there already; choose another name"
    if len(names) > _TENANTS:
        message = f"{len(names)} tenants are more than {_TENANTS}: put some of them together"
        yield "cluster.storage.tenants", message


def _resize_problems(scenario: Scenario) -> Iterator[Problem]:
    training = scenario.training
    dates = [resize.on for resize in training.resizes]
    for index, on in enumerate(dates):
        path = f"training.resizes[{index}].on"
        if on <= training.start:
            message = f"{on:%Y-%m-%d} is not after the start, {training.start:%Y-%m-%d}; let 'layout' say how it starts"
            yield path, message
        elif on in dates[:index]:
            yield path, f"the size changes on {on:%Y-%m-%d} already (training.resizes[{dates.index(on)}]); keep one"


def _maintenance_problems(scenario: Scenario) -> Iterator[Problem]:
    for index, stop in enumerate(scenario.maintenance):
        if isinstance(stop, DatedMaintenance):
            yield from _date_problems(stop, f"maintenance[{index}]", scenario.training.start)
            continue
        if isinstance(stop, RolloutMaintenance):
            yield from _rollout_problems(stop, f"maintenance[{index}]", scenario)
            continue
        interval_s = stop.every if isinstance(stop, PeriodicMaintenance) else stop.mean_interval
        mean_s = compile_law(stop.duration).mean_s
        if mean_s >= interval_s:
            message = (
                f"planned stop {stop.name!r} lasts {mean_s / _HOUR_S:.3g} h on average and falls due every"
                f" {interval_s / _HOUR_S:.3g} h, which leaves no time to train; make it shorter or rarer"
            )
            yield f"maintenance[{index}].duration", message


def _date_problems(stop: DatedMaintenance, path: str, start: datetime) -> Iterator[Problem]:
    for index, date in enumerate(stop.dates):
        if date < start:
            yield f"{path}.dates[{index}]", f"{_too_early(date, start)}; leave it out, or let the job start earlier"
    mean_s = compile_law(stop.duration).mean_s
    for date, following in pairwise(sorted(stop.dates)):
        if (gap_s := (following - date).total_seconds()) <= mean_s:
            message = (
                f"planned stop {stop.name!r} lasts {mean_s / _HOUR_S:.3g} h on average, and that of"
                f" {format_timestamp(following)} follows {gap_s / _HOUR_S:.3g} h after the one before it; give one date"
                " for both, or make them shorter"
            )
            yield f"{path}.duration", message
            return


def _rollout_problems(rollout: RolloutMaintenance, path: str, scenario: Scenario) -> Iterator[Problem]:
    start = scenario.training.start
    if rollout.start < start:
        yield f"{path}.start", f"{_too_early(rollout.start, start)}; let it begin with the job, or the job earlier"
    if (message := _too_many(rollout.nodes_at_a_time, scenario)) is not None:
        yield f"{path}.nodes_at_a_time", message


def _preemption_problems(scenario: Scenario) -> Iterator[Problem]:
    for index, preemption in enumerate(scenario.preemption):
        if preemption.nodes != "all" and (message := _too_many(preemption.nodes, scenario)) is not None:
            yield f"preemption[{index}].nodes", f"{message}, or all"


def _neighbour_problems(scenario: Scenario) -> Iterator[Problem]:
    if scenario.spares.shared_with is None:
        return
    own, others, nodes = _nodes(scenario), scenario.spares.shared_with.nodes, scenario.cluster.nodes
    if own <= nodes < own + others:
        message = (
            f"of the {nodes:,} nodes of the cluster the job and its spares take {own:,} and leave {nodes - own:,} to"
            f" others; use no more, or set cluster.nodes to {own + others}"
        )
        yield "spares.shared_with.nodes", message


def _nodes(scenario: Scenario) -> int:
    return job_nodes(scenario) + scenario.spares.total


def _too_many(wanted: int, scenario: Scenario) -> str | None:
    """What to say of more nodes than the plan has."""
    nodes = _nodes(scenario)
    return (
        f"the job and its spares have {nodes:,} nodes, fewer than {wanted:,}; use {nodes:,}" if wanted > nodes else None
    )


def _too_early(date: datetime, start: datetime) -> str:
    return f"{format_timestamp(date)} is before the start of the job, {format_timestamp(start)} (training.start)"


def _name_problems(scenario: Scenario) -> Iterator[Problem]:
    """Time lost and interruptions are reported by name, so each name may stand for one thing only."""
    named = [] if scenario.training.optimizer.recipe is None else [(LOSS_SPIKE, "training.optimizer.recipe")]
    named += [(name, f"failures.categories.{name}") for name in scenario.failures.categories]
    named += [(stop.name, f"maintenance[{index}].name") for index, stop in enumerate(scenario.maintenance)]
    named += [(other.name, f"preemption[{index}].name") for index, other in enumerate(scenario.preemption)]
    first: dict[str, str] = {}
    for name, path in named:
        if name in _RESERVED:
            yield path, f"{name!r} is what the report calls {_RESERVED[name]}; choose another name"
        elif name in first:
            yield path, f"{name!r} is also the name at {first[name]}; choose another"
        first.setdefault(name, path)
