"""What it takes to make a corpus: hours of cores and GPUs, storage and money, stage by stage."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clustersim.scenario.schema.corpus import TOKENIZED, Corpus, CorpusStage, StageKind
from clustersim.workload.corpus import Amounts, chained_amounts

HOURS_FACTOR = 3.5
"""90 % interval of the hours of a stage, as a factor either way.

Two published runs of one and the same pipeline (cc_net, one snapshot of Common Crawl) took 45,000 core-hours (CCNet,
arXiv 1911.00359, 2019: 9 h on 5,000 cores) and 3,100 to 4,600 (the authors of RedPajama-1T on GitHub, 2023: two to
three days on 64 cores): a factor of twelve between them, which is taken for the width of the interval.
"""

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class StageWork:
    """One stage of the funnel: what goes in, what comes out, and what it takes."""

    name: str
    kind: StageKind
    before: Amounts
    after: Amounts
    core_hours: float
    gpu_hours: float
    wall_s: float
    """On all cores or GPUs that build the corpus [s]."""
    stored_bytes: float
    """Written to the store [bytes]."""
    timed: bool
    """Whether its speed is known; else its hours are not counted."""


@dataclass(frozen=True, slots=True)
class FunnelWork:
    """All stages, one after the other."""

    stages: tuple[StageWork, ...]

    @property
    def core_hours(self) -> float:
        """Hours of CPU cores."""
        return math.fsum(stage.core_hours for stage in self.stages)

    @property
    def gpu_hours(self) -> float:
        """Hours of GPUs."""
        return math.fsum(stage.gpu_hours for stage in self.stages)

    @property
    def wall_s(self) -> float:
        """Time to build it [s]."""
        return math.fsum(stage.wall_s for stage in self.stages)

    @property
    def stored_bytes(self) -> float:
        """Written to the store by all stages [bytes]."""
        return math.fsum(stage.stored_bytes for stage in self.stages)

    @property
    def final_bytes(self) -> float:
        """What the last stage that writes anything leaves in the store [bytes]."""
        return next((stage.stored_bytes for stage in reversed(self.stages) if stage.stored_bytes), 0.0)


@dataclass(frozen=True, slots=True)
class FunnelCost:
    """What it costs [USD]."""

    cores_usd: float
    gpus_usd: float
    storage_usd: float

    @property
    def total_usd(self) -> float:
        """All of it."""
        return self.cores_usd + self.gpus_usd + self.storage_usd


def funnel_work(corpus: Corpus) -> FunnelWork:
    """Chain the stages of a corpus.

    Parameters
    ----------
    corpus : Corpus
        Stages with their yields and speeds; see :func:`clustersim.workload.corpus.after_stage` for how a yield of one
        unit is taken for the others.

    Returns
    -------
    FunnelWork
        Without a stage where the corpus has no funnel.

    Notes
    -----
    A stage begins when the one before is done, and every stage has all cores or all GPUs. That is how deduplication
    works, which has to see everything; filters of single documents could run at the same time as what comes before, on
    the same machines, in the same time.
    """
    chain = chained_amounts(corpus)
    return FunnelWork(
        tuple(
            _stage_work(name, stage, before, after, corpus)
            for (name, stage), before, after in zip(corpus.stages.items(), chain[:-1], chain[1:], strict=True)
        )
        if chain
        else ()
    )


def stage_hours(stage: CorpusStage, before: Amounts, after: Amounts) -> float:
    """Hours of one core, or of one GPU, that a stage takes; 0 where its speed is not known.

    Examples
    --------
    FineWeb-Edu scored 15T tokens in 6,000 hours of an H100.

    >>> from clustersim.scenario.units import parse_speed
    >>> stage = CorpusStage(kind="model_filter", speed=parse_speed("694k tokens/s per GPU"))
    >>> text = Amounts(60e12, 15e9, 15e12)
    >>> round(stage_hours(stage, text, text), -1)
    6000.0
    """
    if stage.speed is None:
        return 0.0
    counted = before if stage.speed_of == "input" else after
    return counted.in_unit(stage.speed.unit) / stage.speed.per_second / _HOUR_S


def _stage_work(name: str, stage: CorpusStage, before: Amounts, after: Amounts, corpus: Corpus) -> StageWork:
    hours = stage_hours(stage, before, after)
    on_gpus = stage.speed is not None and stage.speed.processor == "gpu"
    written_bytes = after.tokens * corpus.token_size if stage.kind in TOKENIZED else after.bytes * corpus.disk_ratio
    return StageWork(
        name=name,
        kind=stage.kind,
        before=before,
        after=after,
        core_hours=0.0 if on_gpus else hours,
        gpu_hours=hours if on_gpus else 0.0,
        wall_s=hours * _HOUR_S / (corpus.gpus if on_gpus else corpus.cores),
        stored_bytes=written_bytes if stage.written else 0.0,
        timed=stage.speed is not None,
    )


def funnel_cost(corpus: Corpus, work: FunnelWork, kept_s: float = 0.0) -> FunnelCost:
    """What it costs to make the corpus and to keep it.

    Parameters
    ----------
    corpus : Corpus
        Its prices.
    work : FunnelWork
        What it takes.
    kept_s : float
        How long the finished corpus is kept after the build: the margin and the run [s]. What the other stages wrote
        is kept until the build is over.
    """
    prices = corpus.prices
    byte_seconds = work.stored_bytes * work.wall_s + work.final_bytes * kept_s
    return FunnelCost(
        work.core_hours * _HOUR_S * prices.core, work.gpu_hours * _HOUR_S * prices.gpu, byte_seconds * prices.storage
    )


def untimed(stages: Sequence[StageWork]) -> list[str]:
    """Names of the stages whose hours are not counted."""
    return [stage.name for stage in stages if not stage.timed]
