"""Loss under a schedule, multi-power law of Luo et al.: every fall of the learning rate pays off along a power law."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clustersim.learning.loss.tissue import falls

Floats = NDArray[np.float64]

BLOCKS = 400
"""Falls of the learning rate are summed in at most so many groups: a decay of a million steps costs no more than one of
a thousand, to within 1e-4 nats."""


@dataclass(frozen=True, slots=True)
class MultiPowerLaw:
    """Parameters of one model on one corpus with one batch.

    Parameters
    ----------
    floor_nats : float
        L0, loss after endless training [nats/token].
    scale, power : float
        A and alpha of the area of the learning rate (in learning rate times steps).
    annealing : float
        B, [nats/token] per unit of learning rate.
    speed : float
        C, how fast a fall pays off.
    shape : float
        beta, power with which it saturates.
    rate_power : float
        gamma, power of the learning rate fallen to.
    """

    floor_nats: float
    scale: float
    power: float
    annealing: float
    speed: float
    shape: float
    rate_power: float


def multi_power_loss(law: MultiPowerLaw, learning_rates: ArrayLike, steps: ArrayLike | None = None) -> Floats:
    """Loss after the given steps of a schedule.

    Parameters
    ----------
    law : MultiPowerLaw
        Parameters of the model.
    learning_rates : array_like of shape (steps,)
        Learning rate of each step, from the first, warm-up included.
    steps : array_like of int, optional
        Steps to speak of, counted from 1; all when omitted.

    Returns
    -------
    ndarray
        ``L = L0 + A * S**-alpha - B * sum over falls k of (lr[k-1] - lr[k]) * G(lr[k]**-gamma * S_k)`` with
        ``G(x) = 1 - (C * x + 1)**-beta``, S the area up to the step and S_k that from step k on [nats/token]. It means
        something after the warm-up, whose rise is not counted among the falls.

    References
    ----------
    .. [1] Luo, K. et al. (2025), A Multi-Power Law for Loss Curve Prediction Across Learning Rate Schedules. ICLR 2025,
       arXiv 2503.12811, eq. 2.
    """
    rates = np.asarray(learning_rates, dtype=np.float64)
    at = np.arange(1, len(rates) + 1) if steps is None else np.asarray(steps, dtype=np.int64)
    area = np.cumsum(rates)
    fall, fallen_to, before = joined_falls(rates)
    here = area[at - 1]
    # A first step at a learning rate of zero has no area yet; the smallest float stands in for it.
    base = law.floor_nats + law.scale * np.maximum(here, np.finfo(np.float64).tiny) ** -law.power
    paid = np.zeros_like(base)
    for drop, rate, start in zip(fall.tolist(), fallen_to.tolist(), before.tolist(), strict=True):
        since = np.maximum(here - start, 0.0)
        paid += drop * (1.0 - (law.speed * max(rate, 1e-12) ** -law.rate_power * since + 1.0) ** -law.shape)
    return np.asarray(base - law.annealing * paid)


def joined_falls(learning_rates: Floats, blocks: int = BLOCKS) -> tuple[Floats, Floats, Floats]:
    """Changes of the learning rate after the warm-up, neighbours joined where they are small.

    Returns
    -------
    fall, fallen_to, area_before : ndarray
        How far each group falls, the learning rate in its middle, and the area up to its middle.
    """
    change = falls(learning_rates)
    where = np.flatnonzero(change)
    if not len(where):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    area_before = np.cumsum(learning_rates) - learning_rates
    sizes = np.abs(change[where])
    group = np.minimum(((np.cumsum(sizes) - 0.5 * sizes) / sizes.sum() * blocks).astype(np.int64), blocks - 1)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    weight = np.add.reduceat(sizes, starts)

    def middle(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(sizes * values[where], starts) / weight)

    return np.add.reduceat(change[where], starts), middle(learning_rates), middle(area_before)
