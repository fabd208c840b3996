"""How large the job is."""

import math

from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Layout


def job_nodes(scenario: Scenario) -> int:
    """Nodes that the job runs on."""
    return nodes_of(scenario, scenario.training.layout)


def nodes_of(scenario: Scenario, layout: Layout) -> int:
    """Nodes that a layout takes."""
    return math.ceil(layout.gpus / scenario.cluster.node.gpus)
