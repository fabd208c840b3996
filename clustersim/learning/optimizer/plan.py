"""The schedule of a scenario: its settings and phases as a learning rate over steps and tokens."""

from clustersim.learning.optimizer.schedules import BatchRamp, Schedule
from clustersim.scenario.schema.learning_rate import LearningRate
from clustersim.scenario.schema.training import Training

MOST_WARMUP_STEPS = 8000.0
"""Llama 3 405B (arXiv 2407.21783, 2024), section 3.4.1."""
MOST_WARMUP_SHARE = 0.02
"""Assumption for runs shorter than that one: 2 % of the steps."""


def batch_ramp(training: Training) -> BatchRamp:
    """Steps and tokens of a scenario's phases."""
    return BatchRamp(
        tuple(phase.tokens for phase in training.phases),
        tuple(float(phase.sequence_length * phase.global_batch) for phase in training.phases),
    )


def schedule_of(rate: LearningRate, ramp: BatchRamp) -> Schedule:
    """Schedule over all the steps of a ramp, as the settings say.

    Parameters
    ----------
    rate : LearningRate
        The settings, ``training.optimizer.learning_rate``.
    ramp : BatchRamp
        The phases.

    Returns
    -------
    Schedule
        With a warm-up no longer than the run.
    """
    return Schedule(
        rate.schedule,
        ramp.steps,
        min(warmup_steps(rate, ramp), ramp.steps),
        rate.floor,
        rate.cooldown_share,
        rate.cooldown,
        tuple((float(ramp.steps_at(point.at)), point.share) for point in rate.points),
    )


def warmup_steps(rate: LearningRate, ramp: BatchRamp) -> float:
    """Steps of the warm-up: as given, or 8,000 and at most 2 % of all."""
    if rate.warmup_steps is not None:
        return rate.warmup_steps
    if rate.warmup_tokens is not None:
        return float(ramp.steps_at(rate.warmup_tokens))
    return min(MOST_WARMUP_STEPS, MOST_WARMUP_SHARE * ramp.steps)
