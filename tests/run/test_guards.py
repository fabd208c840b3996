"""The guard notices what is wrong: each case spoils good records in one way."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from clustersim.run import Records, simulate
from clustersim.run.guards import check_conservation
from clustersim.run.laws import Law
from clustersim.run.plan import RolloutPlan
from clustersim.run.records import CHECKPOINT, DETECT, PRODUCTIVE, RECOMPUTE, SLOWED
from tests.run.plans import failure, script, small_plan


@pytest.fixture
def good(monkeypatch: pytest.MonkeyPatch) -> Records:
    script(monkeypatch, node=[failure(212.0), failure(250.0, 1), failure(1700.0, 2)])
    records = simulate(small_plan(steps=200, hot=1, repair_hands=1), 0)
    check_conservation(records)
    return records


def spoil(records: Records, table: str, column: str, change: Callable[[np.ndarray], None]) -> Records:
    columns = dict(getattr(records, table))
    columns[column] = columns[column].copy()
    change(columns[column])
    return replace(records, **{table: columns})


def first_row(records: Records, state: int) -> int:
    return int(np.flatnonzero(records.intervals["state"] == state)[0])


def expect(records: Records, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_conservation(records)


def test_gap(good: Records) -> None:
    expect(
        spoil(good, "intervals", "end_s", lambda c: c.__setitem__(3, c[3] - 0.5)), r"intervals leave or share 0\.5 s"
    )


def test_overlap(good: Records) -> None:
    expect(spoil(good, "intervals", "end_s", lambda c: c.__setitem__(3, c[3] + 0.5)), "leave or share")


def test_negative_interval(good: Records) -> None:
    expect(spoil(good, "intervals", "end_s", lambda c: c.__setitem__(3, 0.0)), "an interval of -")


def test_missing_end(good: Records) -> None:
    expect(replace(good, end_s=good.end_s + 1.0), "leave or share 1")


def test_nothing_at_all(good: Records) -> None:
    nothing = {name: column[:0] for name, column in good.intervals.items()}
    expect(replace(good, intervals=nothing), "no intervals")
    none = {name: column[:0] for name, column in good.checkpoints.items()}
    check_conservation(replace(good, intervals=nothing, checkpoints=none, end_s=0.0))


def test_time_without_a_cause(good: Records) -> None:
    row = first_row(good, DETECT)
    expect(spoil(good, "intervals", "cause", lambda c: c.__setitem__(row, -1)), "without a cause: states .*detect")


def test_cause_that_does_not_exist(good: Records) -> None:
    expect(spoil(good, "intervals", "cause", lambda c: c.__setitem__(4, 99)), "causes")


def test_cause_after_its_effect(good: Records) -> None:
    row = first_row(good, DETECT)
    expect(spoil(good, "intervals", "cause", lambda c: c.__setitem__(row, 2)), "before its cause")


def test_incidents_out_of_order(good: Records) -> None:
    expect(spoil(good, "incidents", "t_s", lambda c: c.__setitem__(0, 9999.0)), "incidents out of order")


def test_tokens_appear(good: Records) -> None:
    row = first_row(good, DETECT)
    expect(spoil(good, "intervals", "tokens_end", lambda c: c.__setitem__(row, 1e6)), "trains nothing")


def test_tokens_jump(good: Records) -> None:
    row = first_row(good, CHECKPOINT)

    def raise_both(records: Records) -> Records:
        for column in ("tokens_start", "tokens_end"):
            records = spoil(records, "intervals", column, lambda c: c.__setitem__(row, c[row] + 50.0))
        return records

    expect(raise_both(good), "tokens jump by 50")


def test_tokens_unlearned(good: Records) -> None:
    row = first_row(good, PRODUCTIVE)
    expect(spoil(good, "intervals", "tokens_end", lambda c: c.__setitem__(row, -1.0)), "unlearns 1")


def test_redone_work_that_counts_as_new(good: Records) -> None:
    rows = np.flatnonzero((good.intervals["state"] == RECOMPUTE) & (good.intervals["tokens_end"] > 1000.0))
    redone = next(r for r in rows if good.intervals["tokens_end"][r] > good.intervals["tokens_start"][r])
    expect(spoil(good, "intervals", "state", lambda c: c.__setitem__(redone, PRODUCTIVE)), "productive work starts")


def test_new_work_that_counts_as_redone(good: Records) -> None:
    late = int(np.flatnonzero(good.intervals["state"] == PRODUCTIVE)[-1])
    spoiled = spoil(good, "intervals", "state", lambda c: c.__setitem__(late, RECOMPUTE))
    expect(spoil(spoiled, "intervals", "cause", lambda c: c.__setitem__(late, 0)), "never trained")


def test_rewind_to_a_checkpoint_that_was_lost(good: Records) -> None:
    expect(spoil(good, "checkpoints", "durable_s", lambda c: c.fill(np.nan)), "no durable checkpoint")


def test_rewind_to_a_checkpoint_that_was_lost_later(good: Records) -> None:
    expect(spoil(good, "checkpoints", "lost_s", lambda c: c.fill(0.0)), "no durable checkpoint")
    check_conservation(spoil(good, "checkpoints", "lost_s", lambda c: c.fill(good.end_s)))


def test_slowed_by_what_is_not_slow(good: Records) -> None:
    row = first_row(good, DETECT)
    spoilt = spoil(good, "incidents", "evicted_nodes", lambda c: c.fill(0))
    expect(spoil(spoilt, "intervals", "state", lambda c: c.__setitem__(row, SLOWED)), "slowed by what is not")


def test_checkpoints_out_of_order(good: Records) -> None:
    expect(spoil(good, "checkpoints", "taken_s", lambda c: c.__setitem__(0, 1e6)), "checkpoints out of order")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("start_s", 0.0, "before it is queued"), ("end_s", 0.0, "before it starts"), ("start_s", 1e5, "a repair ends")],
)
def test_repairs(good: Records, column: str, value: float, message: str) -> None:
    expect(spoil(good, "repairs", column, lambda c: c.__setitem__(0, value)), message)


def test_repairs_overtake(good: Records) -> None:
    swapped = {name: column[::-1] for name, column in good.repairs.items()}
    expect(replace(good, repairs=swapped), "overtake")


@pytest.fixture
def away() -> Records:
    rollout = RolloutPlan("firmware", 100.0, 2, Law("constant", 100.0))
    records = simulate(replace(small_plan(categories=(), hot=2), rollouts=(rollout,)), 0)
    check_conservation(records)
    return records


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("back_s", 90.0, "back 10.0 s before they leave"),
        ("left_s", 0.0, "before the incident"),
        ("nodes", 1, "other nodes"),
        ("nodes", 0, "of no node"),
    ],
)
def test_absences(away: Records, column: str, value: float, message: str) -> None:
    expect(spoil(away, "absences", column, lambda c: c.__setitem__(0, value)), message)
