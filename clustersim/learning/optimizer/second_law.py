"""What another schedule changes by the multi-power law: a second opinion beside the law of annealing."""

from dataclasses import replace
from typing import TypedDict

import numpy as np

from clustersim.learning.loss.multi_power import MultiPowerLaw, multi_power_loss
from clustersim.learning.loss.schedule_laws import largest_area, multi_power_laws
from clustersim.learning.optimizer.schedules import Schedule, area, share

GRID = 5000
"""Stretches of equal length that a schedule is cut into: finer ones change nothing by 1e-4 of the loss."""


class SecondOpinion(TypedDict):
    """Change of the final loss by the laws of the smallest, the median and the largest change [nats/token]."""

    low: float
    middle: float
    high: float


def multi_power_change(base: Schedule, variant: Schedule, loss_nats: float) -> SecondOpinion:
    """Change of the final loss by another schedule of as many steps.

    Parameters
    ----------
    base, variant : Schedule
        As planned, and instead.
    loss_nats : float
        Final loss as planned [nats/token].

    Notes
    -----
    The laws were fitted to models of 25M to 400M parameters on one corpus. What they say of the plan is the relative
    change that each sees for its own model, at the area of the learning rate of the plan.

    References
    ----------
    .. [1] Luo, K. et al. (2025), A Multi-Power Law for Loss Curve Prediction Across Learning Rate Schedules. ICLR 2025,
       arXiv 2503.12811.
    """
    laws = multi_power_laws().values()
    changes = sorted(loss_nats * (_final(law, variant) / _final(law, base) - 1.0) for law in laws)
    return {"low": changes[0], "middle": float(np.median(changes)), "high": changes[-1]}


def beyond_the_laws(schedule: Schedule) -> float:
    """Area of the learning rate of a schedule over the largest that the laws were fitted to."""
    return float(area(schedule, schedule.steps)) / largest_area()


def _final(law: MultiPowerLaw, schedule: Schedule) -> float:
    """Loss at the end of a schedule [nats/token], worked out over stretches of many steps."""
    steps = schedule.steps / GRID
    shares = share(schedule, (np.arange(GRID) + 0.5) * steps)
    stretched = replace(law, scale=law.scale * steps**-law.power, speed=law.speed * steps)
    return float(multi_power_loss(stretched, shares, [GRID])[0])
