"""Crashes, hangs, restarts, spares and repairs: the whole list of intervals, worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from clustersim.run.records import EFFECTS, HITS
from tests.run.event_log import CRASH_AT_212, START, UNDISTURBED, hits, resumed
from tests.run.plans import (
    DAY_S,
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
        "detect_s": [30.0], "evicted_nodes": [1], "manual": [False], "skipped_tokens": [0.0],
    }  # fmt: skip
    assert {name: column.tolist() for name, column in records.repairs.items()} == {
        "queued_s": [242.0], "start_s": [242.0], "end_s": [1242.0], "nodes": [1], "cause": [0],
        "back_s": [1242.0], "retired": [False], "failed": [False],
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
