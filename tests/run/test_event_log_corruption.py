"""Silent corruptions and their discovery: the whole list of intervals, worked out by hand."""

import pytest

from tests.run.event_log import hits, resumed
from tests.run.plans import (
    CORRUPTION,
    NODE,
    Simulate,
    failure,
    script,
    small_plan,
    timeline,
)


def test_corruption_is_found_later(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, corruption=[failure(103.0, 1)])
    records = run(small_plan(categories=(CORRUPTION,), hot=1))
    assert timeline(records)[5:] == [
        (270, 300, "productive", -1), (300, 303, "recompute", 0), (303, 363, "restart", 0), (363, 463, "rollback", 0),
        (463, 468, "checkpoint", -1), (468, 568, "rollback", 0), (568, 573, "checkpoint", -1),
        (573, 603, "rollback", 0),
        (603, 623, "productive", -1), (623, 628, "checkpoint", -1),
    ]  # fmt: skip
    assert records.incidents["t_s"].tolist() == [103.0]
    assert hits(records) == ["job"]
    assert records.repairs["queued_s"].tolist() == [303]


def test_corruption_spares_the_checkpoint_before_it(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, corruption=[failure(172.0, evict=False)])
    records = run(small_plan(steps=35, categories=(CORRUPTION,)))
    assert timeline(records)[6:10] == [
        (370, 372, "checkpoint", -1), (372, 432, "restart", 0), (432, 532, "rollback", 0), (532, 537, "checkpoint", -1),
    ]  # fmt: skip


def test_corruption_is_found_while_down(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps 10 to 14 are lost by the crash, 0 to 10 by the corruption that was found before the job went on."""
    script(monkeypatch, node=[failure(212.0, evict=False)], corruption=[failure(103.0, evict=False)])
    plan = small_plan(categories=(NODE, CORRUPTION))
    late = run(plan)
    assert timeline(late)[5:8] == [(212, 242, "detect", 1), (242, 302, "restart", 1), (302, 303, "recompute", 0)]
    script(monkeypatch, node=[failure(212.0, evict=False, hang=True)], corruption=[failure(103.0, evict=False)])
    records = run(plan)
    assert timeline(records)[5:11] == [
        (212, 812, "detect", 1), (812, 872, "restart", 1), (872, 972, "rollback", 0), (972, 977, "checkpoint", -1),
        (977, 1017, "recompute", 1), (1017, 1077, "productive", -1),
    ]  # fmt: skip
    assert hits(records) == ["job_down", "job"]


def test_corruption_is_found_during_the_restart(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(252.0, evict=False)], corruption=[failure(103.0, evict=False)])
    records = run(small_plan(categories=(NODE, CORRUPTION)))
    assert timeline(records)[5:9] == [
        (252, 282, "detect", 1), (282, 303, "restart", 1), (303, 363, "restart", 0), (363, 463, "rollback", 0),
    ]  # fmt: skip
    assert timeline(records)[10] == (468, 548, "recompute", 1)


def test_corruption_that_a_crash_rewinds_past_is_never_found(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(152.0, evict=False)], corruption=[failure(103.0, evict=True)])
    records = run(small_plan(categories=(NODE, CORRUPTION)))
    assert hits(records) == ["unnoticed", "job"]
    assert timeline(records)[5][2:] == ("recompute", 1)
    assert len(records.repairs["end_s"]) == 0


def test_corruption_during_the_stall_does_not_reach_the_checkpoint(
    run: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The crash leads back to the checkpoint of step 10, which is clean: there is nothing left to find."""
    script(monkeypatch, node=[failure(212.0, evict=False)], corruption=[failure(162.0, evict=False)])
    records = run(small_plan(categories=(NODE, CORRUPTION)))
    assert hits(records) == ["unnoticed", "job"]
    assert timeline(records)[6:] == [(242, 302, "restart", 1), *resumed(302, cause=1)]


def test_corruption_of_a_job_that_computes_nothing_is_no_event(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, corruption=[failure(30.0)])
    records = run(small_plan(categories=(CORRUPTION,)))
    assert len(records.incidents["t_s"]) == 0
    assert records.end_s == 325


def test_corruption_found_during_the_last_write(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, corruption=[failure(130.0, evict=False)])
    records = run(small_plan(categories=(CORRUPTION,), write_s=20.0))
    assert timeline(records)[6:9] == [(320, 330, "checkpoint", -1), (330, 390, "restart", 0), (390, 490, "rollback", 0)]
    assert records.finished
