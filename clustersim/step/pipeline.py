"""How long a pipeline takes: closed forms of 1F1B and interleaved 1F1B with uneven stages."""

from collections.abc import Sequence
from dataclasses import dataclass


def bubble_fraction(stages: int, chunks: int, micro_batches: int) -> float:
    """Idle time over useful time of a pipeline of equal stages.

    Parameters
    ----------
    stages : int
        Pipeline stages.
    chunks : int
        Model chunks per stage (1: plain 1F1B).
    micro_batches : int
        Micro-batches per replica and step.

    Returns
    -------
    float
        ``(stages - 1) / (chunks * micro_batches)``, dimensionless.

    References
    ----------
    .. [1] Narayanan et al. (2021), arXiv 2104.04473, section 2.2.
    """
    return (stages - 1) / (chunks * micro_batches)


@dataclass(frozen=True, slots=True)
class PipelineTime:
    """Time of all micro-batches through the pipeline: the slowest stage at work, and what it waits for [s]."""

    critical_stage: int
    busy_s: float
    bubble_s: float

    @property
    def total_s(self) -> float:
        """Work and bubble [s]."""
        return self.busy_s + self.bubble_s


def pipeline_time(stage_s: Sequence[float], chunks: int, micro_batches: int) -> PipelineTime:
    """Time of one step's micro-batches through a pipeline whose stages need not be equal.

    Parameters
    ----------
    stage_s : sequence of float, shape (stages,)
        Forward and backward time of one micro-batch through all chunks of each stage [s].
    chunks : int
        Model chunks per stage.
    micro_batches : int
        Micro-batches per replica and step.

    Returns
    -------
    PipelineTime
        The slowest stage works through every micro-batch; filling and draining costs one pass of the others, divided
        by the number of chunks. With equal stages this is :func:`bubble_fraction`.

    Notes
    -----
    Exact for 1F1B when the slowest stage is never starved, a lower bound otherwise. Interleaving needs
    ``micro_batches`` to be a multiple of the number of stages to reach it.
    """
    slowest_s = max(stage_s)
    return PipelineTime(
        critical_stage=list(stage_s).index(slowest_s),
        busy_s=micro_batches * slowest_s,
        bubble_s=(sum(stage_s) - slowest_s) / chunks,
    )
