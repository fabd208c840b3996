"""Other jobs that share the spares: who gets a node that is free, worked out by hand, and how often they need one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from clustersim.run import Records, RunPlan, metrics, simulate
from clustersim.run.engine import _Run
from clustersim.run.failures.clocks import Failure, failures
from clustersim.run.failures.lifetimes import WeibullLife
from clustersim.run.laws import Law
from clustersim.run.neighbours import evictions_per_s
from clustersim.run.plan import CategoryPlan, ElasticPlan, LemonsPlan, PreemptionPlan, RetirementPlan
from clustersim.run.records import HITS
from clustersim.run.streams import stream
from tests.run.event_log import FIRST, hits, resumed
from tests.run.plans import NODE, RACK, SOFTWARE, Simulate, digest, failure, script, small_plan, timeline

Break = Callable[..., None]

QUICK = replace(NODE, name="quick", repair=Law("constant", 100.0))
LONG = replace(NODE, name="long", repair=Law("constant", 5000.0))


def plan(*categories: CategoryPlan, neighbours: int = 100, **more: Any) -> RunPlan:
    """Four nodes, and a hundred of others; repairs take 1,000 s."""
    return replace(small_plan(categories=(NODE, *categories), **more), neighbour_nodes=neighbours)


@pytest.fixture
def neighbour(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Let nodes of neighbours fail at these moments, and one of ours."""

    def fails(*times_s: float, code: int = 0, ours_s: float = 212.0) -> None:
        def scripted(*_rest: Any) -> Iterator[tuple[int, Failure]]:
            return iter([(code, failure(t_s, hang=True)) for t_s in times_s])

        monkeypatch.setattr("clustersim.run.engine.mixed_failures", scripted)
        script(monkeypatch, node=[failure(ours_s)])

    return fails


def waits(records: Records) -> list[tuple[float, float]]:
    return [row[:2] for row in timeline(records) if row[2] == "waiting"]


def test_a_neighbour_takes_the_only_spare(run: Simulate, neighbour: Break) -> None:
    """It is mended at 1,100, and its node takes the place of ours that broke at 212."""
    neighbour(100.0)
    records = run(plan(hot=1))
    assert timeline(records) == [
        *FIRST, (165, 205, "productive", -1), (205, 212, "recompute", 1), (212, 242, "detect", 1),
        (242, 1100, "waiting", 1), (1100, 1160, "restart", 1), *resumed(1160, cause=1),
    ]  # fmt: skip
    assert hits(records) == ["neighbour", "job"]
    assert metrics.interruptions(records) == (1, 0)


def test_who_waits_longer_gets_the_first_node_that_comes_back(run: Simulate, neighbour: Break) -> None:
    """There is no spare. The neighbour waits from 100, the job from 242 on; theirs is back at 1,100, ours at 1,242."""
    neighbour(100.0)
    assert waits(run(plan())) == [(242, 1242)]


def test_a_node_of_ours_goes_to_a_neighbour_that_has_waited_longer(run: Simulate, neighbour: Break) -> None:
    """Theirs is mended at 5,100 only, so that they get ours at 1,242, and we theirs."""
    neighbour(100.0, code=1)
    assert waits(run(plan(LONG))) == [(242, 5100)]


def test_a_node_of_theirs_comes_to_a_job_that_has_waited_longer(run: Simulate, neighbour: Break) -> None:
    """Theirs is broken at 300 and mended at 400; ours, mended at 1,242, is theirs then."""
    neighbour(300.0, code=1)
    records = run(plan(QUICK))
    assert waits(records) == [(242, 400)]
    assert records.repairs["back_s"].tolist() == [1242, 400]


def test_a_node_that_stands_by_for_the_job_is_not_given_away(neighbour: Break) -> None:
    """An elastic job lacks the node that is back at 1,242 until it next stops; at 1,300 a neighbour breaks."""
    neighbour(1300.0)
    base = plan(steps=200)
    elastic = replace(base, recovery=replace(base.recovery, elastic=ElasticPlan(((2.0,),), regrows_at_once=False)))
    simulation = _Run(elastic, 0, 0)
    simulation.until(1400.0)
    fleet = simulation._fleet
    assert (fleet.standing_by, fleet.missing) == (1, 1)
    assert [(stay.nodes, stay.strangers) for stay in fleet.stays] == [([], 1)]


def test_the_hands_of_the_shop_are_shared(run: Simulate, neighbour: Break) -> None:
    neighbour(100.0, 150.0)
    records = run(plan(repair_hands=1))
    assert records.repairs["start_s"].tolist() == [100, 1100, 2100]
    assert waits(records) == [(242, 3100)]


def test_a_rack_of_theirs_takes_a_spare_for_each_node_as_far_as_there_are_any(run: Simulate, neighbour: Break) -> None:
    """A rack has two nodes; one spare and the first node that is back are theirs, and the second is ours."""
    neighbour(100.0, code=1)
    records = run(plan(RACK, hot=1))
    assert records.incidents["evicted_nodes"].tolist() == [2, 1]
    assert waits(records) == [(242, 1100)]


def test_places_that_are_empty_do_not_fail(neighbour: Break) -> None:
    """One node, no spare: the second and third failure find nobody there."""
    neighbour(100.0, 150.0, 1099.0, 1101.0)
    records = simulate(plan(neighbours=1, steps=200), 0)
    struck = records.incidents["hits"] == HITS.index("neighbour")
    assert records.incidents["t_s"][struck].tolist() == [100, 1101]


def test_a_job_that_lacks_nodes_to_others_is_in_line_too(neighbour: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    """All four are away from 200 to 600. A neighbour's, broken at 300 and mended at 400, is ours: it waits for less."""
    neighbour(300.0, code=1, ours_s=1e9)
    monkeypatch.setattr("clustersim.run.calendar.preemption.arrivals", lambda *_: iter([(200.0, 400.0)]))
    base = replace(plan(QUICK), preemptions=(PreemptionPlan("urgent", 1.0, None, Law("constant", 400.0)),))
    simulation = _Run(base, 0, 0)
    simulation.until(450.0)
    assert simulation._fleet.missing == 3
    assert len(simulation._fleet.working()) == 1
    simulation.until(650.0)
    assert simulation._fleet.missing == 0
    assert not simulation._fleet.stays, "one of the four went to the neighbour"


def test_a_repair_that_fails_gives_a_broken_node_to_whom_it_comes(run: Simulate, neighbour: Break) -> None:
    neighbour(100.0)
    base = plan(hot=1, steps=300)
    records = run(replace(base, spares=replace(base.spares, failed_repairs=1.0)), horizon_s=2000.0)
    relapse = records.incidents["t_s"][records.incidents["hits"] == HITS.index("job")]
    assert len(relapse) >= 2, "ours fails, and then the node that came in its place"
    assert relapse[1] > 1160


def test_nodes_of_theirs_may_be_beyond_repair(run: Simulate, neighbour: Break) -> None:
    neighbour(100.0)
    base = plan(hot=1)
    retiring = RetirementPlan(1.0, None, Law("constant", 3000.0))
    records = run(replace(base, spares=replace(base.spares, retirement=retiring)))
    assert records.repairs["back_s"].tolist() == [4100, 4242]
    assert waits(records) == [(242, 4100)]


# --- how often -------------------------------------------------------------------------------------------------------


def test_a_node_of_theirs_fails_as_often_as_one_of_ours() -> None:
    assert evictions_per_s(CategoryPlan("x", "gpu", 80, 1e-6, units_per_domain=8), 5) == pytest.approx(5 * 8e-6)
    assert evictions_per_s(CategoryPlan("x", "gpu", 80, 1e-6, evict=0.25), 4) == pytest.approx(1e-6)
    assert evictions_per_s(RACK, 10) == pytest.approx(10 / 2 * 1e-9 * 0.5), (
        "in racks of two, of which half are replaced"
    )
    assert evictions_per_s(replace(RACK, blast_nodes=1), 10) == pytest.approx(10 / 2 * 1e-9 * 0.5)
    assert evictions_per_s(SOFTWARE, 10) == 0.0, "it takes no node"
    lemons = LemonsPlan(0.01, 101.0)
    assert evictions_per_s(NODE, 10, lemons) == pytest.approx(2.0 * evictions_per_s(NODE, 10))
    assert evictions_per_s(RACK, 10, lemons) == evictions_per_s(RACK, 10)


def test_as_many_nodes_are_in_the_shop_as_little_says(run: Simulate) -> None:
    """Hands enough: the mean number of their nodes in repair is their rate times the mean repair (Little 1961)."""
    category = CategoryPlan("node", "host", 4, 2e-6)
    base = replace(small_plan(steps=1, categories=(category,), cold=200, repair_hands=200), neighbour_nodes=1000)
    base = replace(base, categories=(category,), phases=(replace(base.phases[0], steps=100_000),))
    records = run(base, 3, horizon_s=1e6)
    rows = records.repairs
    busy_s = (np.minimum(rows["end_s"], records.end_s) - rows["start_s"]).sum() / records.end_s
    assert len(rows["end_s"]) > 1000
    assert abs(busy_s - 2.0) < 4.0 * 2.0 / np.sqrt(1e6 * 2e-3)


# --- nothing else moves ----------------------------------------------------------------------------------------------


def busy(**more: Any) -> RunPlan:
    categories = (
        CategoryPlan("node", "host", 36, 1.0 / 36 / 7200.0, evict=0.5),
        CategoryPlan("gpu", "gpu", 36, 1.0 / 36 / 7200.0, lifetime=WeibullLife(0.7), published_count=5),
    )
    base = small_plan(steps=40_000, categories=categories, job_nodes=32, warm=4)
    return replace(base, parameter_uncertainty=True, **more)


def test_our_own_failures_do_not_move() -> None:
    """Which of them strike depends on who is in service; when they would does not."""
    category = busy().categories[0]
    clocks = [
        failures(replace(category, units=units), stream(1, 0, f"failures of node{where}"))
        for units, where in ((32, ""), (4, " among the spares"))
    ]
    would_s = {failure.t_s for clock in clocks for failure in islice(clock, 200)}
    for nodes in (0, 500):
        rows = simulate(busy(neighbour_nodes=nodes), 1, horizon_s=4e5).incidents
        theirs = rows["hits"] == HITS.index("neighbour")
        assert theirs.any() == (nodes > 0)
        ours_s = rows["t_s"][~theirs & (rows["category"] == 0)].tolist()
        assert len(ours_s) > 40
        assert set(ours_s) <= would_s


def test_as_if_there_were_no_neighbours(run: Simulate) -> None:
    none = busy(neighbour_nodes=0)
    unbreakable = busy(neighbour_nodes=500, categories=tuple(replace(c, evict=0.0) for c in none.categories))
    same = replace(unbreakable, neighbour_nodes=0)
    assert digest(run(unbreakable, 1)) == digest(run(same, 1))


def test_contention_never_helps_on_average(run: Simulate) -> None:
    alone, shared = (
        sum(run(busy(neighbour_nodes=nodes), seed, horizon_s=1e6).end_s for seed in range(5)) for nodes in (0, 2000)
    )
    assert shared > alone
