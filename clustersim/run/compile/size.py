"""How large the job is, in each phase and after each change of its size."""

import math

from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Layout, Phase


def nodes_of(scenario: Scenario, layout: Layout) -> int:
    """Nodes that a layout takes."""
    return math.ceil(layout.gpus / scenario.cluster.node.gpus)


def job_nodes(scenario: Scenario) -> int:
    """Most nodes that the job has at a time."""
    return math.ceil(scenario.training.gpus / scenario.cluster.node.gpus)


def at_each_size(scenario: Scenario) -> tuple[Scenario, ...]:
    """The scenario as it is at first, and with the layouts after each change of the size of the job, in time order."""
    training = scenario.training
    resized = (training.resized(resize) for resize in sorted(training.resizes, key=lambda resize: resize.on))
    return (scenario, *(scenario.model_copy(update={"training": then}) for then in resized))


def phases_at_each_size(scenario: Scenario) -> tuple[tuple[Scenario, Phase], ...]:
    """Each phase as it is at first, then each as it is after the first change of the size, and so on."""
    return tuple((then, phase) for then in at_each_size(scenario) for phase in then.training.phases)
