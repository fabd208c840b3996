"""Slow steps: the whole list of intervals, worked out by hand.

Undisturbed, steps of 10 s run from 60 to 160, from 165 to 265 and from 270 to 320; see ``event_log``.
"""

from dataclasses import replace

import numpy as np
import pytest

from clustersim.run import metrics
from clustersim.run.engine import _Run
from clustersim.run.laws import Law
from clustersim.run.plan import CategoryPlan, IncidentPlan
from tests.run.event_log import START, UNDISTURBED, hits
from tests.run.plans import (
    KILL,
    NODE,
    SLOW,
    SLOW_NODE,
    SLOWER,
    Simulate,
    digest,
    failure,
    recorded,
    script,
    small_plan,
    stop_at,
    timeline,
)


def test_whole_steps_take_twice_as_long(run: Simulate) -> None:
    """40 s at half the pace: two steps take 40 s, and all that follows is 20 s late."""
    records = run(small_plan(**recorded((80, SLOW))))
    assert timeline(records) == [
        START, (60, 100, "productive", -1), (100, 120, "slowed", 0), (120, 180, "productive", -1),
        (180, 185, "checkpoint", -1), (185, 285, "productive", -1), (285, 290, "checkpoint", -1),
        (290, 340, "productive", -1), (340, 345, "checkpoint", -1),
    ]  # fmt: skip
    assert hits(records) == ["job"]
    assert records.checkpoints["taken_s"].tolist() == [185, 290, 345]
    assert records.end_s == 345


def test_a_step_under_way_is_prolonged_in_proportion(run: Simulate) -> None:
    """From 83 to 103: the third step does its last 7 s in 14 s, the fourth its first 3 s in 6 s."""
    records = run(small_plan(**recorded((83, SLOW, 20))))
    assert timeline(records)[1:6] == [
        (60, 90, "productive", -1), (90, 97, "slowed", 0), (97, 107, "productive", -1), (107, 110, "slowed", 0),
        (110, 170, "productive", -1),
    ]  # fmt: skip
    tokens = records.intervals["tokens_end"][2:7].tolist()
    assert tokens == [200, 300, 300, 400, 400], "a step has its tokens when its work is done"


@pytest.mark.parametrize(
    ("at_s", "lasts_s", "category"), [(80, 40, SLOW), (83, 20, SLOW), (61.7, 33.3, SLOWER), (60, 100, SLOWER)]
)
def test_what_an_episode_costs(run: Simulate, at_s: float, lasts_s: float, category: CategoryPlan) -> None:
    """Steps at 1/s of their pace lose d (1 - 1/s) in d seconds."""
    records = run(small_plan(**recorded((at_s, category, lasts_s))))
    lost_s = lasts_s * (1.0 - 1.0 / category.slowdown)
    assert metrics.time_by_state_s(records)["slowed"] == pytest.approx(lost_s)
    assert records.end_s == pytest.approx(325 + lost_s)
    assert metrics.time_by_state_s(records)["productive"] == pytest.approx(250)
    assert metrics.effective_training_time(records) == pytest.approx(250 / (325 + lost_s))
    assert metrics.time_lost_by_cause_s(records)[category.name] == pytest.approx(lost_s)
    assert metrics.interruptions(records) == (0, 0)


def test_the_slowest_of_several_sets_the_pace(run: Simulate) -> None:
    """Twice as long from 80 to 150, three times from 100 to 130: never six times."""
    records = run(small_plan(**recorded((80, SLOW, 70), (100, SLOWER, 30))))
    assert timeline(records)[1:8] == [
        (60, 90, "productive", -1), (90, 100, "slowed", 0), (100, 110, "productive", -1), (110, 130, "slowed", 1),
        (130, 140, "productive", -1), (140, 150, "slowed", 0), (150, 200, "productive", -1),
    ]  # fmt: skip


def test_a_milder_one_beside_a_worse_one_costs_nothing(run: Simulate) -> None:
    alone, both = (
        run(small_plan(**recorded(*rows))) for rows in [[(80, SLOWER, 60)], [(80, SLOWER, 60), (85, SLOW, 50)]]
    )
    assert timeline(alone) == timeline(both)


def test_two_of_a_kind_are_put_down_to_the_first(run: Simulate) -> None:
    """The second goes on when the first is over."""
    records = run(small_plan(**recorded((80, SLOW, 20), (90, SLOW, 30))))
    assert timeline(records)[1:6] == [
        (60, 90, "productive", -1), (90, 100, "slowed", 0), (100, 110, "productive", -1), (110, 120, "slowed", 1),
        (120, 180, "productive", -1),
    ]  # fmt: skip


def test_pace_that_changes_twice_within_a_step(run: Simulate) -> None:
    """Work of the third step: 2 s, then 2 s in 4 s (put down to 0), then 3 s in 9 s (to 1), then 3 s."""
    records = run(small_plan(**recorded((82, SLOW, 4), (86, SLOWER, 9))))
    assert timeline(records)[1:5] == [
        (60, 90, "productive", -1), (90, 92, "slowed", 0), (92, 98, "slowed", 1), (98, 168, "productive", -1),
    ]  # fmt: skip


def test_stalls_keep_their_length(run: Simulate) -> None:
    """From 155 to 175: half of the tenth step in 10 s, the checkpoint in its 5 s, half of the eleventh step in 10 s."""
    records = run(small_plan(**recorded((155, SLOW, 25))))
    assert timeline(records)[1:6] == [
        (60, 160, "productive", -1), (160, 165, "slowed", 0), (165, 170, "checkpoint", -1),
        (170, 180, "productive", -1), (180, 185, "slowed", 0),
    ]  # fmt: skip
    assert timeline(run(small_plan(**recorded((160, SLOW, 5)))))[:-1] == UNDISTURBED


def test_slow_to_the_end_of_the_job(run: Simulate) -> None:
    records = run(small_plan(**recorded((270, SLOW, 1e6))))
    assert timeline(records)[5:] == [
        (270, 320, "productive", -1),
        (320, 370, "slowed", 0),
        (370, 375, "checkpoint", -1),
    ]
    assert records.end_s == 375


def test_kill_while_steps_are_slow(run: Simulate) -> None:
    """At 170, 6.5 steps are done, and the broken one is lost with all its 10 s.

    The redone ones are slow too, until 480; the stall between them is not.
    """
    records = run(small_plan(**recorded((80, SLOW, 400), (170, KILL))))
    assert timeline(records) == [
        START, (60, 120, "productive", -1), (120, 160, "slowed", 0),
        (160, 170, "recompute", 1), (170, 200, "detect", 1), (200, 260, "restart", 1),
        (260, 320, "recompute", 1), (320, 380, "slowed", 0), (380, 420, "productive", -1), (420, 460, "slowed", 0),
        (460, 465, "checkpoint", -1), (465, 475, "productive", -1), (475, 482.5, "slowed", 0),
        (482.5, 572.5, "productive", -1), (572.5, 577.5, "checkpoint", -1), (577.5, 627.5, "productive", -1),
        (627.5, 632.5, "checkpoint", -1),
    ]  # fmt: skip
    assert metrics.interruptions(records) == (1, 0)


def test_slowness_that_ends_while_the_job_is_down(run: Simulate) -> None:
    records = run(small_plan(**recorded((160, SLOW, 60), (180, KILL))))
    assert timeline(records)[3:6] == [(165, 180, "recompute", 1), (180, 210, "detect", 1), (210, 270, "restart", 1)]
    assert timeline(records)[6] == (270, 370, "productive", -1)


def test_what_strikes_a_job_that_is_down_slows_it_when_it_trains_again(run: Simulate) -> None:
    records = run(small_plan(**recorded((40, SLOW, 60))))
    assert hits(records) == ["job_down"]
    assert timeline(records)[:4] == [
        START, (60, 80, "productive", -1), (80, 100, "slowed", 0), (100, 180, "productive", -1),
    ]  # fmt: skip


def test_planned_stop_waits_for_the_slow_step(run: Simulate) -> None:
    """The stop falls due at 85, in the third step, which ends at 100 and not at 90."""
    records = run(small_plan(**recorded((80, SLOW, 60)), maintenance=stop_at(85.0)))
    assert timeline(records)[1:5] == [
        (60, 90, "productive", -1), (90, 100, "slowed", 0), (100, 105, "checkpoint", -1), (105, 405, "maintenance", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("horizon_s", "last"),
    [
        (100.0, [(60, 90, "productive", -1), (90, 100, "slowed", 0)]),
        (106.0, [(90, 100, "slowed", 0), (100, 103, "productive", -1), (103, 106, "slowed", 0)]),
    ],
)
def test_deadline_in_a_slow_step(run: Simulate, horizon_s: float, last: list[tuple[float, float, str, int]]) -> None:
    records = run(small_plan(**recorded((80, SLOW))), horizon_s=horizon_s)
    assert timeline(records)[-len(last) :] == last
    assert records.end_s == horizon_s


def test_a_new_phase_is_slow_from_its_first_step(run: Simulate) -> None:
    records = run(small_plan(steps=(10, 10), **recorded((150, SLOW, 35))))
    assert timeline(records)[1:7] == [
        (60, 160, "productive", -1), (160, 170, "slowed", 0), (170, 175, "checkpoint", -1),
        (175, 185, "productive", -1), (185, 190, "slowed", 0), (190, 280, "productive", -1),
    ]  # fmt: skip


def test_long_slowness_is_shown_in_bouts(run: Simulate) -> None:
    """Without checkpoints for a day, slowed time stands near the steps that it prolonged."""
    plan = small_plan(steps=1000, **recorded((60, SLOW, 1e6)))
    plan = replace(plan, checkpoint=replace(plan.checkpoint, interval_s=1e9))
    rows = timeline(run(plan))
    assert max(end_s - start_s for start_s, end_s, state, _cause in rows if state == "slowed") <= 300
    assert rows[-1][1] == 60 + 20000 + 5


def test_an_episode_costs_a_few_events_however_many_steps_are_slow() -> None:
    """Its strike, its end, and a timer at the end that the job would have had without it."""

    def events(*rows: tuple[float, CategoryPlan, float]) -> int:
        simulation = _Run(small_plan(steps=100_000, **recorded(*rows)), 0, 0)
        simulation.until(1e9)
        return next(simulation._env._eid)

    quiet = events()
    assert events((100, SLOW, 10)) - quiet <= 5
    assert events((100, SLOW, 1e5)) == events((100, SLOW, 10))


# --- nodes ----------------------------------------------------------------------------------------------------------


def test_slow_node_that_is_evicted_slows_no_more(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Node 0 is slow from 80; it crashes at 100 with three steps done and is replaced."""
    script(monkeypatch, node=[failure(100.0, 0)])
    plan = small_plan(
        hot=1,
        **(recorded() | {"categories": (NODE, SLOW_NODE)}),
    )
    records = run(replace(plan, incidents=(IncidentPlan(80.0, 1, 1e5),)))
    assert timeline(records)[1:7] == [
        (60, 90, "productive", -1), (90, 100, "slowed", 0), (100, 130, "detect", 1), (130, 190, "restart", 1),
        (190, 220, "recompute", 1), (220, 290, "productive", -1),
    ]  # fmt: skip


def test_slow_node_that_is_not_evicted_slows_on(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(100.0, 1)])
    plan = replace(small_plan(hot=1), categories=(NODE, SLOW_NODE), incidents=(IncidentPlan(80.0, 1, 1e5),))
    assert timeline(run(plan))[5:7] == [(190, 220, "recompute", 1), (220, 250, "slowed", 0)]


def test_slow_node_that_is_to_be_replaced_goes_when_the_job_next_stops(run: Simulate) -> None:
    """Nobody stops the job for it: it is slow until the planned stop at 105, and repaired from then."""
    categories = (replace(SLOW_NODE, evict=1.0),)
    plan = replace(small_plan(warm=1, maintenance=stop_at(85.0)), categories=categories)
    records = run(replace(plan, incidents=(IncidentPlan(80.0, 0, 1e5),)))
    assert timeline(records)[1:8] == [
        (60, 90, "productive", -1), (90, 100, "slowed", 0), (100, 105, "checkpoint", -1), (105, 175, "waiting", 0),
        (175, 405, "maintenance", 1), (405, 465, "restart", 1), (465, 565, "productive", -1),
    ]  # fmt: skip
    assert records.incidents["evicted_nodes"].tolist() == [1, 0]
    assert records.repairs["queued_s"].tolist() == [105]
    assert records.repairs["cause"].tolist() == [0]


def test_slow_node_that_recovered_is_not_replaced(run: Simulate) -> None:
    categories = (replace(SLOW_NODE, evict=1.0),)
    plan = replace(small_plan(warm=1, maintenance=stop_at(205.0)), categories=categories)
    records = run(replace(plan, incidents=(IncidentPlan(80.0, 0, 40.0),)))
    assert records.incidents["evicted_nodes"].tolist() == [0, 0]
    assert len(records.repairs["end_s"]) == 0


def test_slow_spare_slows_the_job_that_it_joins(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Node 4, the spare, is slow from 80; it joins after the crash at 100."""
    script(monkeypatch, node=[failure(100.0, 0)], **{"slow node": [failure(80.0, 4, evict=False)]})
    slow = replace(SLOW_NODE, units=5, rate_per_unit_s=1e-9, lasts=Law("constant", 1e5))
    records = run(replace(small_plan(hot=1), categories=(NODE, slow)))
    assert hits(records) == ["spare", "job"]
    assert timeline(records)[1:7] == [
        (60, 100, "productive", -1), (100, 130, "detect", 1), (130, 190, "restart", 1), (190, 230, "recompute", 1),
        (230, 270, "slowed", 0), (270, 330, "productive", -1),
    ]  # fmt: skip


def test_rates_bring_slow_episodes(run: Simulate) -> None:
    """Poisson: 400 episodes of one minute at half the pace in 40,000 s of which nothing else is lost."""
    category = replace(SLOW, rate_per_unit_s=1e-4, lasts=Law("exponential", 60.0))
    plan = small_plan(steps=400_000, categories=(category,))
    records = run(replace(plan, checkpoint=replace(plan.checkpoint, interval_s=1e9)))
    effects = records.incidents["effect"]
    assert abs(len(effects) - records.end_s * 1e-4) < 4.0 * np.sqrt(records.end_s * 1e-4)
    # Episodes that overlap count once: the share of slow time is 1 - exp(-rate * mean) (M/G/infinity, Takacs 1962).
    share = 1.0 - np.exp(-1e-4 * 60.0)
    slowed = metrics.time_by_state_s(records)["slowed"] / records.end_s
    assert abs(slowed / (share / 2.0) - 1.0) < 4.0 * np.sqrt(2.0 / len(effects))


def test_recorded_is_as_drawn(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    category = replace(SLOW, rate_per_unit_s=1e-9)
    script(monkeypatch, slow=[failure(83.0), failure(203.0)])
    drawn = run(small_plan(categories=(category,)))
    rows = (IncidentPlan(83.0, 0), IncidentPlan(203.0, 0))
    assert digest(run(small_plan(categories=(category,), incidents=rows))) == digest(drawn)
