"""The wrong node or none is taken out, and the broken one fails again."""

from dataclasses import replace
from typing import Any

import pytest

from clustersim.run.laws import Law
from clustersim.run.plan import CategoryPlan, DiagnosisPlan, RunPlan
from tests.run.event_log import CRASH_AT_212, hits
from tests.run.plans import NODE, RACK, RECOVERY, Simulate, digest, failure, script, small_plan, timeline

RELAPSE = Law("constant", 100.0)
MISSED = DiagnosisPlan(missed=1.0, relapse=RELAPSE)
BLAMED = DiagnosisPlan(false_blame=1.0, relapse=RELAPSE)


def plan(diagnosis: DiagnosisPlan = DiagnosisPlan(), suspect_after: int | None = None, **more: Any) -> RunPlan:  # noqa: B008
    """A node that has to be replaced each time, and is never missed twice."""
    recovery = replace(RECOVERY, diagnosis=diagnosis, suspect_after=suspect_after, manual_fraction=0.0)
    return replace(small_plan(**more), recovery=recovery)


def test_a_missed_node_fails_again_until_it_is_found(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """It crashes at 212 and is back in training at 302, for 100 s."""
    script(monkeypatch, node=[failure(212.0, 2)])
    records = run(replace(plan(MISSED, hot=1), deadline_s=450.0))
    assert timeline(records)[:7] == [*CRASH_AT_212, (242, 302, "restart", 0)]
    assert hits(records)[:2] == ["job", "job"]
    assert set(records.incidents["node"].tolist()) == {2}
    assert records.incidents["t_s"].tolist() == [212.0, 402.0]
    assert records.incidents["evicted_nodes"].tolist()[0] == 0


def test_a_node_that_is_never_found_keeps_the_job_down(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 2)])
    never = DiagnosisPlan(missed=1.0, relapse=Law("constant", 70.0))
    records = run(replace(plan(never, hot=1), deadline_s=20_000.0))
    assert records.ended == "deadline"
    assert len(records.incidents["t_s"]) > 30
    assert len(records.repairs["end_s"]) == 0


def test_another_node_is_taken_out_in_its_place(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 2)])
    records = run(replace(plan(BLAMED, hot=1), deadline_s=450.0))
    assert records.incidents["node"].tolist() == [2, 2]
    assert records.incidents["evicted_nodes"].tolist()[0] == 1
    assert records.repairs["queued_s"].tolist()[0] == 242.0


def test_what_strikes_a_rack_is_plain_to_see(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, rack=[failure(212.0, 1)])
    records = run(plan(MISSED, categories=(RACK,), hot=2))
    assert records.incidents["evicted_nodes"].tolist() == [2]


def test_so_is_a_spare_that_fails(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 4)])
    assert run(plan(MISSED, hot=1)).incidents["evicted_nodes"].tolist() == [1]


def test_a_repair_that_failed_brings_the_node_back_broken(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mended in 1,000 s, back in the job for want of another, it fails again after 100 s of work."""
    script(monkeypatch, node=[failure(212.0, 2)])
    base = plan(DiagnosisPlan(relapse=RELAPSE), steps=200)
    failing = replace(base, spares=replace(base.spares, failed_repairs=1.0), deadline_s=4000.0)
    records = run(failing)
    assert records.repairs["failed"].all()
    assert set(records.incidents["node"].tolist()) == {2}
    assert len(records.incidents["t_s"]) >= 3
    first = records.incidents["t_s"].tolist()[1]
    assert first >= records.repairs["back_s"].tolist()[0] + 60.0, "not before it has been started again"


def test_a_node_that_a_restart_cures_too_often_is_replaced(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    strikes = [failure(t_s, unit, evict=False) for t_s, unit in ((212.0, 2), (400.0, 1), (600.0, 2), (800.0, 2))]
    script(monkeypatch, node=list(strikes))
    records = run(plan(suspect_after=2, steps=100, hot=1))
    assert records.incidents["evicted_nodes"].tolist() == [0, 0, 1]
    assert len(records.repairs["end_s"]) == 1, "the strike at 800 hits nobody: the node is out"


def test_a_diagnosis_that_is_never_wrong_is_the_plain_one(run: Simulate) -> None:
    often = CategoryPlan("node", "host", 4, 1e-4, hang_fraction=0.2, evict=0.7)
    plain = small_plan(steps=400, categories=(often,), hot=1)
    for diagnosis in (DiagnosisPlan(), DiagnosisPlan(relapse=RELAPSE)):
        assert digest(run(replace(plain, recovery=replace(plain.recovery, diagnosis=diagnosis)))) == digest(run(plain))


@pytest.mark.parametrize("worse", [DiagnosisPlan(0.3, 0.0, RELAPSE), DiagnosisPlan(0.0, 0.3, RELAPSE)])
def test_mistakes_cost_time(run: Simulate, worse: DiagnosisPlan) -> None:
    often = CategoryPlan("node", "host", 4, 2e-5)
    ends = {
        diagnosis: sum(run(plan(diagnosis, steps=400, categories=(often,), hot=2), seed).end_s for seed in range(20))
        for diagnosis in (DiagnosisPlan(), worse)
    }
    assert ends[worse] > ends[DiagnosisPlan()]


def test_node_is_the_one_that_broke(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 3)])
    records = run(replace(plan(BLAMED, hot=1, categories=(NODE,)), deadline_s=450.0))
    assert records.incidents["node"][0] == 3


def test_a_suspect_that_was_replaced_starts_with_a_clean_record(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Node 2 is taken out at its second failure, is back at 2,000, and its next one is its first."""
    strikes = [failure(t_s, 2, evict=False) for t_s in (212.0, 600.0, 2500.0, 2900.0)]
    script(monkeypatch, node=strikes)
    records = run(plan(suspect_after=2, steps=400))
    assert records.incidents["evicted_nodes"].tolist() == [0, 1, 0, 1]
