"""Metrics of records made by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from clustersim.run import Records, metrics
from clustersim.run.metrics import Window
from clustersim.run.parts import time_by_part_s
from clustersim.run.plan import CategoryPlan
from clustersim.run.records import EFFECTS, HITS, NO_CAUSE, STATES
from tests.run.plans import FULL, KILL, LOSS, SLOW, Simulate, recorded, small_plan

DAY = 86400.0
CATEGORIES = ("gpu", "nic", "firmware")
PARTS = ("", "schedule", "load", "spares")

INTERVALS = (
    # start, end, state, part, phase, tokens before and after, cause
    (0.0, 100.0, "restart", "load", 0, 0.0, 0.0, -1),
    (100.0, 1000.0, "productive", "", 0, 0.0, 900.0, -1),
    (1000.0, 1010.0, "checkpoint", "", 0, 900.0, 900.0, -1),
    (1010.0, 1310.0, "productive", "", 0, 900.0, 1200.0, -1),
    (1310.0, 1311.0, "recompute", "", 0, 1200.0, 1200.0, 1),
    (1311.0, 1400.0, "detect", "", 0, 1200.0, 1200.0, 1),
    (1400.0, 1500.0, "waiting", "spares", 0, 1200.0, 1200.0, 1),
    (1500.0, 1520.0, "restart", "schedule", 0, 900.0, 900.0, 1),
    (1520.0, 1600.0, "restart", "load", 0, 900.0, 900.0, 1),
    (1600.0, 1900.0, "recompute", "", 0, 900.0, 1200.0, 1),
    (1900.0, 2000.0, "productive", "", 0, 1200.0, 1300.0, -1),
    (2000.0, 2300.0, "maintenance", "", 0, 1300.0, 1300.0, 2),
    (2300.0, 2400.0, "restart", "load", 0, 1300.0, 1300.0, 2),
    (2400.0, 2600.0, "productive", "", 1, 1300.0, 1500.0, -1),
    (2600.0, 2650.0, "rollback", "", 1, 1500.0, 1500.0, 3),
    (2650.0, 2700.0, "restart", "load", 1, 1500.0, 1500.0, 3),
    (2700.0, 4000.0, "productive", "", 1, 1500.0, 2800.0, -1),
)
INCIDENTS = (
    # time, category, effect, hits
    (500.0, "nic", "crash", "spare"),
    (1311.0, "gpu", "crash", "job"),
    (2000.0, "firmware", "planned", "job"),
    (2400.0, "nic", "corrupt", "job"),
    (2660.0, "gpu", "hang", "job_down"),
    (3000.0, "nic", "corrupt", "unnoticed"),
)


def table(names: str, kinds: str, rows: Any) -> dict[str, np.ndarray]:
    columns = zip(*rows, strict=True) if rows else [()] * len(names.split())
    return {
        n: np.array(c, dtype={"f": float, "i": int}[k]) for n, k, c in zip(names.split(), kinds, columns, strict=True)
    }


@pytest.fixture
def records() -> Records:
    intervals = [(a, b, STATES.index(s), PARTS.index(p), *rest) for a, b, s, p, *rest in INTERVALS]
    incidents = [(t, CATEGORIES.index(c), -1, EFFECTS.index(e), HITS.index(h), 0.0, 0, 0) for t, c, e, h in INCIDENTS]
    return Records(
        intervals=table("start_s end_s state part phase tokens_start tokens_end cause", "ffiiiffi", intervals),
        incidents=table("t_s category node effect hits detect_s evicted_nodes manual", "fiiiifii", incidents),
        checkpoints=table("taken_s durable_s step tokens phase", "ffifi", [(1010.0, 1010.0, 9, 900.0, 0)]),
        repairs=table("queued_s start_s end_s nodes cause", "fffii", []),
        sizes=table("t_s nodes", "fi", [(0.0, 4)]),
        categories=CATEGORIES,
        parts=PARTS,
        phases=("main", "anneal"),
        tiers=("store",),
        end_s=4000.0,
        ended="finished",
    )


@pytest.fixture
def empty(records: Records) -> Records:
    return replace(
        records,
        intervals={name: column[:0] for name, column in records.intervals.items()},
        incidents={name: column[:0] for name, column in records.incidents.items()},
        end_s=0.0,
        ended="deadline",
    )


def test_time_by_state_sums_to_the_wall_clock(records: Records) -> None:
    assert metrics.time_by_state_s(records) == {
        "productive": 2800.0, "recompute": 301.0, "checkpoint": 10.0, "detect": 89.0, "restart": 350.0,
        "waiting": 100.0, "rollback": 50.0, "maintenance": 300.0, "slowed": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("window", "productive_s", "length_s"),
    [
        (Window(0.0, 50.0), 0.0, 50.0),
        (Window(500.0, 1005.0), 500.0, 505.0),
        (Window(1250.0, 1450.0), 60.0, 200.0),
        (Window(3900.0, 9999.0), 100.0, 100.0),
        (Window(5000.0, 9999.0), 0.0, 0.0),
    ],
)
def test_windows_clip(records: Records, window: Window, productive_s: float, length_s: float) -> None:
    assert window.length_s(records) == length_s
    assert metrics.time_by_state_s(records, window)["productive"] == productive_s
    assert sum(metrics.time_by_state_s(records, window).values()) == length_s
    expected = productive_s / length_s if length_s else 0.0
    assert metrics.effective_training_time(records, window) == expected


def test_effective_training_time(records: Records) -> None:
    assert metrics.effective_training_time(records) == 0.7


def test_restart_parts_include_what_was_waited_for_only_in_restarts(records: Records) -> None:
    assert time_by_part_s(records)["restart"] == {"schedule": 20.0, "load": 330.0}


def test_tokens(records: Records) -> None:
    assert metrics.tokens_trained(records) == 2800.0
    at = metrics.tokens_at_s(records, np.array([0.0, 100.0, 550.0, 1005.0, 1450.0, 1700.0, 1950.0, 4000.0, 9000.0]))
    assert at.tolist() == [0.0, 0.0, 450.0, 900.0, 1200.0, 1200.0, 1250.0, 2800.0, 2800.0]


@pytest.mark.parametrize(
    ("window", "tokens"),
    [
        (Window(0.0, 4000.0), 2800.0),
        (Window(0.0, 1e9), 2800.0),
        (Window(1000.0, 1950.0), 350.0),
        (Window(1400.0, 1900.0), 0.0),
        (Window(2000.0, 3000.0), 500.0),
    ],
)
def test_tokens_of_a_window_are_those_that_count(records: Records, window: Window, tokens: float) -> None:
    """Of 950 s from 1,000 s on, 300 s and 50 s are productive, at a token a second; the rest is down or done again."""
    assert metrics.tokens_in(records, window) == pytest.approx(tokens)


def test_manual_interventions_are_interruptions_that_waited_for_a_person(records: Records) -> None:
    manual = np.array([1, 1, 0, 0, 1, 0])
    seen = replace(records, incidents=dict(records.incidents) | {"manual": manual})
    assert metrics.manual_interventions(records) == 0
    assert metrics.manual_interventions(seen) == 1
    assert metrics.manual_interventions(seen, Window(1400.0, 4000.0)) == 0


def test_time_lost_by_cause(records: Records) -> None:
    """The crash of a GPU costs its broken step, detection, spares, restart and 300 s done again."""
    lost_s = metrics.time_lost_by_cause_s(records)
    assert lost_s == {
        "gpu": 1.0 + 89.0 + 100.0 + 100.0 + 300.0, "firmware": 400.0, "nic": 100.0, "checkpoint": 10.0,
        "start of the job": 100.0,
    }  # fmt: skip
    assert sum(lost_s.values()) == 4000.0 - 2800.0


def test_interruptions_count_what_stopped_the_running_job(records: Records) -> None:
    assert metrics.interruptions(records) == (2, 1)
    assert metrics.interruptions_by_category(records) == {"gpu": 1, "nic": 1, "firmware": 1}


def test_interruptions_of_a_window_are_by_their_moment(records: Records) -> None:
    assert metrics.interruptions(records, Window(1311.0, 2000.0)) == (1, 0)
    assert metrics.interruptions(records, Window(1312.0, 2001.0)) == (0, 1)
    assert metrics.interruptions_by_category(records, Window(2100.0)) == {"gpu": 0, "nic": 1, "firmware": 0}


def test_mean_time_to_interruption(records: Records, empty: Records) -> None:
    assert metrics.mean_time_to_interruption_s(records) == 2000.0
    assert metrics.mean_time_to_interruption_s(records, Window(2000.0, 3000.0)) == 1000.0
    assert metrics.mean_time_to_interruption_s(records, Window(0.0, 1000.0)) == float("inf")
    assert metrics.mean_time_to_interruption_s(empty) == float("inf")


def test_mean_time_to_recover_leaves_out_planned_stops_and_redone_work(records: Records, empty: Records) -> None:
    assert metrics.mean_time_to_recover_s(records) == (89.0 + 100.0 + 100.0 + 50.0) / 2
    assert metrics.mean_time_to_recover_s(empty) == 0.0


def test_recovery_time_can_be_pooled(records: Records, empty: Records) -> None:
    """Mean is total over count, so totals and counts of many runs add up to their common mean."""
    unexpected, _planned = metrics.interruptions(records)
    assert metrics.recovery_time_s(records) == 89.0 + 100.0 + 100.0 + 50.0
    assert metrics.mean_time_to_recover_s(records) == metrics.recovery_time_s(records) / unexpected
    assert metrics.recovery_time_s(empty) == 0.0


def test_phase_changes_are_not_planned_stops(records: Records) -> None:
    changed = replace(records, categories=("gpu", "nic", "phase change"))
    assert metrics.interruptions(changed) == (2, 0)
    assert metrics.phase_changes(changed) == 1
    assert metrics.phase_changes(changed, Window(0.0, 2000.0)) == 0
    assert metrics.interruptions_by_category(changed)["phase change"] == 1
    assert metrics.phase_changes(records) == 0
    assert metrics.mean_time_to_recover_s(changed) == metrics.mean_time_to_recover_s(records)


def test_time_by_phase_and_state(records: Records) -> None:
    by_phase = metrics.time_by_phase_and_state_s(records)
    assert by_phase.shape == (2, len(STATES))
    assert by_phase.sum(axis=1).tolist() == [2400.0, 1600.0]
    assert dict(zip(STATES, by_phase[1].tolist(), strict=True)) == {
        "productive": 1500.0, "recompute": 0.0, "checkpoint": 0.0, "detect": 0.0, "restart": 50.0, "waiting": 0.0,
        "rollback": 50.0, "maintenance": 0.0, "slowed": 0.0,
    }  # fmt: skip


def test_time_by_day_and_state(records: Records) -> None:
    """The same run a hundred times slower: 400,000 s are 4.63 days."""
    slow = replace(
        records,
        intervals={n: c * 100.0 if n in ("start_s", "end_s") else c for n, c in records.intervals.items()},
        end_s=400_000.0,
    )
    days = metrics.time_by_day_and_state_s(slow)
    assert days.shape == (5, len(STATES))
    np.testing.assert_allclose(days.sum(axis=1), [DAY, DAY, DAY, DAY, 400_000.0 - 4 * DAY])
    by_state = metrics.time_by_state_s(slow)
    np.testing.assert_allclose(days.sum(axis=0), [by_state[name] for name in STATES])
    # Day 1: 10,000 s of restart, then training up to 86,400 s.
    first = dict(zip(STATES, days[0].tolist(), strict=True))
    assert first["restart"] == pytest.approx(10_000.0)
    assert first["productive"] == pytest.approx(DAY - 10_000.0)


def check_nothing_trained(records: Records) -> None:
    """Every metric has a value on a record in which no step was made."""
    assert metrics.effective_training_time(records) == 0.0
    assert metrics.effective_training_time(records, Window(5.0, 10.0)) == 0.0
    assert metrics.tokens_trained(records) == 0.0
    assert metrics.tokens_at_s(records, np.array([0.0, 1e-4, 9e9])).tolist() == [0.0, 0.0, 0.0]
    assert sum(metrics.time_by_state_s(records).values()) == pytest.approx(records.end_s, abs=1e-6)
    assert metrics.time_by_day_and_state_s(records).sum() == pytest.approx(records.end_s, abs=1e-6)
    assert metrics.time_by_phase_and_state_s(records).sum() == pytest.approx(records.end_s, abs=1e-6)
    assert metrics.time_by_phase_and_state_s(records).shape == (len(records.phases), len(STATES))
    assert metrics.interruptions(records) == (0, 0)
    assert metrics.phase_changes(records) == 0
    assert set(metrics.interruptions_by_category(records).values()) <= {0}
    assert metrics.mean_time_to_interruption_s(records) == float("inf")
    assert metrics.mean_time_to_recover_s(records) == metrics.recovery_time_s(records) == 0.0


def test_nothing_recorded(empty: Records) -> None:
    check_nothing_trained(empty)
    assert metrics.time_lost_by_cause_s(empty) == {}
    assert time_by_part_s(empty) == {}
    assert metrics.time_by_day_and_state_s(empty).tolist() == [[0.0] * len(STATES)]


@pytest.mark.parametrize("deadline_s", [1e-9, 1e-3, 30.0, 60.0])
def test_deadline_before_the_first_step(run: Simulate, deadline_s: float) -> None:
    records = run(small_plan(deadline_s=deadline_s))
    check_nothing_trained(records)
    assert records.ended == "deadline"
    assert sum(metrics.time_lost_by_cause_s(records).values()) == pytest.approx(deadline_s, abs=1e-6)
    assert metrics.time_by_state_s(records)["restart"] == pytest.approx(deadline_s, abs=1e-6)


def test_causes_are_incidents(records: Records) -> None:
    assert NO_CAUSE == -1
    assert list(records.tables()) == ["intervals", "incidents", "checkpoints", "repairs"]


def test_slow_steps_are_productive_for_the_time_they_should_take(run: Simulate) -> None:
    """Half of 40 s; the record of the other half names its incident, which is no interruption."""
    records = run(small_plan(**recorded((80, SLOW, 40))))
    assert metrics.time_by_state_s(records)["slowed"] == 20.0
    assert metrics.effective_training_time(records) == 250.0 / 345.0
    assert metrics.effective_training_time(records, Window(80.0, 120.0)) == 0.5
    assert metrics.time_lost_by_cause_s(records)["slow"] == 20.0
    assert metrics.interruptions_by_category(records)["slow"] == 0
    assert metrics.mean_time_to_interruption_s(records) == float("inf")
    assert metrics.tokens_trained(records) == 2500.0


@pytest.mark.parametrize("category", [SLOW, FULL, LOSS])
def test_what_the_job_trains_on_through_is_no_interruption(run: Simulate, category: CategoryPlan) -> None:
    records = run(small_plan(**recorded((170, category), (212, KILL))))
    assert metrics.interruptions(records) == (1, 0)
    assert sum(metrics.interruptions_by_category(records).values()) == 1
    assert metrics.recovery_time_s(records) == 90.0
