"""What theory says of a pipeline: the bubble of equal stages, and a bound for unequal ones that costs no simulation."""

from collections.abc import Sequence
from itertools import accumulate

from clustersim.step.pipeline.schedule import Schedule
from clustersim.step.pipeline.table import check_work, message_times
from clustersim.step.pipeline.work import Work


def equal_bubble_s(
    schedule: Schedule, forward_s: float, backward_s: float, weight_s: float = 0.0, pair_hidden_s: float = 0.0
) -> float:
    """Idle time of every rank of a pipeline of equal chunks without messages.

    Parameters
    ----------
    schedule : Schedule
        The schedule.
    forward_s, backward_s : float
        One micro-batch through one chunk, whole passes [s].
    weight_s : float
        Part of the backward pass for the weights [s], where the schedule splits it.
    pair_hidden_s : float
        What a forward and a backward pass save together [s], under DualPipe.

    Returns
    -------
    float
        ``(p - 1)(F + B)`` of a chunk for GPipe, 1F1B and interleaved 1F1B, so ``(p - 1) / (v m)`` of the work [1]_;
        ``(p - 1)(F + B - 2 W)`` for ZB-H1 [2]_; ``(p/2 - 1)(F&B + B - 3 W)`` for DualPipe [3]_.

    Notes
    -----
    Interleaving needs micro-batches in multiples of the stages; ZB-H1 a backward pass for the weights that takes no
    longer than that for the inputs, and as many micro-batches as stages.

    References
    ----------
    .. [1] Narayanan et al. (2021), arXiv 2104.04473, sections 2.2.1 and 2.2.2; for GPipe Huang et al. (2019), arXiv
       1811.06965, section 2.3.
    .. [2] Qi et al. (2024), arXiv 2401.10241, table 2, where B is the part for the inputs alone.
    .. [3] DeepSeek-AI (2024), arXiv 2412.19437, table 2; a whole backward pass is B, and W a part of it.
    """
    others = schedule.stages - 1
    if schedule.name == "zero-bubble":
        return others * (forward_s + backward_s - 2.0 * weight_s)
    if schedule.name == "dualpipe":
        pair_s = forward_s + backward_s - pair_hidden_s
        return (schedule.stages / 2.0 - 1.0) * (pair_s + backward_s - 3.0 * weight_s)
    return others * (forward_s + backward_s)


def lower_bound_s(schedule: Schedule, work: Work) -> float:
    """Time that the schedule cannot beat, in a few microseconds.

    Parameters
    ----------
    schedule : Schedule
        Its order and size.
    work : Work
        Times of one micro-batch in each chunk of each rank.

    Returns
    -------
    float
        The largest over the ranks of what must come before its first task, its own work, and what must follow its
        last [s]; with one chunk a rank, also what it waits for the ranks behind it at both ends.

    Notes
    -----
    Equal to the simulation for equal stages without messages under GPipe, 1F1B and interleaved 1F1B. For ZB-H1 and
    DualPipe the waits at the end are left out.
    """
    check_work(schedule, work)
    if schedule.name == "dualpipe":
        return _dualpipe_s(schedule, work)
    message_s = min(message_times(schedule, work)) if schedule.stages > 1 else 0.0
    forward_s = [row[0] + message_s for row in work.forward_s]
    backward_s = [row[0] + message_s for row in work.backward_s]
    if schedule.name == "zero-bubble":
        backward_s = [whole - row[0] for whole, row in zip(backward_s, work.weight_s or (), strict=True)]
    count = schedule.micro_batches
    busy_s = [count * (sum(ahead) + sum(back)) for ahead, back in zip(work.forward_s, work.backward_s, strict=True)]
    reach_s = _before(forward_s)
    if schedule.name == "zero-bubble":
        return max(first + own for first, own in zip(reach_s, busy_s, strict=True))
    parts = zip(reach_s, busy_s, _before(backward_s), _waits(schedule, work, forward_s, backward_s), strict=True)
    return max(first + own + last + wait for first, own, last, wait in parts)


def _before(times: Sequence[float]) -> list[float]:
    return list(accumulate(times, initial=0.0))[:-1]


def _waits(schedule: Schedule, work: Work, forward_s: Sequence[float], backward_s: Sequence[float]) -> list[float]:
    """Idle time of each rank while a micro-batch goes round the ranks behind it, less what it does meanwhile."""
    stages, count = schedule.stages, schedule.micro_batches
    if schedule.chunks > 1:
        return [0.0] * stages
    waits: list[float] = []
    for rank in range(stages):
        round_trip_s = sum(forward_s[rank + 1 :]) + sum(backward_s[rank + 1 :])
        others = 0 if schedule.name == "gpipe" else min(stages - rank - 1, count - 1)
        fill_s = max(0.0, round_trip_s - others * work.forward_s[rank][0])
        drain_s = max(0.0, round_trip_s - others * work.backward_s[rank][0])
        # With few micro-batches the first is still on its way when the last sets out: one wait, not two.
        both = schedule.name == "1f1b" and count - 1 > stages - rank - 1
        waits.append(fill_s + drain_s if both else max(fill_s, drain_s))
    return waits


def _dualpipe_s(schedule: Schedule, work: Work) -> float:
    """Nearest half of the pipeline before the first task, and own work with everything hidden that can be."""
    half, stages = schedule.micro_batches // 2, schedule.stages
    down = _before([row[0] for row in work.forward_s])
    up = _before([row[1] for row in reversed(work.forward_s)])[::-1]
    bound = 0.0
    for rank in range(stages):
        own = half * (sum(work.forward_s[rank]) + sum(work.backward_s[rank]))
        hidden = half * sum(work.pair_hidden_s[rank]) if work.pair_hidden_s else 0.0
        bound = max(bound, min(down[rank], up[rank]) + own - hidden)
    return bound
