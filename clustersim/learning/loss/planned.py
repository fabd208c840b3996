"""The loss of a plan, from its first step to its last, under its own learning rates."""

from clustersim.learning.loss.course import LearningRates, usual_peak
from clustersim.learning.optimizer.plan import batch_ramp, schedule_of
from clustersim.learning.optimizer.schedules import sampled
from clustersim.scenario.schema.training import Training

GUESSED_PEAK_SPREAD = 0.7
"""Standard deviation of the logarithm of a peak learning rate that is not given: published ones lie up to a factor of
four from the rule (see :func:`clustersim.learning.loss.course.usual_peak`)."""


def planned_rates(training: Training, parameters: float) -> LearningRates:
    """Learning rates of a plan: ``training.optimizer.learning_rate`` over the steps of its phases.

    Parameters
    ----------
    training : Training
        The job.
    parameters : float
        Parameters of the model, for the usual peak where the plan names none.
    """
    rate, ramp = training.optimizer.learning_rate, batch_ramp(training)
    tokens, shares = sampled(schedule_of(rate, ramp), ramp)
    peak = rate.peak or usual_peak(parameters)
    spread = 0.0 if rate.peak else GUESSED_PEAK_SPREAD
    return LearningRates(tokens, ramp.steps_at(tokens), peak * shares, peak, spread)
