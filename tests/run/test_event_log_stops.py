"""Planned stops and changes of phase: the whole list of intervals, worked out by hand."""

import pytest

from clustersim.run import metrics
from clustersim.run.laws import Law
from clustersim.run.plan import MaintenancePlan
from clustersim.run.records import EFFECTS
from tests.run.event_log import CRASH_AT_212, FIRST, START, UNDISTURBED, hits, resumed
from tests.run.plans import (
    Simulate,
    failure,
    script,
    small_plan,
    stop_at,
    timeline,
)


def test_planned_stop_loses_nothing(run: Simulate) -> None:
    records = run(small_plan(categories=(), maintenance=stop_at(212.0)))
    assert timeline(records) == [
        *FIRST, (165, 215, "productive", -1), (215, 220, "checkpoint", -1), (220, 520, "maintenance", 0),
        (520, 580, "restart", 0), (580, 680, "productive", -1), (680, 685, "checkpoint", -1),
    ]  # fmt: skip
    assert records.checkpoints["step"].tolist() == [10, 15, 25]
    assert records.incidents["effect"].tolist() == [EFFECTS.index("planned")]
    assert hits(records) == ["job"]


def test_planned_stop_waits_for_the_write(run: Simulate) -> None:
    records = run(small_plan(categories=(), write_s=20.0, maintenance=stop_at(212.0)))
    assert timeline(records)[4:6] == [(215, 240, "checkpoint", -1), (240, 540, "maintenance", 0)]


def test_planned_stop_during_the_stall_takes_that_checkpoint(run: Simulate) -> None:
    records = run(small_plan(categories=(), maintenance=stop_at(162.0)))
    assert timeline(records)[1:4] == [
        (60, 160, "productive", -1), (160, 165, "checkpoint", -1), (165, 465, "maintenance", 0),
    ]  # fmt: skip


def test_two_planned_stops_at_once_cost_one_restart(run: Simulate) -> None:
    records = run(small_plan(categories=(), maintenance=(*stop_at(211.0), *stop_at(212.0, 100.0))))
    assert timeline(records)[3:8] == [
        (165, 215, "productive", -1), (215, 220, "checkpoint", -1), (220, 520, "maintenance", 0),
        (520, 620, "maintenance", 1), (620, 680, "restart", 1),
    ]  # fmt: skip


def test_planned_stop_while_down_is_done_in_passing(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, evict=False)])
    records = run(small_plan(maintenance=stop_at(220.0)))
    assert timeline(records) == [
        *CRASH_AT_212, (242, 542, "maintenance", 1), (542, 602, "restart", 0), *resumed(602),
    ]  # fmt: skip
    assert hits(records) == ["job", "job_down"]


def test_planned_stop_during_a_wait_is_over_with_it(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0)])
    records = run(small_plan(maintenance=stop_at(500.0)))
    assert timeline(records) == [*CRASH_AT_212, (242, 1242, "waiting", 0), (1242, 1302, "restart", 0), *resumed(1302)]
    assert hits(records) == ["job", "job_down"]


def test_planned_stop_during_a_wait_costs_what_is_left_of_it(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 300 s from 1100 on, 158 are left when the node is back."""
    script(monkeypatch, node=[failure(212.0)])
    records = run(small_plan(maintenance=stop_at(1100.0)))
    assert timeline(records) == [
        *CRASH_AT_212, (242, 1242, "waiting", 0), (1242, 1400, "maintenance", 1), (1400, 1460, "restart", 0),
        *resumed(1460),
    ]  # fmt: skip


def test_planned_stop_overlaps_the_wait_for_a_person(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Due while nobody knows yet, done while the person is on the way."""
    script(monkeypatch, node=[failure(212.0, manual=True, evict=False)])
    records = run(small_plan(maintenance=stop_at(220.0)))
    assert timeline(records) == [*CRASH_AT_212, (242, 742, "waiting", 0), (742, 802, "restart", 0), *resumed(802)]


def test_planned_stops_of_two_kinds_during_a_wait_follow_each_other(
    run: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 900 to 1200 the one, to 1500 the other, of which 258 are left when the node is back."""
    script(monkeypatch, node=[failure(212.0)])
    records = run(small_plan(maintenance=(*stop_at(900.0), *stop_at(1000.0))))
    assert timeline(records)[6:9] == [
        (242, 1242, "waiting", 0), (1242, 1500, "maintenance", 2), (1500, 1560, "restart", 0),
    ]  # fmt: skip


def test_planned_stops_do_not_pile_up_while_the_job_waits(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every 100 s one of 60 s, ten of them while a node is mended: the last began at 1200."""
    script(monkeypatch, node=[failure(212.0)])
    stops = (MaintenancePlan("stop", 100.0, Law("constant", 60.0), True, 300.0),)
    records = run(small_plan(maintenance=stops), horizon_s=1300.0)
    assert timeline(records)[6:] == [
        (242, 1242, "waiting", 0), (1242, 1260, "maintenance", 10), (1260, 1300, "restart", 0),
    ]  # fmt: skip
    assert hits(records)[:11] == ["job", *["job_down"] * 10]


def test_one_stop_of_a_kind_is_pending_at_most(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hang is noticed after 600 s in which a stop of 60 s fell due six times: it is made once."""
    script(monkeypatch, node=[failure(212.0, evict=False, hang=True)])
    stops = (MaintenancePlan("stop", 100.0, Law("constant", 60.0), True, 300.0),)
    records = run(small_plan(maintenance=stops), horizon_s=890.0)
    assert timeline(records)[5:] == [(212, 812, "detect", 0), (812, 872, "maintenance", 1), (872, 890, "restart", 0)]
    assert hits(records) == ["job", "job_down"], "the one that fell due at 800 was still to be made"


def test_a_stop_that_lasts_longer_than_its_interval_ends(run: Simulate) -> None:
    """Due at 300 again while the work of 212 goes on: there is nothing to add to it."""
    stops = (MaintenancePlan("stop", 100.0, Law("constant", 250.0), True, 212.0),)
    records = run(small_plan(categories=(), maintenance=stops), horizon_s=560.0)
    assert timeline(records)[4:] == [
        (215, 220, "checkpoint", -1), (220, 470, "maintenance", 0), (470, 530, "restart", 0),
        (530, 540, "productive", -1), (540, 545, "checkpoint", -1), (545, 560, "maintenance", 1),
    ]  # fmt: skip
    assert records.incidents["t_s"].tolist() == [212, 512]


def test_node_that_breaks_during_a_planned_stop(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its repair is queued when the stop is over; another stop that falls due then costs nothing more."""
    script(monkeypatch, node=[failure(300.0)])
    records = run(small_plan(maintenance=(*stop_at(212.0), *stop_at(800.0))))
    assert timeline(records)[5:8] == [
        (220, 520, "maintenance", 0), (520, 1520, "waiting", 1), (1520, 1580, "restart", 0),
    ]  # fmt: skip
    assert hits(records) == ["job", "job_down", "job_down"]


def test_planned_stop_during_a_restart_waits_for_the_first_step(run: Simulate) -> None:
    records = run(small_plan(categories=(), maintenance=stop_at(30.0)))
    assert timeline(records)[:5] == [
        START, (60, 70, "productive", -1), (70, 75, "checkpoint", -1), (75, 375, "maintenance", 0),
        (375, 435, "restart", 0),
    ]  # fmt: skip


def test_planned_stop_in_the_last_step_finds_the_job_done(run: Simulate) -> None:
    records = run(small_plan(categories=(), maintenance=stop_at(315.0)))
    assert timeline(records) == [*UNDISTURBED, (320, 325, "checkpoint", -1)]
    assert records.end_s == 325


def test_planned_stop_that_a_crash_overtakes(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(217.0, evict=False)])
    records = run(small_plan(maintenance=stop_at(212.0)))
    assert timeline(records)[3:9] == [
        (165, 215, "productive", -1), (215, 217, "checkpoint", -1), (217, 247, "detect", 1),
        (247, 547, "maintenance", 0),
        (547, 607, "restart", 1), (607, 657, "recompute", 1),
    ]  # fmt: skip


def test_phases_follow_each_other(run: Simulate) -> None:
    records = run(small_plan(steps=(12, 8), categories=()))
    assert timeline(records) == [
        *FIRST, (165, 185, "productive", -1), (185, 190, "checkpoint", -1), (190, 270, "productive", -1),
        (270, 275, "checkpoint", -1),
    ]  # fmt: skip
    assert records.checkpoints["phase"].tolist() == [0, 0, 1]


def test_phase_change_with_a_restart(run: Simulate) -> None:
    records = run(small_plan(steps=(10, 10), categories=(), write_s=20.0, restart_between=True))
    assert timeline(records) == [
        START, (60, 160, "productive", -1), (160, 185, "checkpoint", -1), (185, 245, "restart", 0),
        (245, 345, "productive", -1), (345, 370, "checkpoint", -1),
    ]  # fmt: skip
    assert records.categories[records.incidents["category"][0]] == "phase change"
    assert metrics.interruptions(records) == (0, 0), "nobody planned a stop"
    assert metrics.phase_changes(records) == 1
    assert metrics.interruptions_by_category(records)["phase change"] == 1


def test_crash_in_a_new_phase_leads_back_to_its_start(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(262.0, evict=False)])
    records = run(small_plan(steps=(10, 10), restart_between=True))
    assert timeline(records)[3:] == [
        (165, 225, "restart", 0), (225, 255, "productive", -1), (255, 262, "recompute", 1), (262, 292, "detect", 1),
        (292, 352, "restart", 1), (352, 382, "recompute", 1), (382, 452, "productive", -1),
        (452, 457, "checkpoint", -1),
    ]  # fmt: skip
    assert metrics.phase_changes(records) == 1, "the layout changes once"
    assert records.intervals["phase"].tolist()[-4:] == [1] * 4


def test_crash_in_a_new_phase_can_lead_back_to_the_old_one(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(192.0, evict=False)])
    records = run(small_plan(steps=(12, 8), write_s=20.0))
    assert timeline(records)[3:] == [
        (165, 185, "productive", -1), (185, 190, "checkpoint", -1), (190, 192, "recompute", 0), (192, 222, "detect", 0),
        (222, 282, "restart", 0), (282, 302, "recompute", 0), (302, 307, "checkpoint", -1),
        (307, 387, "productive", -1),
        (387, 412, "checkpoint", -1),
    ]  # fmt: skip
    assert records.intervals["phase"].tolist()[-6:] == [0, 0, 0, 1, 1, 1], "the restart, too, is spent on the old phase"
