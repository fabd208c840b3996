"""One slow GPU, one slow link: by how much the step of the whole job grows."""

from typing import Any

import pytest

from clustersim.hardware.topology.problems import FabricError
from clustersim.scenario import load
from clustersim.scenario.schema.scenario import Scenario
from clustersim.step.predict import phase_steps
from clustersim.step.slowdowns import first_switch, moved_nodes, node_links, slow_gpu, slow_network
from tests.scenarios.conftest import SCENARIOS


def scenario(**layout: Any) -> Scenario:
    """Llama 3 8B on eight nodes, in racks of two under leaves of four."""
    written = {"tensor_parallel": 1, "pipeline_parallel": 1, "data_parallel": 64, "zero_stage": 1} | layout
    fabric = {"kind": "clos", "nodes_per_leaf": 4, "spines_per_pod": 2}
    settings = [
        f"training.layout={written}".replace("'", ""),
        f"cluster.fabric={fabric}".replace("'", ""),
        "cluster.nodes=8",
        "spares={}",
    ]
    return load(SCENARIOS / "quickstart.yaml", settings).scenario


def gpu(plan: Scenario, speed: float) -> float:
    return slow_gpu(plan, plan.training.phases[0], speed)


def network(plan: Scenario, bandwidth: float, **more: Any) -> float:
    return slow_network(plan, plan.training.phases[0], node_links(plan.cluster, 0, bandwidth, **more))


@pytest.mark.parametrize("layout", [{}, {"tensor_parallel": 8, "data_parallel": 8},
                                    {"pipeline_parallel": 4, "data_parallel": 16}])  # fmt: skip
def test_full_speed_costs_nothing(layout: dict[str, int]) -> None:
    plan = scenario(**layout)
    assert gpu(plan, 1.0) == pytest.approx(1.0)
    assert network(plan, 1.0) == pytest.approx(1.0)


def test_a_slow_gpu_gates_a_job_without_a_pipeline() -> None:
    """All replicas wait for the one whose computation takes twice as long: the share of the step that is computed."""
    plan = scenario()
    (step, *_) = phase_steps(plan)
    computed = sum(s for name, s in step.breakdown_s.items() if name.startswith("compute") or name == "recompute")
    assert gpu(plan, 0.5) == pytest.approx(1.0 + computed / step.mean_s, rel=0.05)


def test_slower_units_cost_more() -> None:
    plan = scenario(tensor_parallel=8, data_parallel=8)
    assert 1.0 < gpu(plan, 0.9) < gpu(plan, 0.5) < gpu(plan, 0.25)
    assert 1.0 < network(plan, 0.3) < network(plan, 0.1)


def test_a_pipeline_hides_some_of_a_slow_stage_in_its_bubble() -> None:
    assert 1.0 < gpu(scenario(pipeline_parallel=4, data_parallel=16), 0.5) <= gpu(scenario(), 0.5) * 1.05


def test_one_rail_of_several_costs_as_much_as_all() -> None:
    """The ranks of the slow rail gate all others."""
    plan = scenario(tensor_parallel=8, data_parallel=8)
    railed = plan.cluster.fabric.model_copy(update={"rails": 8})
    plan = plan.model_copy(update={"cluster": plan.cluster.model_copy(update={"fabric": railed})})
    assert network(plan, 0.1, one=True) == pytest.approx(network(plan, 0.1))


def test_slow_switches() -> None:
    """A ring crosses the uplinks of a leaf from one of its four nodes alone: half of them are enough."""
    plan = scenario(tensor_parallel=8, data_parallel=8)
    phase = plan.training.phases[0]
    spine, leaf = (slow_network(plan, phase, first_switch(plan.cluster, *it)) for it in (("spine", 0.0), ("leaf", 0.1)))
    assert spine == pytest.approx(1.0)
    assert leaf == pytest.approx(network(plan, 0.1), rel=0.05)


def test_a_node_without_any_link_cuts_the_job_in_two() -> None:
    with pytest.raises(FabricError):
        network(scenario(), 0.0)


def test_a_node_elsewhere_costs_what_the_links_between_cost() -> None:
    """From a pod of four nodes comes out what one node sends: its rings take half of that each time they leave it."""
    plan = scenario(tensor_parallel=8, data_parallel=8)
    phase = plan.training.phases[0]
    fabric = plan.cluster.fabric.model_copy(update={"nodes_per_pod": 4, "oversubscription": 4.0})
    apart = plan.model_copy(update={"cluster": plan.cluster.model_copy(update={"fabric": fabric, "nodes": 12})})
    factor = moved_nodes(apart, phase, (0, 8, 2, 3, 4, 5, 6, 7))
    assert factor == pytest.approx(network(plan, 0.5), rel=0.01)
    assert factor > 1.01
    assert moved_nodes(apart, phase, (0, 2, 3, 4, 5, 6, 7, 8)) == 1.0
    assert moved_nodes(apart, phase, tuple(range(8))) == 1.0
