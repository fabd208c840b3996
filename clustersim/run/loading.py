"""Data that come too slowly: how long a step takes when the store, the network or the CPUs feed it."""

import math
from collections.abc import Iterable, Sequence

from clustersim.run.plan import LoadingPlan, PassPlan, PhasePlan, StallsPlan
from clustersim.run.storage import fair_share_bytes_s

_FLAT = 1e-9
"""Below this an exponent is taken for its limit."""


def starved_share(supply_ratio: float, buffer_s: float, stalls: StallsPlan | None) -> float:
    """Share of the time in which a job that reads ahead waits for data.

    The store gives ``supply_ratio`` times what the job uses, or in a stall nothing. What it gives too much fills a
    buffer that lasts the job ``buffer_s``; the job stands still while the buffer is empty and the store gives too
    little, so it is a fluid queue that a two-state Markov chain feeds.

    Parameters
    ----------
    supply_ratio : float
        Supply over demand, outside of stalls; infinite where it is no limit.
    buffer_s : float
        What is read ahead, in time of the job [s].
    stalls : StallsPlan or None
        Stalls of the store, if it has any.

    Returns
    -------
    float
        Between 0 and 1; steps take ``1 / (1 - share)`` times as long.

    Notes
    -----
    With ``r = supply_ratio - 1 > 0``, stalls that begin at rate ``a`` and end at rate ``b``, and ``k = b - a / r``, the
    density of the buffer is proportional to ``exp(k x)`` in either state, and the atom at the empty buffer is

        P = (r / b) / [(1 + r) (exp(k B) - 1) / k  +  r exp(k B) / a  +  r / b].

    Without a buffer that is the share of the stalls, ``a / (a + b)``; with an instant refill it is that times
    ``exp(-b B)``, the chance that a stall outlasts the buffer. With ``r <= 0`` the buffer is never filled.

    References
    ----------
    .. [1] Anick, D., Mitra, D. and Sondhi, M. M. (1982), Stochastic theory of a data-handling system with multiple
       sources. Bell System Technical Journal 61(8).

    Examples
    --------
    >>> starved_share(0.5, 60.0, None)
    0.5
    >>> round(starved_share(math.inf, 60.0, StallsPlan(940.0, 60.0)), 4)
    0.0221
    """
    fed = min(1.0, supply_ratio)
    if stalls is None:
        return 1.0 - fed
    begin, end = 1.0 / stalls.mean_between_s, 1.0 / stalls.mean_s
    if supply_ratio <= 1.0:
        return 1.0 - fed * end / (begin + end)
    if math.isinf(supply_ratio):
        return begin / (begin + end) * math.exp(-end * buffer_s)
    refill = supply_ratio - 1.0
    exponent = (end - begin / refill) * buffer_s
    # All terms over exp(k B) where that is large, so that none overflows.
    scale = math.exp(-max(exponent, 0.0))
    full = math.exp(min(exponent, 0.0))
    between_s = buffer_s if abs(exponent) < _FLAT else -math.expm1(-abs(exponent)) / abs(exponent) * buffer_s
    empty = scale * refill / end
    return empty / ((1.0 + refill) * between_s + full * refill / begin + empty)


def step_slowdown(supply_ratio: float, buffer_s: float, stalls: StallsPlan | None) -> float:
    """Factor on the time of a step that waits for its data; see :func:`starved_share`."""
    return 1.0 / (1.0 - starved_share(supply_ratio, buffer_s, stalls))


def slowdowns(
    plan: LoadingPlan, courses: Sequence[Sequence[PhasePlan]], others_bytes_s: Iterable[float]
) -> tuple[float, ...]:
    """Least factor on the time of a step in each phase, at one size of the job after the other.

    Parameters
    ----------
    plan : LoadingPlan
        What each step reads.
    courses : sequence of sequence of PhasePlan
        The phases at each size, with their step times.
    others_bytes_s : iterable of float
        What others ask of the store now [B/s].
    """
    others = [demand for demand in others_bytes_s if demand > 0.0]
    alone = _supply_bytes_s(plan, others)
    writing = _supply_bytes_s(plan, [*others, plan.write_bytes_s]) if plan.write_share > 0.0 else alone
    return tuple(
        sum(one.share * _mean_slowdown(plan, one, phase.step_time_s, alone, writing) for one in passes)
        for phases, course in zip(courses, plan.courses, strict=True)
        for phase, passes in zip(phases, course, strict=True)
    )


def data_s(one: PassPlan, supply_bytes_s: float) -> float:
    """Time in which the data of a step arrive [s]."""
    return max(one.own_s, one.store_bytes / supply_bytes_s)


def _supply_bytes_s(plan: LoadingPlan, others_bytes_s: Sequence[float]) -> float:
    if math.isinf(plan.bandwidth_bytes_s):
        return math.inf
    return fair_share_bytes_s(plan.bandwidth_bytes_s, plan.bandwidth_bytes_s, others_bytes_s)


def _mean_slowdown(plan: LoadingPlan, one: PassPlan, step_s: float, alone: float, writing: float) -> float:
    """Factor over the times in which a checkpoint is written and those in which none is."""
    speed = 0.0
    for share, supply_bytes_s in ((1.0 - plan.write_share, alone), (plan.write_share, writing)):
        if share > 0.0:
            needed_s = data_s(one, supply_bytes_s)
            ratio = step_s / needed_s if needed_s > 0.0 else math.inf
            speed += share / step_slowdown(ratio, plan.prefetch_steps * step_s, plan.stalls)
    return max(1.0, 1.0 / speed)
