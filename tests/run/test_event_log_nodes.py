"""Which nodes fail, leave, are mended and come back: the whole list of intervals, worked out by hand."""

from dataclasses import replace

import pytest

from clustersim.run.laws import Law
from tests.run.event_log import CRASH_AT_212, UNDISTURBED, hits, resumed
from tests.run.plans import (
    NODE,
    RACK,
    SOFTWARE,
    Simulate,
    failure,
    script,
    small_plan,
    timeline,
)


def test_failure_of_a_spare_goes_to_repair_unnoticed_by_the_job(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 4)])
    records = run(small_plan(hot=1))
    assert timeline(records) == [*UNDISTURBED, (320, 325, "checkpoint", -1)]
    assert hits(records) == ["spare"]
    assert records.repairs["queued_s"].tolist() == [212]


def test_a_node_that_fails_again_before_it_leaves_is_mended_once(
    run: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch, node=[failure(212.0, 0), failure(220.0, 0)])
    records = run(small_plan(hot=1))
    assert hits(records) == ["job", "job_down"]
    assert records.repairs["queued_s"].tolist() == [242]


def test_broken_spare_cannot_be_called(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(100.0, 4), failure(212.0, 0)])
    records = run(small_plan(hot=1))
    assert timeline(records)[6] == (242, 1100, "waiting", 1), "the spare is back first and joins at once"


def test_a_mended_node_goes_to_the_spares(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(100.0, 0), failure(1500.0, 1), failure(1700.0, 0)])
    records = run(small_plan(steps=200, hot=1))
    assert hits(records) == ["job", "job", "job"], "node 4 took the place of 0, and 0 that of 1"
    assert records.repairs["queued_s"].tolist() == [130, 1530, 1730]


def test_blast_takes_the_whole_rack(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, rack=[failure(212.0, 1)])
    records = run(small_plan(categories=(RACK,), hot=2))
    assert timeline(records) == [*CRASH_AT_212, (242, 302, "restart", 0), *resumed(302)]
    assert records.incidents["node"].tolist() == [2]
    assert records.incidents["evicted_nodes"].tolist() == [2]
    assert records.repairs["nodes"].tolist() == [2]


def test_nodes_of_a_rack_come_back_where_they_are_missed(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, rack=[failure(212.0, 1)])
    records = run(small_plan(categories=(RACK,), hot=1))
    assert timeline(records)[6:8] == [(242, 1242, "waiting", 0), (1242, 1302, "restart", 0)]


def test_a_node_in_repair_does_not_fail(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 0), failure(310.0, 0)])
    records = run(small_plan(hot=1))
    assert records.incidents["t_s"].tolist() == [212]
    assert timeline(records) == [*CRASH_AT_212, (242, 302, "restart", 0), *resumed(302)]


def test_a_cold_spare_does_not_fail(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 4)])
    assert len(run(small_plan(cold=1)).incidents["t_s"]) == 0


def test_blast_smaller_than_the_unit_takes_one_node_of_it(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second half of the draw's remainder is the second node of the second rack."""
    one = replace(RACK, blast_nodes=1)
    script(monkeypatch, rack=[failure(212.0, 1, place=0.7)])
    records = run(small_plan(categories=(one,), hot=1))
    assert timeline(records) == [*CRASH_AT_212, (242, 302, "restart", 0), *resumed(302)]
    assert records.incidents["node"].tolist() == [3]
    assert records.incidents["evicted_nodes"].tolist() == [1]
    assert records.repairs["nodes"].tolist() == [1]


def test_blast_smaller_than_the_unit_can_miss_the_plan(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five nodes in racks of two: the second node of the third rack is not the plan's."""
    one = replace(RACK, blast_nodes=1, units=3)
    script(monkeypatch, rack=[failure(100.0, 2, place=0.7), failure(212.0, 2, place=0.2)])
    records = run(small_plan(categories=(one,), job_nodes=5))
    assert records.incidents["t_s"].tolist() == [212]
    assert records.incidents["node"].tolist() == [4]


def test_software_takes_no_node(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, software=[failure(212.0)])
    records = run(small_plan(categories=(SOFTWARE,)))
    assert timeline(records) == [*CRASH_AT_212, (242, 302, "restart", 0), *resumed(302)]
    assert records.incidents["node"].tolist() == [-1]
    assert records.incidents["evicted_nodes"].tolist() == [0]


def test_a_category_may_have_a_repair_of_its_own(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, rack=[failure(212.0, 1)], node=[failure(400.0, 0)])
    slow = replace(RACK, repair=Law("constant", 5000.0))
    records = run(small_plan(categories=(slow, NODE), hot=3))
    repairs = records.repairs
    assert (repairs["end_s"] - repairs["start_s"]).tolist() == [5000, 1000]


def test_an_idle_unit_may_not_fail(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same failures of a spare, of the job while it restarts, and of the job in training."""
    struck = {1.0: ["spare", "job", "job"], 0.0: ["job"]}
    for idle_factor, expected in struck.items():
        script(monkeypatch, node=[failure(20.0, 4), failure(30.0, 0), failure(312.0, 1)])
        records = run(small_plan(categories=(replace(NODE, idle_factor=idle_factor),), hot=2))
        assert hits(records) == expected
