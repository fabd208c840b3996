"""What the steps of a run ask of the store and the nodes, and how often they wait for it."""

import math
from dataclasses import dataclass, replace

from clustersim.run.compile.loading import cached_share, node_limits_bytes_s, step_reads
from clustersim.run.compile.size import nodes_of
from clustersim.run.loading import slowdowns
from clustersim.run.plan import LoadingPlan, PhasePlan, RunPlan
from clustersim.run.storage import demands_of_others
from clustersim.scenario.schema.corpus import Corpus
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Phase

Interval = tuple[float, float, float]
"""The 5 %, 50 % and 95 % quantiles."""

_Z90 = 1.6448536269514722
"""Standard deviations to the 95 % quantile."""


@dataclass(frozen=True, slots=True)
class PhaseLoad:
    """One phase, at the size that the job has at first."""

    phase: str
    demand_bytes_s: Interval
    """That the steps use, were their data always there [B/s]."""
    read_bytes_s: float
    """That has to be read for it, in whole blocks, with the median step [B/s]."""
    reads_per_s: float
    """Reads per second, with the median step."""
    files_per_s: float
    """Files of the corpus that are used up per second, with the median step."""
    supply_bytes_s: dict[str, float]
    """What the ``store``, ``network``, ``cpu``, ``cache`` and ``reads`` can give of what the steps use [B/s]."""
    cached_share: float
    """Of the data in epochs after the first."""
    starved: Interval
    """Share of the time in which the GPUs wait for data."""

    @property
    def tightest(self) -> str:
        """Where there is least to spare; empty where there is no limit at all."""
        return min(self.supply_bytes_s, key=lambda name: self.supply_bytes_s[name], default="")

    @property
    def slowdown(self) -> Interval:
        """Factor on the time of a step."""
        low, mid, high = (1.0 / (1.0 - share) for share in self.starved)
        return low, mid, high


def phase_loads(scenario: Scenario, plan: RunPlan) -> tuple[PhaseLoad, ...]:
    """Demand and supply of every phase.

    Parameters
    ----------
    scenario : Scenario
        With a corpus.
    plan : RunPlan
        The same, compiled: its phases have their step times and the spread of these.

    Returns
    -------
    tuple of PhaseLoad
        Intervals are those of the step time: the faster the steps, the more they ask for. Supplies do not vary; what
        others take of the store is in the share of the time that is starved.
    """
    if scenario.corpus is None or plan.loading is None:
        return ()
    return tuple(
        _load(scenario, scenario.corpus, plan, number, phase, timed)
        for number, (phase, timed) in enumerate(zip(scenario.training.phases, plan.phases, strict=True))
    )


def _load(scenario: Scenario, corpus: Corpus, plan: RunPlan, number: int, phase: Phase, timed: PhasePlan) -> PhaseLoad:
    reads = step_reads(corpus, phase)
    steps_s = [timed.step_time_s * math.exp(timed.step_sigma * z) for z in (_Z90, 0.0, -_Z90)]
    low, mid, high = (reads.bytes / step_s for step_s in steps_s)
    starved = [starved_time(plan, number, step_s) for step_s in steps_s]
    nodes = nodes_of(scenario, scenario.training.layout_of(phase))
    kept, _first = cached_share(scenario, corpus, nodes)
    return PhaseLoad(
        phase=phase.name,
        demand_bytes_s=(low, mid, high),
        read_bytes_s=reads.read_bytes / steps_s[1],
        reads_per_s=reads.reads / steps_s[1],
        files_per_s=reads.bytes / corpus.loader.shard / steps_s[1],
        supply_bytes_s=_supplies(scenario, corpus, nodes, reads.bytes / reads.read_bytes, reads.bytes / reads.reads),
        cached_share=kept,
        starved=(starved[0], starved[1], starved[2]),
    )


def _supplies(scenario: Scenario, corpus: Corpus, nodes: int, used_share: float, read_bytes: float) -> dict[str, float]:
    """What each can give of what the steps use, if it gave nothing to anybody else [B/s]."""
    storage, limits = scenario.cluster.storage, node_limits_bytes_s(scenario, corpus.loader, nodes)
    supplies = {**limits, "network": limits["network"] * used_share}
    if storage is not None:
        supplies["store"] = storage.bandwidth * used_share
        if storage.reads is not None:
            supplies["reads"] = storage.reads * read_bytes
    return supplies


def starved_time(plan: RunPlan, phase: int, step_s: float) -> float:
    """Share of the time in which a phase waits for data, over the times at which others use the store too.

    Parameters
    ----------
    plan : RunPlan
        With a loader.
    phase : int
        Number of the phase.
    step_s : float
        Time of its step, were the data always there [s].
    """
    loading, storage = plan.loading, plan.checkpoint.storage
    if loading is None:
        return 0.0
    alone = replace(loading, courses=((loading.courses[0][phase],),))
    course = ((replace(plan.phases[phase], step_time_s=step_s),),)
    others = [(1.0, [])] if storage is None else demands_of_others(storage)
    return math.fsum(chance * (1.0 - 1.0 / slowdowns(alone, course, demands)[0]) for chance, demands in others)


def outlasting_stalls_per_day(loading: LoadingPlan, step_s: float) -> float:
    """Stalls of the store in a day that outlast what is read ahead, if the buffer is full when they begin."""
    if loading.stalls is None:
        return 0.0
    cycle_s = loading.stalls.mean_between_s + loading.stalls.mean_s
    return 86400.0 / cycle_s * math.exp(-loading.prefetch_steps * step_s / loading.stalls.mean_s)
