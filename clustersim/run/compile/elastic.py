"""How long a step takes on fewer replicas, by the step model."""

import math

from clustersim.run.compile.size import phases_at_each_size
from clustersim.run.plan import ElasticPlan
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Phase
from clustersim.step.predict import predict_phase
from clustersim.workload.layout import layout_problems


def compile_elastic(scenario: Scenario) -> ElasticPlan | None:
    """What the job does without nodes that are missing; None if it waits for them.

    A node that is missing breaks the replicas that its GPUs belong to; good nodes of broken replicas fill the places of
    further ones that are missing. The global batch stays: the replicas that are left share its micro-batches out, and
    the step takes as long as the one with most of them.
    """
    elastic = scenario.recovery.elastic
    if elastic is None:
        return None
    slowdowns: list[tuple[float, ...]] = []
    while (shrunk := _without(scenario, len(slowdowns) + 1, elastic.least)) is not None:
        slowdowns.append(shrunk)
    return ElasticPlan(tuple(slowdowns), elastic.regrow == "at_once")


def _without(scenario: Scenario, nodes: int, least: float) -> tuple[float, ...] | None:
    """Factor on the step time of each phase without so many nodes; None if too few replicas are left in any."""
    found = [_slowdown(then, phase, nodes, least) for then, phase in phases_at_each_size(scenario)]
    return None if None in found else tuple(factor for factor in found if factor is not None)


def _slowdown(scenario: Scenario, phase: Phase, nodes: int, least: float) -> float | None:
    layout = scenario.training.layout_of(phase)
    gpus = layout.gpus // layout.data_parallel
    left = layout.data_parallel - math.ceil(nodes * scenario.cluster.node.gpus / gpus)
    fewest = max(1, math.ceil(least * layout.data_parallel))
    usual_s = predict_phase(scenario, phase).mean_s
    for replicas in range(left, fewest - 1, -1):
        fewer = layout.model_copy(update={"data_parallel": replicas})
        round_of = replicas * layout.micro_batch
        batch = math.ceil(phase.global_batch / round_of) * round_of
        if not layout_problems(scenario.model, fewer, batch, scenario.cluster.node.gpus, phase.sequence_length):
            shrunk = predict_phase(scenario, phase, layout=fewer, global_batch=batch)
            return max(1.0, shrunk.mean_s / usual_s)
    return None
