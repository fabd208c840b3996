"""The step of a job that goes on with fewer replicas."""

import pytest

from clustersim.run.compile.elastic import compile_elastic
from clustersim.scenario import load
from clustersim.scenario.schema.scenario import Scenario
from tests.scenarios.conftest import SCENARIOS


def scenario(*settings: str, elastic: str = "{least: 50 %}") -> Scenario:
    """Eight nodes, 64 replicas of one GPU or 8 of one node."""
    return load(SCENARIOS / "quickstart.yaml", [f"recovery.elastic={elastic}", *settings]).scenario


NODES = "training.layout={tensor_parallel: 8, data_parallel: 8}"


def test_without_half_of_the_replicas_a_step_takes_twice_as_long() -> None:
    """512 sequences over eight replicas are 64 each, over four 128; what is done once a step is not doubled."""
    plan = compile_elastic(scenario(NODES))
    assert plan is not None
    factors = [only for (only,) in plan.slowdowns]
    assert len(factors) == 4
    assert factors == sorted(factors)
    assert 1.9 < factors[3] <= 2.0
    assert factors[0] == pytest.approx(74 / 64, rel=0.02), "of the seven replicas some have 74 sequences"


def test_a_node_has_several_replicas() -> None:
    plan = compile_elastic(scenario(elastic="{least: 80 %}"))
    assert plan is not None
    assert len(plan.slowdowns) == 1, "without one node 56 of 64 replicas are left, without two 48, which is 75 %"


def test_a_replica_over_several_nodes_takes_good_ones_with_it() -> None:
    """Two nodes a replica: the second that is missing may be of the one that is broken already."""
    plan = compile_elastic(scenario("training.layout={tensor_parallel: 8, pipeline_parallel: 2, data_parallel: 4}"))
    assert plan is not None
    first, second, third, fourth = plan.slowdowns
    assert first == second
    assert third == fourth
    assert second < third


def test_it_is_off_unless_asked_for() -> None:
    assert compile_elastic(load(SCENARIOS / "quickstart.yaml").scenario) is None
    plan = compile_elastic(scenario(elastic="{least: 100 %}"))
    assert plan is not None
    assert plan.slowdowns == ()


def test_when_it_grows_again() -> None:
    for regrow, at_once in (("at_once", True), ("at_next_stop", False)):
        plan = compile_elastic(scenario(NODES, elastic=f"{{least: 50 %, regrow: {regrow}}}"))
        assert plan is not None
        assert plan.regrows_at_once is at_once
