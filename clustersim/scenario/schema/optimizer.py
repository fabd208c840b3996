"""The optimizer's loop, as far as a forecast asks for it."""

from clustersim.scenario.schema.learning_rate import LearningRate
from clustersim.scenario.schema.recipe import Recipe
from clustersim.scenario.schema.section import Section, setting


class Optimizer(Section):
    """How the weights are updated."""

    learning_rate: LearningRate = setting(
        default_factory=LearningRate, description="the learning rate over the run, for the loss curve"
    )
    recipe: Recipe | None = setting(
        None,
        description="how stable the training is: a catalogue name (modern, classic or fragile) or a mapping. Its loss"
        " spikes send the run back; none when omitted",
    )
