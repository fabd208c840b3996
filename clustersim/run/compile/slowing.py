"""What a slow unit does to the step of each phase, by the step model."""

from collections.abc import Iterator

from clustersim.hardware.topology.problems import FabricError
from clustersim.run.compile.size import phases_at_each_size
from clustersim.scenario.schema.fabric import Degraded
from clustersim.scenario.schema.failure_category import FailureCategory
from clustersim.scenario.schema.scenario import Scenario


def phase_slowdowns(category: FailureCategory, scenario: Scenario) -> tuple[float, ...]:
    """Factor on the step time in each phase while a failure of this category lasts; empty if it is a plain number.

    After the phases as they are at first come those after each change of the size of the job.

    The links of the first node or switch stand for those of any.
    """
    from clustersim.step.slowdowns import slow_gpu, slow_network

    if category.gpu_speed is not None:
        return tuple(slow_gpu(then, phase, category.gpu_speed) for then, phase in phases_at_each_size(scenario))
    if category.bandwidth is not None:
        degraded = _slow_links(category, category.bandwidth, scenario)
        return tuple(slow_network(then, phase, degraded) for then, phase in phases_at_each_size(scenario))
    return ()


def slowing_problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Slow links that leave the job in two parts, or of switches that are not there: (path, message) each."""
    for name, category in scenario.failures.categories.items():
        if category.bandwidth is None:
            continue
        try:
            phase_slowdowns(category, scenario)
        except FabricError as error:
            yield (
                f"failures.categories.{name}.bandwidth",
                f"so little cuts the job in two ({error}); leave more, or write 'effect: crash'",
            )


def _slow_links(category: FailureCategory, bandwidth: float, scenario: Scenario) -> tuple[Degraded, ...]:
    from clustersim.step.slowdowns import first_switch, node_links

    unit = category.rate.unit
    if unit in ("leaf", "spine"):
        return first_switch(scenario.cluster, unit, bandwidth)
    return node_links(scenario.cluster, 0, bandwidth, one=unit == "nic")
