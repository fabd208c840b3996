"""Checkpoints that are not written and checkpoints that are lost: the whole list of intervals, worked out by hand.

Undisturbed, checkpoints stall the job from 160 to 165, 265 to 270 and 320 to 325; see ``event_log``.
"""

from dataclasses import replace

import numpy as np
import pytest

from clustersim.run import metrics
from clustersim.run.plan import CategoryPlan, IncidentPlan
from tests.run.event_log import CRASH_AT_212, FIRST, UNDISTURBED, hits
from tests.run.plans import (
    CORRUPTION,
    FULL,
    KILL,
    LOSS,
    NODE,
    RECORDED,
    Simulate,
    digest,
    failure,
    recorded,
    script,
    small_plan,
    stop_at,
    timeline,
)

BACK_TO_THE_START = [
    (242, 302, "restart", 1), (302, 402, "recompute", 0), (402, 407, "checkpoint", -1), (407, 447, "recompute", 1),
    (447, 507, "productive", -1), (507, 512, "checkpoint", -1), (512, 562, "productive", -1),
    (562, 567, "checkpoint", -1),
]  # fmt: skip
"""After a crash at 212 (incident 1), when the checkpoint of step 10 is not there because of incident 0."""


def crash_at_212(incident: tuple[float, CategoryPlan] | tuple[float, CategoryPlan, float], **more: float) -> object:
    return small_plan(**recorded(incident, (212, KILL)), **more)  # type: ignore[arg-type]


def crashed(by: int) -> list[tuple[float, float, str, int]]:
    return [*CRASH_AT_212[:4], (205, 212, "recompute", by), (212, 242, "detect", by)]


# --- write failures -------------------------------------------------------------------------------------------------


def test_checkpoint_that_was_not_written_is_not_there(run: Simulate) -> None:
    """It costs its stall all the same. Ten steps are lost by the full disk, four by the crash."""
    records = run(crash_at_212((158, FULL, 3)))
    assert timeline(records) == [*crashed(1), *BACK_TO_THE_START]
    np.testing.assert_array_equal(records.checkpoints["durable_s"], [np.nan, 407, 512, 567])
    assert hits(records) == ["job", "job"]
    assert metrics.interruptions(records) == (1, 0)
    assert metrics.time_lost_by_cause_s(records)["full"] == 100


@pytest.mark.parametrize(("at_s", "lasts_s"), [(150, 10), (165, 40), (170, 10), (10, 149)])
def test_write_failure_between_two_checkpoints_is_not_noticed(run: Simulate, at_s: float, lasts_s: float) -> None:
    records = run(small_plan(**recorded((at_s, FULL, lasts_s))))
    assert timeline(records)[:-1] == UNDISTURBED
    assert np.isfinite(records.checkpoints["durable_s"]).all()


@pytest.mark.parametrize(
    ("at_s", "lasts_s", "written"),
    [
        (162, 1, [0, 1]), (159, 2, [0, 1]), (164, 100, [0, 1]), (100, 200, [0, 0]), (266, 10, [1, 0]), (160, 5, [0, 1]),
        (164, 102, [0, 0]), (165, 101, [1, 0]),
    ],
)  # fmt: skip
def test_blocking_write_fails_if_any_part_of_it_does(
    run: Simulate, at_s: float, lasts_s: float, written: list[int]
) -> None:
    records = run(small_plan(**recorded((at_s, FULL, lasts_s))))
    assert np.isfinite(records.checkpoints["durable_s"])[:2].tolist() == written


@pytest.mark.parametrize(
    ("at_s", "lasts_s", "written"),
    [(160, 5, [1, 1]), (161, 5, [0, 1]), (170, 1, [0, 1]), (184, 99, [0, 0]), (185, 85, [1, 1]), (189, 1, [1, 1])],
)
def test_asynchronous_write_fails_after_its_stall(
    run: Simulate, at_s: float, lasts_s: float, written: list[int]
) -> None:
    """Written from 165 to 185 and from 270 to 290: the storage knows nothing of the stall before."""
    records = run(small_plan(write_s=20.0, **recorded((at_s, FULL, lasts_s))))
    assert np.isfinite(records.checkpoints["durable_s"])[:2].tolist() == written
    assert timeline(records)[:-1] == UNDISTURBED


def test_free_checkpoints_fail_too(run: Simulate) -> None:
    plan = small_plan(**recorded((160, FULL, 1), (212, KILL)))
    records = run(replace(plan, checkpoint=replace(plan.checkpoint, stall_s=0.0)))
    np.testing.assert_array_equal(records.checkpoints["durable_s"][:1], [np.nan])


def test_two_checkpoints_in_a_row_are_not_written(run: Simulate) -> None:
    records = run(small_plan(**recorded((150, FULL, 130), (291, KILL))))
    assert timeline(records)[5:9] == [
        (270, 290, "productive", -1), (290, 291, "recompute", 1), (291, 321, "detect", 1), (321, 381, "restart", 1),
    ]  # fmt: skip
    assert timeline(records)[9:13] == [
        (381, 481, "recompute", 0), (481, 486, "checkpoint", -1), (486, 586, "recompute", 0),
        (586, 591, "checkpoint", -1),
    ]  # fmt: skip
    assert timeline(records)[13] == (591, 611, "recompute", 1)


def test_last_checkpoint_that_is_not_written_makes_the_job_go_back(run: Simulate) -> None:
    """Without it nothing is left of the last five steps, so the job is not done."""
    records = run(small_plan(**recorded((322, FULL, 1))))
    assert timeline(records)[5:] == [
        (270, 320, "productive", -1), (320, 325, "checkpoint", -1), (325, 385, "restart", 0),
        (385, 435, "recompute", 0), (435, 440, "checkpoint", -1),
    ]  # fmt: skip
    assert records.finished
    assert metrics.tokens_trained(records) == 2500


def test_planned_stop_whose_checkpoint_is_not_written(run: Simulate) -> None:
    """Stopped after 15 steps at 215, with a checkpoint until 220 that fails: the five since step 10 are lost."""
    records = run(small_plan(maintenance=stop_at(212.0), **recorded((216, FULL, 1))))
    assert timeline(records)[4:8] == [
        (215, 220, "checkpoint", -1), (220, 520, "maintenance", 0), (520, 580, "restart", 0),
        (580, 630, "recompute", 1),
    ]  # fmt: skip
    assert records.incidents["category"].tolist() == [len(RECORDED), RECORDED.index(FULL)]


def test_change_of_layout_whose_checkpoint_is_not_written(run: Simulate) -> None:
    """The steps of the old layout are trained again, then it changes."""
    plan = small_plan(steps=(10, 10), restart_between=True, **recorded((162, FULL, 1)))
    records = run(plan)
    assert timeline(records) == [
        *FIRST, (165, 225, "restart", 0), (225, 325, "recompute", 0), (325, 330, "checkpoint", -1),
        (330, 390, "restart", 1), (390, 490, "productive", -1), (490, 495, "checkpoint", -1),
    ]  # fmt: skip
    assert metrics.phase_changes(records) == 1


def test_storage_that_never_recovers_never_lets_the_job_end(run: Simulate) -> None:
    records = run(small_plan(deadline_s=5000.0, **recorded((0, FULL, 1e9))))
    assert (records.ended, len(records.checkpoints["step"]) > 10) == ("deadline", True)
    assert np.isnan(records.checkpoints["durable_s"]).all()


def test_write_failure_of_a_node_ends_when_it_is_replaced(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Node 0 cannot write from 90; it crashes at 100, is replaced, and the next checkpoint is written."""
    of_node = replace(FULL, units=4, blast_nodes=1, evict=0.0)
    script(monkeypatch, node=[failure(100.0, 0)])
    plan = replace(small_plan(hot=1), categories=(NODE, of_node), incidents=(IncidentPlan(90.0, 1, 1e5),))
    assert np.isfinite(run(plan).checkpoints["durable_s"]).all()
    script(monkeypatch, node=[failure(100.0, 1)])
    assert np.isnan(run(replace(plan, deadline_s=1000.0)).checkpoints["durable_s"]).all()


def test_write_failure_of_a_spare_matters_not(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, full=[failure(158.0, 4)])
    records = run(small_plan(hot=1, categories=(replace(FULL, units=5, rate_per_unit_s=1e-9, blast_nodes=1),)))
    assert hits(records) == ["spare"]
    assert np.isfinite(records.checkpoints["durable_s"]).all()


# --- lost checkpoints -----------------------------------------------------------------------------------------------


def test_lost_checkpoint_is_noticed_at_the_next_load(run: Simulate) -> None:
    records = run(crash_at_212((170, LOSS)))
    assert timeline(records) == [*crashed(1), *BACK_TO_THE_START]
    assert records.checkpoints["lost_s"].tolist() == [170, np.inf, np.inf, np.inf]
    assert records.checkpoints["durable_s"].tolist() == [165, 407, 512, 567]
    assert hits(records) == ["job", "job"]
    assert metrics.interruptions(records) == (1, 0)


def test_lost_checkpoint_that_nobody_loads_is_never_noticed(run: Simulate) -> None:
    """The next one was complete before the crash at 291: it takes two steps, whatever became of the one before."""
    records = run(small_plan(**recorded((170, LOSS), (291, KILL))))
    assert hits(records) == ["unnoticed", "job"]
    assert timeline(records)[9] == (381, 401, "recompute", 1)


def test_two_losses_take_two_checkpoints(run: Simulate) -> None:
    records = run(small_plan(**recorded((280, LOSS), (281, LOSS), (291, KILL))))
    assert records.checkpoints["lost_s"][:2].tolist() == [281, 280]
    assert timeline(records)[8:14] == [
        (321, 381, "restart", 2), (381, 481, "recompute", 1), (481, 486, "checkpoint", -1), (486, 586, "recompute", 0),
        (586, 591, "checkpoint", -1), (591, 611, "recompute", 2),
    ]  # fmt: skip


def test_loss_before_the_first_checkpoint_takes_nothing(run: Simulate) -> None:
    records = run(small_plan(**recorded((30, LOSS), (162, LOSS))))
    assert timeline(records)[:-1] == UNDISTURBED
    assert hits(records) == ["unnoticed", "unnoticed"]
    assert np.isinf(records.checkpoints["lost_s"]).all()


def test_checkpoint_that_is_being_written_is_not_complete(run: Simulate) -> None:
    """At 280 the checkpoint of step 20 is still written: that of step 10 is lost, and nobody misses it."""
    records = run(small_plan(write_s=20.0, **recorded((280, LOSS), (295, KILL))))
    assert records.checkpoints["lost_s"][:2].tolist() == [280, np.inf]
    assert hits(records) == ["unnoticed", "job"]


def test_loss_while_the_crash_is_detected(run: Simulate) -> None:
    """The crash at 282 lost the write under way, so the newest complete checkpoint is that of step 10."""
    records = run(small_plan(write_s=20.0, **recorded((282, KILL), (300, LOSS))))
    assert records.checkpoints["lost_s"][:2].tolist() == [300, np.inf]
    assert timeline(records)[8] == (312, 372, "restart", 0)
    assert timeline(records)[9] == (372, 472, "recompute", 1)


def test_loss_during_a_restart_shows_at_the_next(run: Simulate) -> None:
    """The restart at 242 has its checkpoint; that of the second crash, before another is taken, does not."""
    records = run(small_plan(**recorded((212, KILL), (250, LOSS), (320, KILL))))
    assert timeline(records)[6:12] == [
        (242, 302, "restart", 0), (302, 312, "recompute", 0), (312, 320, "recompute", 2), (320, 350, "detect", 2),
        (350, 410, "restart", 2), (410, 510, "recompute", 1),
    ]  # fmt: skip
    assert hits(records) == ["job", "job", "job"]


def test_loss_during_a_planned_stop(run: Simulate) -> None:
    """Stopped with a checkpoint of step 15 at 220, which is lost: back to that of step 10."""
    records = run(small_plan(maintenance=stop_at(212.0), **recorded((300, LOSS))))
    assert timeline(records)[4:8] == [
        (215, 220, "checkpoint", -1), (220, 520, "maintenance", 0), (520, 580, "restart", 0),
        (580, 630, "recompute", 1),
    ]  # fmt: skip
    assert hits(records) == ["job", "job"]


def test_loss_of_a_checkpoint_after_a_corruption(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Corrupt from step 20 on, found at 472: back to step 20, whose checkpoint is lost, so to step 10."""
    script(monkeypatch, corruption=[failure(272.0, evict=False)])
    plan = replace(small_plan(steps=45), categories=(CORRUPTION, LOSS), incidents=(IncidentPlan(275.0, 1),))
    rows = timeline(run(plan))
    at = rows.index((472, 532, "restart", 0))
    assert rows[at + 1 : at + 4] == [
        (532, 632, "recompute", 1), (632, 637, "checkpoint", -1), (637, 737, "rollback", 0),
    ]  # fmt: skip


def test_write_failure_and_loss_together(run: Simulate) -> None:
    """Step 20 is not written, step 10 is lost: the newest that is there was written before either."""
    records = run(small_plan(**recorded((266, FULL, 1), (280, LOSS), (291, KILL))))
    assert records.checkpoints["lost_s"][0] == 280
    assert timeline(records)[8:12] == [
        (321, 381, "restart", 2), (381, 481, "recompute", 1), (481, 486, "checkpoint", -1), (486, 586, "recompute", 0),
    ]  # fmt: skip


@pytest.mark.parametrize("category", [FULL, LOSS])
def test_recorded_is_as_drawn(run: Simulate, monkeypatch: pytest.MonkeyPatch, category: CategoryPlan) -> None:
    categories = tuple(replace(c, rate_per_unit_s=1e-9) for c in (category, KILL))
    script(monkeypatch, **{category.name: [failure(164.5)], "kill": [failure(170.0)]})
    drawn = run(small_plan(categories=categories))
    replayed = small_plan(categories=categories, incidents=(IncidentPlan(164.5, 0), IncidentPlan(170.0, 1)))
    assert digest(run(replayed)) == digest(drawn)
