"""By how much spares that stand elsewhere slow the steps."""

from typing import Any

import pytest

import clustersim as cs
from clustersim.run.compile.placement import compile_placement
from clustersim.run.plan import PlacementPlan
from tests.run.plans import digest
from tests.run.test_feasibility import problems
from tests.scenarios.conftest import SCENARIOS

PODS = "{kind: clos, nodes_per_pod: 4, oversubscription: 4}"
SITES = "{kind: datacentres, sites: [{name: a, nodes: 8}, {name: b, nodes: 8}], bandwidth: 100 Gbps, round_trip: 10 ms}"


def settings(fabric: str = PODS, spares: str = "warm: 3", **placement: str) -> list[str]:
    """Eight nodes of one replica each, of sixteen."""
    placed = ", ".join(f"{name}: {value}" for name, value in placement.items())
    return [
        "cluster.nodes=16", f"cluster.fabric={fabric}", "training.layout={tensor_parallel: 8, data_parallel: 8}",
        f"spares={{{spares}}}", *([f"spares.placement={{{placed}}}"] if placed else []),
    ]  # fmt: skip


def compiled(*args: Any, **more: Any) -> PlacementPlan | None:
    return compile_placement(cs.load(SCENARIOS / "quickstart.yaml", settings(*args, **more)).scenario)


def test_spares_behind_the_job_are_in_the_next_pod() -> None:
    plan = compiled(at="behind_job")
    assert plan is not None
    factors = [only for (only,) in plan.slowdowns]
    assert len(factors) == 3
    assert 1.01 < factors[0] <= factors[1] <= factors[2] < 1.05
    assert not plan.swaps_back
    assert compiled(at="end_of_cluster", swap_back="at_next_stop") == PlacementPlan(plan.slowdowns, swaps_back=True)


def test_spares_that_fill_the_pod_of_the_job_are_close_by() -> None:
    """Twelve nodes a pod: those that follow the job are in it, and the last four of the cluster are not."""
    fabric = PODS.replace("nodes_per_pod: 4", "nodes_per_pod: 12").replace(
        "oversubscription: 4", "oversubscription: 24"
    )
    assert compiled(fabric, at="behind_job") is None
    assert compiled(fabric, at="end_of_cluster") is not None


def test_ranks_that_are_dealt_out_anew_leave_rings_whole() -> None:
    assert compiled(at="behind_job", ranks="sort") is None


def test_spares_at_another_site_cost_the_most() -> None:
    far, near = compiled(SITES, at="end_of_cluster"), compiled(at="end_of_cluster")
    assert far is not None
    assert near is not None
    assert far.slowdowns[0][0] > 1.3 > near.slowdowns[0][0]
    assert far.slowdowns[2][0] > far.slowdowns[0][0]


def test_the_factor_is_worked_out_for_some_numbers_and_interpolated() -> None:
    """For one, four and all six."""
    plan = compiled(SITES, "warm: 6", at="end_of_cluster")
    assert plan is not None
    one, two, three, four, five, six = (only for (only,) in plan.slowdowns)
    assert two - one == pytest.approx(three - two)
    assert three - two == pytest.approx(four - three)
    assert six - five == pytest.approx(five - four)


def test_more_spares_than_nodes() -> None:
    """A job of two nodes has one of each site at most; with both it is at one site again, and that is no gain."""
    placed = [*settings(SITES, "hot: 5", at="end_of_cluster"), "training.layout={tensor_parallel: 8, data_parallel: 2}"]
    plan = compile_placement(cs.load(SCENARIOS / "quickstart.yaml", placed).scenario)
    assert plan is not None
    (factor,) = {only for (only,) in plan.slowdowns}
    assert factor > 1.05


def test_nothing_to_place() -> None:
    assert compiled() is None
    assert compiled(spares="warm: 0", at="behind_job") is None


def test_full_bisection_gives_the_records_of_spares_close_by() -> None:
    fabric = PODS.replace("oversubscription: 4", "oversubscription: 1")
    often = ["failures.rate_multiplier=200", "training.phases[0].tokens=20B tokens"]
    placed, plain = (
        cs.load(SCENARIOS / "quickstart.yaml", [*settings(fabric, **placement), *often])
        for placement in ({"at": "behind_job", "swap_back": "at_next_stop"}, {})
    )
    assert placed.run_plan == plain.run_plan
    apart = cs.load(SCENARIOS / "quickstart.yaml", [*settings(at="behind_job"), *often])
    one, other = (cs.run.simulate(it.run_plan, 0) for it in (apart, plain))
    assert digest(one) != digest(other), "where it makes a difference it is felt"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ["cluster.fabric={kind: torus, shape: [8, 9], link_bandwidth: 50 GB/s}"],
            "no spare has the neighbours of a chip of a torus",
        ),
        (["cluster.node.accelerator.scale_up_domain=72"], "is outside of the scale-up domain of 72 GPUs"),
        (
            [
                "cluster.fabric={kind: fat_tree, nodes_per_leaf: 4, nodes_per_pod: 8,"
                " degraded: [{switch: core-*, bandwidth: 0 %}]}"
            ],
            "the job cannot use these spares: ",
        ),
    ],
)
def test_spares_that_cannot_do_the_work(more: list[str], message: str) -> None:
    (line,) = problems("quickstart", "spares.placement={at: behind_job}", *more)
    assert line.startswith("--set spares.placement: ")
    assert message in line
