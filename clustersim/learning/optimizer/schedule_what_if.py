"""What another schedule or another peak does to the final loss, as a difference with its interval."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from clustersim._numerals import times
from clustersim.learning.loss.curve import Annealing, annealing_excess, annealing_of
from clustersim.learning.loss.forecast import final_loss
from clustersim.learning.loss.law import LossLaw
from clustersim.learning.optimizer.peak import FACTOR, peak_penalty
from clustersim.learning.optimizer.schedules import BatchRamp, Schedule, sampled
from clustersim.learning.quantiles import Quantiles

BEST_PEAK_SPREAD = math.log(2.0)
"""How well a plan's peak is known to be the best, as a standard deviation of its logarithm: an assumption. Rules for
the best peak of one run (DeepSeek LLM 2024, Step Law 2025) lie about a factor of two apart."""
RANKS = 400


class Difference(Quantiles):
    """A change of the final loss [nats/token], positive for a worse one."""

    remarks: list[str]


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a run under a schedule.

    Attributes
    ----------
    loss_nats : float
        Median of the final loss [nats/token].
    term : float
        Logarithm of the loss that its last learning rate adds to the law of final losses.
    """

    loss_nats: float
    term: float


def ended(law: LossLaw, parameters: float, ramp: BatchRamp, schedule: Schedule, annealing: Annealing) -> Ended:
    """Where a run ends, by the law of final losses read at its area of the learning rate."""
    excess = annealing_excess(*sampled(schedule, ramp), annealing, peak=1.0)
    loss = float(np.median(final_loss(law, parameters, float(excess.effective_tokens[-1]))))
    relative = float(excess.relative[-1])
    return Ended(loss * (1.0 + relative), math.log1p(relative))


def schedule_what_if(
    law: LossLaw,
    parameters: float,
    ramp: BatchRamp,
    base: Schedule,
    variant: Schedule,
    *,
    peak_factor: float = 1.0,
    base_times_best: float = 1.0,
) -> Difference:
    """Change of the final loss by another schedule, another peak, or both.

    Parameters
    ----------
    law : LossLaw
        The law of final losses.
    parameters : float
        Parameters of the model, counted as the law counts them.
    ramp : BatchRamp
        The phases, the same for both.
    base, variant : Schedule
        As planned, and instead.
    peak_factor : float
        Peak of the variant over that of the plan.
    base_times_best : float
        Peak of the plan over the best one for it, where a rule for the best is at hand.

    Returns
    -------
    Difference
        Quantiles of loss of the variant minus loss of the plan. What both have in common cancels: the interval is that
        of the annealing strength, of what the correction leaves, and of how well the best peak is known.

    Notes
    -----
    The laws speak of learning rates as shares of the peak, at peaks near the best. What another peak costs is the
    quadratic of :func:`clustersim.learning.optimizer.peak.peak_penalty` through published medians, and its chance to
    diverge is not in it.
    """
    annealing = annealing_of(law.name)
    before, after = (ended(law, parameters, ramp, schedule, annealing) for schedule in (base, variant))
    normal = np.array([NormalDist().inv_cdf((rank + 0.5) / RANKS) for rank in range(RANKS)])
    spread = 0.0 if variant == base else _spread(annealing, before, after)
    by_schedule = after.loss_nats - before.loss_nats + before.loss_nats * spread * normal
    by_peak = after.loss_nats * _peak_draws(normal, peak_factor, base_times_best)
    # Every quantile of the one with every quantile of the other: they have nothing to do with each other.
    p5, p50, p95 = np.percentile(by_schedule[:, None] + by_peak[None, :], (5.0, 50.0, 95.0)).tolist()
    return {"p5": p5, "p50": p50, "p95": p95, "remarks": _remarks(law, annealing, peak_factor, base_times_best)}


def _spread(annealing: Annealing, before: Ended, after: Ended) -> float:
    return math.hypot(annealing.strength_error * (after.term - before.term), annealing.residual)


def _peak_draws(normal: np.ndarray, factor: float, base_times_best: float) -> np.ndarray:
    if factor == 1.0:
        return np.zeros_like(normal)
    base = base_times_best * np.exp(BEST_PEAK_SPREAD * normal)
    return peak_penalty(factor * base) - peak_penalty(base)


def _remarks(law: LossLaw, annealing: Annealing, factor: float, base_times_best: float) -> list[str]:
    remarks = []
    if annealing.name != law.name:
        remarks.append(
            f"'{law.name}' has no annealing constants of its own; those of other corpora stand in, with their spread"
        )
    if factor != 1.0:
        remarks.append(
            "the law of schedules knows peaks near the best alone; what another costs is quadratic in its logarithm "
            "through the medians of Step Law (arXiv 2503.04715): 2.3 % of the loss for four times too high, 1.1 % for "
            "four times too low; a run that diverges is not in it"
        )
    off = factor * base_times_best
    if not 1.0 / FACTOR <= off <= FACTOR:
        remarks.append(f"{times(off)} the best peak is beyond the published factor of four: an extrapolation")
    return remarks
