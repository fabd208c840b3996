"""The learning rate as a function of the step: nothing to save and nothing to restore."""

import math

from validation.gpt.config import Training


def learning_rate(train: Training, step: int) -> float:
    """Learning rate of a step.

    Parameters
    ----------
    train : Training
        Peak, floor, warm-up and schedule.
    step : int
        The step, counted from 1.

    Returns
    -------
    float
        Linear over the warm-up, the peak at its last step; then by schedule, so that the last step of ``cosine`` and
        ``wsd`` has exactly the floor. ``constant`` stays at the peak.

    References
    ----------
    .. [1] Loshchilov, I., Hutter, F. (2017), SGDR, arXiv 1608.03983 (cosine).
    .. [2] Hu, S. et al. (2024), MiniCPM, arXiv 2404.06395, section 4 (warm-up, stable, decay).
    .. [3] Hägele, A. et al. (2024), arXiv 2405.18392 (linear cool-down of that schedule).
    """
    if step <= train.warmup_steps:
        return train.learning_rate * step / train.warmup_steps
    floor = train.min_learning_rate_fraction
    return train.learning_rate * (floor + (1.0 - floor) * _height(train, step))


def _height(train: Training, step: int) -> float:
    """Height above the floor after the warm-up, as a fraction of peak minus floor; 1 at the peak."""
    if train.schedule == "cosine":
        done = (step - train.warmup_steps) / (train.steps - train.warmup_steps)
        return 0.5 * (1.0 + math.cos(math.pi * done))
    if train.schedule == "wsd":
        return min(1.0, (train.steps - step) / train.decay_steps)
    return 1.0
