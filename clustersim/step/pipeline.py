"""How long a pipeline takes: closed forms of 1F1B and interleaved 1F1B with uneven stages."""

from collections.abc import Sequence
from dataclasses import dataclass


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


def pipeline_time(
    forward_s: Sequence[float], backward_s: Sequence[float], chunks: int, micro_batches: int
) -> PipelineTime:
    """Time of one step's micro-batches through a pipeline whose stages need not be equal.

    Parameters
    ----------
    forward_s, backward_s : sequence of float, shape (stages,)
        Time of one micro-batch through all chunks of each stage [s].
    chunks : int
        Model chunks per stage.
    micro_batches : int
        Micro-batches per replica and step.

    Returns
    -------
    PipelineTime
        The slowest stage works through every micro-batch. It waits for the stages before it at both ends, and for the
        first and the last micro-batch to go round the ``d`` stages behind it, less the ``d`` passes it has in hand
        meanwhile. With ``p`` equal stages idle over useful time is ``(p - 1) / (chunks * micro_batches)`` [1]_.

    Notes
    -----
    A lower bound of 1F1B, reached when no faster stage delays the slowest one; interleaving divides the waits by the
    number of chunks, which needs ``micro_batches`` to be a multiple of the number of stages.

    References
    ----------
    .. [1] Narayanan et al. (2021), arXiv 2104.04473, section 2.2.
    """
    both_s = [forward + backward for forward, backward in zip(forward_s, backward_s, strict=True)]
    slowest_s = max(both_s)
    stage = both_s.index(slowest_s)
    behind = len(both_s) - stage - 1
    round_trip_s = sum(both_s[stage + 1 :])
    fill_s = max(0.0, round_trip_s - min(behind, micro_batches - 1) * forward_s[stage])
    drain_s = max(0.0, round_trip_s - min(behind, micro_batches - 1) * backward_s[stage])
    waits_s = sum(both_s[:stage]) + (fill_s + drain_s if micro_batches > 1 else round_trip_s)
    return PipelineTime(critical_stage=stage, busy_s=micro_batches * slowest_s, bubble_s=waits_s / chunks)
