"""The whole list of intervals of small plans with scripted failures, worked out by hand.

Undisturbed: restart until 60, 10 steps until 160, checkpoint until 165, 10 steps until 265, checkpoint until 270,
5 steps until 320, checkpoint until 325.
"""

from dataclasses import replace

import numpy as np
import pytest

from clustersim.run import metrics
from clustersim.run.laws import Law
from clustersim.run.plan import MaintenancePlan
from clustersim.run.records import EFFECTS, HITS, Records
from tests.run.plans import (
    CORRUPTION,
    DAY_S,
    NODE,
    RACK,
    SOFTWARE,
    Simulate,
    failure,
    parts,
    script,
    small_plan,
    stop_at,
    timeline,
)

START = (0, 60, "restart", -1)
FIRST = [START, (60, 160, "productive", -1), (160, 165, "checkpoint", -1)]
UNDISTURBED = [*FIRST, (165, 265, "productive", -1), (265, 270, "checkpoint", -1), (270, 320, "productive", -1)]
CRASH_AT_212 = [*FIRST, (165, 205, "productive", -1), (205, 212, "recompute", 0), (212, 242, "detect", 0)]


def resumed(
    at_s: float, redone_from: int = 10, redone_to: int = 14, cause: int = 0
) -> list[tuple[float, float, str, int]]:
    """Four steps again, six new ones, and the last five of the plan."""
    assert (redone_from, redone_to) == (10, 14)
    return [
        (at_s, at_s + 40, "recompute", cause),
        (at_s + 40, at_s + 100, "productive", -1),
        (at_s + 100, at_s + 105, "checkpoint", -1),
        (at_s + 105, at_s + 155, "productive", -1),
        (at_s + 155, at_s + 160, "checkpoint", -1),
    ]


def hits(records: Records) -> list[str]:
    return [HITS[code] for code in records.incidents["hits"]]


def test_nothing_happens(run: Simulate) -> None:
    records = run(small_plan(categories=()))
    assert timeline(records) == [*UNDISTURBED, (320, 325, "checkpoint", -1)]
    assert parts(records) == [(0, 20, "schedule"), (20, 60, "load")]
    assert (records.ended, records.finished) == ("finished", True)
    assert records.end_s == 325
    assert records.checkpoints["step"].tolist() == [10, 20, 25]
    assert records.checkpoints["taken_s"].tolist() == [165, 270, 325]
    assert records.checkpoints["tokens"].tolist() == [1000, 2000, 2500]
    assert all(len(table) == 0 for table in (records.incidents["t_s"], records.repairs["end_s"]))


def test_crash_in_the_middle_of_a_cycle(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 2)])
    records = run(small_plan(hot=1))
    assert timeline(records) == [*CRASH_AT_212, (242, 302, "restart", 0), *resumed(302)]
    incident = {name: column.tolist() for name, column in records.incidents.items()}
    assert incident == {
        "t_s": [212.0], "category": [0], "node": [2], "effect": [EFFECTS.index("crash")], "hits": [HITS.index("job")],
        "detect_s": [30.0], "evicted_nodes": [1], "manual": [False],
    }  # fmt: skip
    assert {name: column.tolist() for name, column in records.repairs.items()} == {
        "queued_s": [242.0], "start_s": [242.0], "end_s": [1242.0], "nodes": [1], "cause": [0],
    }  # fmt: skip


def test_a_restart_cures_it(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, evict=False)])
    records = run(small_plan())
    assert timeline(records) == [*CRASH_AT_212, (242, 302, "restart", 0), *resumed(302)]
    assert len(records.repairs["end_s"]) == 0


def test_hang_is_seen_at_the_timeout(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, hang=True, evict=False)])
    records = run(small_plan())
    assert timeline(records)[5:7] == [(212, 812, "detect", 0), (812, 872, "restart", 0)]
    assert records.incidents["effect"].tolist() == [EFFECTS.index("hang")]


def test_a_person_is_called(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, manual=True, evict=False)])
    records = run(small_plan())
    assert timeline(records) == [*CRASH_AT_212, (242, 742, "waiting", 0), (742, 802, "restart", 0), *resumed(802)]
    assert (242, 742, "people") in parts(records)


def test_crash_during_the_stall_loses_the_checkpoint(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(162.0, evict=False)])
    records = run(small_plan())
    assert timeline(records) == [
        START, (60, 160, "productive", -1), (160, 162, "checkpoint", -1), (162, 192, "detect", 0),
        (192, 252, "restart", 0), (252, 352, "recompute", 0), (352, 357, "checkpoint", -1),
        (357, 457, "productive", -1), (457, 462, "checkpoint", -1),
        (462, 512, "productive", -1), (512, 517, "checkpoint", -1),
    ]  # fmt: skip
    assert records.checkpoints["taken_s"].tolist() == [357, 462, 517]


def test_crash_during_the_write_loses_the_checkpoint(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(282.0, evict=False)])
    records = run(small_plan(write_s=20.0))
    after = timeline(records)[5:]
    assert after[:4] == [
        (270, 280, "productive", -1), (280, 282, "recompute", 0), (282, 312, "detect", 0), (312, 372, "restart", 0),
    ]  # fmt: skip
    assert after[4:6] == [(372, 472, "recompute", 0), (472, 477, "checkpoint", -1)]
    assert after[6] == (477, 487, "recompute", 0), "the step of the lost stretch that followed the lost checkpoint"
    assert records.checkpoints["taken_s"].tolist() == [165, 270, 477, 532]
    np.testing.assert_array_equal(records.checkpoints["durable_s"], [185, np.nan, 497, 552])
    assert records.end_s == 552, "the last write is waited for"


def test_crash_just_after_the_write_keeps_the_checkpoint(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(291.0, evict=False)])
    records = run(small_plan(write_s=20.0))
    assert timeline(records)[5:10] == [
        (270, 290, "productive", -1), (290, 291, "recompute", 0), (291, 321, "detect", 0), (321, 381, "restart", 0),
        (381, 401, "recompute", 0),
    ]  # fmt: skip


def test_crash_during_the_restart(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 0), failure(262.0, 1)])
    records = run(small_plan(hot=2))
    assert timeline(records) == [
        *CRASH_AT_212, (242, 262, "restart", 0), (262, 292, "detect", 1), (292, 352, "restart", 1), *resumed(352),
    ]  # fmt: skip
    assert parts(records)[2:] == [(242, 262, "schedule"), (292, 312, "schedule"), (312, 352, "load")]
    assert hits(records) == ["job", "job"]


def test_crash_while_the_lost_steps_are_redone(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that are lost twice are redone twice: the second time because of the second crash."""
    script(monkeypatch, node=[failure(212.0, evict=False), failure(325.0, evict=False)])
    records = run(small_plan())
    assert timeline(records)[6:] == [
        (242, 302, "restart", 0), (302, 322, "recompute", 0), (322, 325, "recompute", 1), (325, 355, "detect", 1),
        (355, 415, "restart", 1), (415, 435, "recompute", 1), (435, 455, "recompute", 0), (455, 515, "productive", -1),
        (515, 520, "checkpoint", -1), (520, 570, "productive", -1), (570, 575, "checkpoint", -1),
    ]  # fmt: skip


def test_crash_during_detection_is_absorbed(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 0), failure(220.0, 1)])
    records = run(small_plan(hot=2))
    assert timeline(records) == [*CRASH_AT_212, (242, 302, "restart", 0), *resumed(302)]
    assert hits(records) == ["job", "job_down"]
    assert records.repairs["queued_s"].tolist() == [242, 242]
    assert records.repairs["cause"].tolist() == [0, 1]


def test_nobody_is_called_to_a_job_that_is_down(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, evict=False), failure(220.0, 1, evict=False, manual=True)])
    records = run(small_plan())
    assert timeline(records)[6] == (242, 302, "restart", 0)
    assert records.incidents["manual"].tolist() == [False, False]


def test_no_spare_waits_for_the_repair(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0)])
    records = run(small_plan())
    assert timeline(records) == [*CRASH_AT_212, (242, 1242, "waiting", 0), (1242, 1302, "restart", 0), *resumed(1302)]
    assert (242, 1242, "repair") in parts(records)


def test_a_node_breaks_while_the_job_waits_for_a_repair(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 0), failure(1000.0, 1)])
    records = run(small_plan())
    assert timeline(records)[6:8] == [(242, 2000, "waiting", 0), (2000, 2060, "restart", 0)]
    assert records.repairs["queued_s"].tolist() == [242, 1000]
    assert hits(records) == ["job", "job_down"]


def test_one_pair_of_hands_mends_in_turn(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 0), failure(220.0, 1)])
    records = run(small_plan(repair_hands=1))
    assert records.repairs["start_s"].tolist() == [242, 1242]
    assert timeline(records)[6:8] == [(242, 2242, "waiting", 0), (2242, 2302, "restart", 0)]


@pytest.mark.parametrize(("pool", "swap_s"), [("warm", 70), ("cold", 200)])
def test_swap(run: Simulate, monkeypatch: pytest.MonkeyPatch, pool: str, swap_s: float) -> None:
    script(monkeypatch, node=[failure(212.0)])
    records = run(small_plan(**{pool: 1}))
    back_s = 242 + swap_s
    assert timeline(records) == [
        *CRASH_AT_212, (242, back_s, "waiting", 0), (back_s, back_s + 60, "restart", 0), *resumed(back_s + 60),
    ]  # fmt: skip
    assert (242, back_s, "spares") in parts(records)


def test_the_slowest_spare_sets_the_pace(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, rack=[failure(212.0, 0)])
    records = run(small_plan(categories=(RACK,), hot=1, cold=1))
    assert timeline(records)[6] == (242, 442, "waiting", 0)


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


@pytest.mark.parametrize(
    ("horizon_s", "last"),
    [
        (212.0, (165, 212, "productive", -1)),
        (162.0, (160, 162, "checkpoint", -1)),
        (25.0, (0, 25, "restart", -1)),
    ],
)
def test_deadline_cuts_the_record(run: Simulate, horizon_s: float, last: tuple[float, float, str, int]) -> None:
    records = run(small_plan(categories=()), horizon_s=horizon_s)
    assert timeline(records)[-1] == last
    assert records.end_s == horizon_s
    assert (records.ended, records.finished) == ("deadline", False)


@pytest.mark.parametrize(
    ("crash_s", "horizon_s", "last"),
    [
        (212.0, 325.0, (302, 325, "recompute", 0)),
        (212.0, 345.0, (342, 345, "productive", -1)),
        (25.0, 118.0, (115, 118, "productive", -1)),
    ],
)
def test_step_that_the_deadline_cuts_is_not_lost(
    run: Simulate,
    monkeypatch: pytest.MonkeyPatch,
    crash_s: float,
    horizon_s: float,
    last: tuple[float, float, str, int],
) -> None:
    script(monkeypatch, node=[failure(crash_s, evict=False)])
    assert timeline(run(small_plan(), horizon_s=horizon_s))[-1] == last


def test_deadline_of_the_plan_cuts_a_wait(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0)])
    records = run(small_plan(deadline_s=800.0))
    assert timeline(records)[-1] == (242, 800, "waiting", 0)
    assert records.ended == "deadline"


def test_a_hopeless_plan_is_given_up(run: Simulate) -> None:
    """A failure every 100 s of a job whose steps take 1000 s."""
    plan = small_plan(categories=(replace(SOFTWARE, rate_per_unit_s=0.01),))
    records = run(replace(plan, phases=(replace(plan.phases[0], step_time_s=1000.0),)))
    assert (records.ended, records.finished) == ("gave_up", False)
    assert records.end_s == 30 * DAY_S


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


def test_crash_of_the_first_restart(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, software=[failure(25.0)])
    records = run(small_plan(categories=(SOFTWARE,)))
    assert timeline(records)[:4] == [
        (0, 25, "restart", -1), (25, 55, "detect", 0), (55, 115, "restart", 0), (115, 215, "productive", -1),
    ]  # fmt: skip


def test_crash_during_the_last_write_loses_the_last_checkpoint(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(330.0, evict=False)])
    records = run(small_plan(write_s=20.0))
    assert timeline(records)[6:] == [
        (320, 330, "checkpoint", -1), (330, 360, "detect", 0), (360, 420, "restart", 0), (420, 470, "recompute", 0),
        (470, 495, "checkpoint", -1),
    ]  # fmt: skip
    assert hits(records) == ["job"]
    assert records.finished
    np.testing.assert_array_equal(records.checkpoints["durable_s"], [185, 290, np.nan, 495])


def test_crash_at_the_end_of_the_last_write_finds_the_job_done(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(345.0)])
    records = run(small_plan(write_s=20.0))
    assert records.end_s == 345
    assert hits(records) == ["job_down"]


def test_crash_during_the_write_at_the_end_of_a_phase(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkpoint of the old layout is lost: the job trains its steps again before it changes the layout."""
    script(monkeypatch, node=[failure(170.0, evict=False)])
    records = run(small_plan(steps=(10, 10), write_s=20.0, restart_between=True))
    assert timeline(records) == [
        START, (60, 160, "productive", -1), (160, 170, "checkpoint", -1), (170, 200, "detect", 0),
        (200, 260, "restart", 0), (260, 360, "recompute", 0), (360, 385, "checkpoint", -1), (385, 445, "restart", 1),
        (445, 545, "productive", -1), (545, 570, "checkpoint", -1),
    ]  # fmt: skip
    assert [records.categories[code] for code in records.incidents["category"]] == ["node", "phase change"]


def test_crash_during_the_write_before_a_planned_stop(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stop is made all the same, and the five steps since the last checkpoint are trained again after it."""
    script(monkeypatch, node=[failure(225.0, evict=False)])
    records = run(small_plan(write_s=20.0, maintenance=stop_at(212.0)))
    assert timeline(records)[4:9] == [
        (215, 225, "checkpoint", -1), (225, 255, "detect", 1), (255, 555, "maintenance", 0), (555, 615, "restart", 1),
        (615, 665, "recompute", 1),
    ]  # fmt: skip
    assert hits(records) == ["job", "job"]


def test_node_lost_during_the_last_write_is_replaced(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(330.0)])
    records = run(small_plan(write_s=20.0, warm=1))
    assert timeline(records)[7:10] == [(330, 360, "detect", 0), (360, 430, "waiting", 0), (430, 490, "restart", 0)]


def test_node_that_breaks_at_the_moment_a_phase_ends(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timer of the phase's end was set before the second failure's: the job finds the broken node as it goes on."""
    script(monkeypatch, node=[failure(100.0, 4), failure(165.0, 0)])
    records = run(small_plan(steps=(10, 10), hot=1))
    assert hits(records) == ["spare", "job_down"]
    assert timeline(records)[2:5] == [
        (160, 165, "checkpoint", -1),
        (165, 1100, "waiting", 1),
        (1100, 1160, "restart", 1),
    ]
