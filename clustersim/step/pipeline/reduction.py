"""The reduction of gradients beside the end of a pipeline, and the gathering of weights beside its beginning."""

from collections.abc import Sequence


def reduction_end_s(
    ready_s: Sequence[float],
    reduce_s: Sequence[float],
    passes_s: Sequence[float] | None = None,
    buckets: int = 1,
    shares: Sequence[float] = (),
) -> float:
    """When the gradients of all chunks of a rank are reduced, one chunk after the other as they become final.

    Parameters
    ----------
    ready_s : sequence of float, shape (chunks,)
        When the gradients of each chunk are final [s]; a row of
        :attr:`~clustersim.step.pipeline.run.PipelineRun.gradient_ready_s`.
    reduce_s : sequence of float, shape (chunks,)
        Time of the reduction of each [s].
    passes_s : sequence of float, shape (chunks,), optional
        Time of the backward pass that made them final [s].
    buckets : int
        Equal parts of a chunk's gradients that become final evenly over that pass, and are reduced one by one.
    shares : sequence of float
        Parts that are not equal, in the order in which they become final: their shares of a chunk's gradients, and of
        that pass. They replace `buckets`.

    Returns
    -------
    float
        End of the last one [s]. Less the end of the pipeline it is what the step waits for.

    Examples
    --------
    >>> reduction_end_s([10.0, 6.0], [2.0, 3.0])
    12.0
    >>> reduction_end_s([10.0], [2.0], [4.0], buckets=4)
    10.5
    >>> reduction_end_s([10.0], [2.0], [4.0], shares=[0.25, 0.75])
    11.5
    """
    end_s = 0.0
    passes = passes_s or [0.0] * len(ready_s)
    for ready, reduction, backward in sorted(zip(ready_s, reduce_s, passes, strict=True)):
        left = 1.0
        for share in shares:
            left -= share
            end_s = max(end_s, ready - backward * left) + reduction * share
        if shares:
            continue
        first = ready - backward * (1.0 - 1.0 / buckets)
        end_s = max(max(end_s, first) + reduction, ready + reduction / buckets)
    return end_s


def gathering_delay_s(
    needed_s: Sequence[float], gather_s: Sequence[float], passes_s: Sequence[float], buckets: int = 1
) -> float:
    """How much too late the weights come that forward passes wait for, gathered in the order of need [s].

    Parameters
    ----------
    needed_s : sequence of float, shape (chunks,)
        When each chunk first needs its weights, the gathering having begun at 0 [s].
    gather_s, passes_s : sequence of float, shape (chunks,)
        Time to gather them, and of the forward pass that needs them part by part [s].
    buckets : int
        Equal parts of a chunk.

    Examples
    --------
    >>> gathering_delay_s([0.0], [4.0], [6.0], buckets=2)
    2.0
    """
    arrived_s = late_s = 0.0
    for needed, gather, forward in sorted(zip(needed_s, gather_s, passes_s, strict=True)):
        first, arrived_s = arrived_s + gather / buckets, arrived_s + gather
        late_s = max(late_s, first - needed, arrived_s - needed - forward * (1.0 - 1.0 / buckets))
    return late_s
