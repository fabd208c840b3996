"""Loss under a schedule, law of Tissue et al.: what the area of the learning rate gains, and what its fall gains."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MEMORY = 0.999
"""Decay of the annealing momentum per step (Tissue et al. 2024, arXiv 2408.11029, section 3)."""


@dataclass(frozen=True, slots=True)
class TissueLaw:
    """Parameters of one model on one corpus with one batch.

    Parameters
    ----------
    floor_nats : float
        L0, loss after endless training [nats/token].
    scale : float
        A, [nats/token] per unit of ``area**-power``; the area is in units of ``area_unit``.
    power : float
        alpha, no unit.
    annealing : float
        C, [nats/token] per unit of annealing area; the same unit.
    memory : float
        lambda, decay of the annealing momentum per step.
    area_unit : float
        Learning rate times steps in which both areas are counted, so that the other numbers are of order one.
    """

    floor_nats: float
    scale: float
    power: float
    annealing: float
    memory: float = MEMORY
    area_unit: float = 1.0


def forward_area(learning_rates: ArrayLike) -> Floats:
    """S1, sum of the learning rates up to and with each step; of shape (steps,)."""
    return np.cumsum(np.asarray(learning_rates, dtype=np.float64))


def annealing_area(learning_rates: ArrayLike, memory: float = MEMORY) -> Floats:
    """S2, how far and for how long the learning rate has come down from its peak.

    Parameters
    ----------
    learning_rates : array_like of shape (steps,)
        Learning rate of each step, from the first.
    memory : float
        Share of the annealing momentum that is left after a step.

    Returns
    -------
    ndarray of shape (steps,)
        ``S2[s] = sum over i <= s, k <= i of (lr[k-1] - lr[k]) * memory**(i - k)``, by two linear recursions. What the
        warm-up rises by is not counted: annealing begins with the first fall.

    References
    ----------
    .. [1] Tissue, H. et al. (2024), Scaling Law with Learning Rate Annealing. arXiv 2408.11029, eq. 1.

    Examples
    --------
    >>> annealing_area([1.0, 1.0, 0.5, 0.5], 0.5).tolist()
    [0.0, 0.0, 0.5, 0.75]
    """
    from scipy.signal import lfilter

    momentum = lfilter([1.0], [1.0, -memory], falls(learning_rates))
    return np.asarray(np.cumsum(momentum))


def falls(learning_rates: ArrayLike) -> Floats:
    """By how much each step's learning rate lies below that of the step before; the warm-up's rise is left out."""
    rates = np.asarray(learning_rates, dtype=np.float64)
    fall = -np.diff(rates, prepend=rates[:1])
    fall[: int(np.argmax(fall > 0.0)) if np.any(fall > 0.0) else len(fall)] = 0.0
    return fall


def tissue_loss(law: TissueLaw, learning_rates: ArrayLike) -> Floats:
    """Loss after each step, ``L = L0 + A * S1**-alpha - C * S2``.

    Parameters
    ----------
    law : TissueLaw
        Parameters of the model.
    learning_rates : array_like of shape (steps,)
        Learning rate of each step, from the first, warm-up included.

    Returns
    -------
    ndarray of shape (steps,)
        Loss [nats/token]; it means something after the warm-up.

    References
    ----------
    .. [1] Tissue, H. et al. (2024), Scaling Law with Learning Rate Annealing. arXiv 2408.11029, eq. 1.
    """
    forward = forward_area(learning_rates) / law.area_unit
    down = annealing_area(learning_rates, law.memory) / law.area_unit
    # A first step at a learning rate of zero has no area yet; the smallest float stands in for it.
    power = np.maximum(forward, np.finfo(np.float64).tiny) ** -law.power
    return np.asarray(law.floor_nats + law.scale * power - law.annealing * down)
