"""What spares that stand elsewhere do to the step of each phase, by the step model."""

from collections.abc import Iterator
from itertools import pairwise

from clustersim.hardware.topology.problems import FabricError
from clustersim.run.compile.size import job_nodes, nodes_of, phases_at_each_size
from clustersim.run.plan import PlacementPlan
from clustersim.scenario.schema.fabric import TorusFabric
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Phase

_PATH = "spares.placement"
_GOLDEN_RATIO = (5.0**0.5 - 1.0) / 2.0
_GROWTH = 4
"""The step is predicted with one spare in the job, four, sixteen ... and all of them."""


def compile_placement(scenario: Scenario) -> PlacementPlan | None:
    """By how much spares in the job slow its steps; None where they stand beside what they replace, or slow nothing.

    Notes
    -----
    The nodes that are missing are spread evenly over the job, as failures are, each further one beside those before.
    Between the numbers of spares that the step is predicted with, the factor is interpolated; more of them never help.
    """
    placement, total = scenario.spares.placement, scenario.spares.total
    if placement is None or not total:
        return None
    first = scenario.cluster.nodes - total if placement.at == "end_of_cluster" else job_nodes(scenario)
    spares = range(first, first + total)
    phases = [_slowdowns(then, phase, spares) for then, phase in phases_at_each_size(scenario)]
    slowdowns = tuple(zip(*phases, strict=True))
    if max(slowdowns[-1]) <= 1.0:
        return None
    return PlacementPlan(slowdowns, placement.swap_back == "at_next_stop")


def placement_problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Spares that cannot do the work of the nodes that they replace: (path, message) each."""
    if scenario.spares.placement is None:
        return
    node, fabric = scenario.cluster.node, scenario.cluster.fabric
    if isinstance(fabric, TorusFabric):
        yield (
            _PATH,
            "no spare has the neighbours of a chip of a torus, which is rewired around it; leave 'placement' out",
        )
    elif node.accelerator.scale_up_domain > node.gpus:
        yield (
            _PATH,
            f"a spare elsewhere is outside of the scale-up domain of {node.accelerator.scale_up_domain} GPUs whose node"
            f" it replaces; leave 'placement' out: such spares stand in their domain",
        )
    else:
        try:
            compile_placement(scenario)
        except FabricError as error:
            yield _PATH, f"the job cannot use these spares: {error}"


def _slowdowns(scenario: Scenario, phase: Phase, spares: range) -> list[float]:
    """Factor on the step time of a phase with one spare in the job, two ..., up to all."""
    from clustersim.step.slowdowns import moved_nodes

    nodes, total = nodes_of(scenario, scenario.training.layout_of(phase)), len(spares)
    most = min(total, nodes)
    worst = moved_nodes(scenario, phase, _seats(scenario, nodes, spares[:most]))
    if worst == 1.0 and 2 * most <= nodes:  # else most of the job may have moved together
        return [1.0] * total
    counts = [count for count in (_GROWTH**power for power in range(most.bit_length())) if count < most]
    known = [(0, 1.0)]
    for count in counts:
        known.append((count, max(known[-1][1], moved_nodes(scenario, phase, _seats(scenario, nodes, spares[:count])))))
    known.append((most, max(known[-1][1], worst)))
    found: list[float] = []
    for (low, before), (high, after) in pairwise(known):
        found += [before + (after - before) * (count - low) / (high - low) for count in range(low + 1, high + 1)]
    return found + [found[-1]] * (total - most)


def _seats(scenario: Scenario, nodes: int, spares: range) -> tuple[int, ...]:
    """Node that the ranks of each node of the job sit on while these spares work for it."""
    placement = scenario.spares.placement
    missing = sorted(range(nodes), key=lambda node: (node + 0.5) * _GOLDEN_RATIO % 1.0)[: len(spares)]
    if placement is not None and placement.ranks == "sort":
        return (*sorted(set(range(nodes)).difference(missing)), *spares)
    taken = dict(zip(missing, spares, strict=True))
    return tuple(taken.get(node, node) for node in range(nodes))
