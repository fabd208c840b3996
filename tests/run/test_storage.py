"""The store: which writes fail, how it is shared, and when what is written while others come and go is whole."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.run.log import Log
from clustersim.run.plan import CheckpointPlan, RunPlan, StoragePlan, TenantPlan
from clustersim.run.storage import Store, fails, fair_share_bytes_s, mean_write_bytes_s, whole_s
from tests.run.plans import KILL, Simulate, digest, recorded, small_plan, timeline

ALONE = StoragePlan(10e6, write_bytes_s=8e6)
SHARED = replace(ALONE, tenants=(TenantPlan("evaluation", 6e6, 300.0, 100.0),))
CHECKPOINT = CheckpointPlan(100.0, 5.0, 20.0, size_bytes=160e6, storage=SHARED)


def test_what_fails_is_the_same_one_by_one_and_all_at_once() -> None:
    """A blocking write from 160 to 165 and an asynchronous one from 165 to 185."""
    for start_s, until_s, expected in [
        (150.0, 160.0, (False, False)), (160.0, 165.0, (True, False)), (164.0, 165.5, (True, True)),
        (165.0, 166.0, (False, True)), (185.0, 190.0, (False, False)), (100.0, 300.0, (True, True)),
    ]:  # fmt: skip
        one_by_one = tuple(bool(fails(165.0, 5.0, write_s, start_s, until_s)) for write_s in (0.0, 20.0))
        together = fails(np.array([165.0, 165.0]), np.array([5.0, 5.0]), np.array([0.0, 20.0]), start_s, until_s)
        assert one_by_one == tuple(together.tolist()) == expected


def test_what_ends_as_the_write_begins_lets_it_through_however_the_moment_is_rounded() -> None:
    """A broken node leaves as the job stops, and its trouble with it: the checkpoint of that stop is written.

    When it was taken is worked out twice, from the work that was done and from the records, and may differ by rounding.
    """
    stop_s = 1807.2997602095415
    for taken_s in (stop_s, np.nextafter(stop_s, 0.0), stop_s - 6e-13, np.nextafter(stop_s, 2e3)):
        assert not fails(taken_s, 0.0, 0.0, 1799.7, stop_s)
        assert not fails(taken_s + 5.0, 5.0, 0.0, 1799.7, stop_s)
        assert not fails(taken_s, 5.0, 20.0, 1799.7, stop_s)


# --- sharing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("demand", "others", "share"),
    [
        (8, [], 8), (12, [], 10), (8, [1], 8), (8, [3], 7), (8, [6], 5), (8, [6, 6], 10 / 3), (8, [1, 6], 4.5),
        (2, [9, 9], 2),
    ],
)  # fmt: skip
def test_shares_of_ten(demand: float, others: list[float], share: float) -> None:
    assert fair_share_bytes_s(10.0, demand, others) == pytest.approx(share)


demands = st.floats(0.0, 100.0)


@given(capacity=st.floats(0.1, 100.0), users=st.lists(demands, min_size=1, max_size=5))
def test_nobody_gets_more_than_it_asks_for_and_nothing_is_left_that_somebody_wants(
    capacity: float, users: list[float]
) -> None:
    shares = [
        fair_share_bytes_s(capacity, own, [*users[:number], *users[number + 1 :]]) for number, own in enumerate(users)
    ]
    assert all(share <= own + 1e-9 for share, own in zip(shares, users, strict=True))
    assert sum(shares) == pytest.approx(min(capacity, sum(users)))
    unhappy = [share for share, own in zip(shares, users, strict=True) if share < own - 1e-9]
    assert all(share <= min(unhappy, default=capacity) + 1e-9 for share in shares), "the largest wait the longest"


def test_mean_of_what_is_left_over() -> None:
    """A quarter of the time another asks for 6 of 10 MB/s: then it is 5, else 8."""
    assert mean_write_bytes_s(SHARED) == pytest.approx(0.75 * 8e6 + 0.25 * 5e6)
    assert mean_write_bytes_s(replace(SHARED, data_loading_bytes_s=3e6)) == pytest.approx(0.75 * 7e6 + 0.25 * 3.5e6)


# --- writes while others come and go ----------------------------------------------------------------------------


def busy_store() -> tuple[Store, Log]:
    """8 MB/s, from 100 to 130 only 5 MB/s."""
    log = Log()
    store = Store(CHECKPOINT, log)
    store.set_demand("evaluation", 6e6, 100.0)
    store.set_demand("evaluation", 0.0, 130.0)
    return store, log


@pytest.mark.parametrize(
    ("taken_s", "whole"), [(10.0, 30.0), (80.0, 100.0), (90.0, 116.0), (100.0, 131.25), (120.0, 143.75), (130.0, 150.0)]
)
def test_write_takes_as_long_as_its_bytes_need(taken_s: float, whole: float) -> None:
    store, log = busy_store()
    assert taken_s + store.write_s(taken_s) == pytest.approx(whole)
    assert whole_s(log, np.array([taken_s]), np.array([20.0]), 160e6)[0] == pytest.approx(whole)
    assert whole - store.delay_s(whole) == pytest.approx(taken_s), "what was taken then is just whole"


@given(
    taken_s=st.floats(0.0, 300.0), toggles=st.lists(st.tuples(st.floats(0.1, 60.0), st.floats(0.0, 2e7)), max_size=8)
)
def test_delay_is_the_other_side_of_the_write(taken_s: float, toggles: list[tuple[float, float]]) -> None:
    log = Log()
    store, now_s = Store(CHECKPOINT, log), 0.0
    for length_s, demand in toggles:
        now_s += length_s
        store.set_demand("evaluation", demand, now_s)
    whole = taken_s + store.write_s(taken_s)
    assert whole - store.delay_s(whole) == pytest.approx(taken_s, abs=1e-6)
    assert whole_s(log, np.array([taken_s]), np.array([20.0]), 160e6)[0] == pytest.approx(whole)


def test_nothing_varies_without_others_or_without_a_write_beside_training() -> None:
    for checkpoint in (
        replace(CHECKPOINT, storage=ALONE),
        replace(CHECKPOINT, write_s=0.0),
        replace(CHECKPOINT, storage=None),
    ):
        log = Log()
        store = Store(checkpoint, log)
        store.set_demand("evaluation", 6e6, 100.0)
        assert (store.varies, log.rates) == (False, [])
        assert store.write_s(50.0) == store.delay_s(50.0) == checkpoint.write_s


def test_load_takes_what_all_ranks_read() -> None:
    """1.6 GB at 10 MB/s take 160 s, and 320 s while another takes half; 60 s is the least that a load takes."""
    store = Store(replace(CHECKPOINT, storage=replace(SHARED, read_bytes=1.6e9)), Log())
    assert store.load_s(60.0) == 160.0
    store.set_demand("evaluation", 6e6, 100.0)
    assert store.load_s(60.0) == 320.0
    assert Store(replace(CHECKPOINT, storage=replace(SHARED, read_bytes=1e8)), Log()).load_s(60.0) == 60.0
    assert Store(replace(CHECKPOINT, storage=None), Log()).load_s(60.0) == 60.0


# --- in a run -------------------------------------------------------------------------------------------------------


def shared_plan(storage: StoragePlan | None, **more: object) -> RunPlan:
    base = small_plan(write_s=20.0, steps=200, **more)  # type: ignore[arg-type]
    return replace(base, checkpoint=replace(base.checkpoint, size_bytes=160e6, storage=storage))


def test_writes_take_longer_while_others_write(run: Simulate) -> None:
    heavy = replace(SHARED, tenants=(TenantPlan("data", 1e9, 500.0, 500.0),))
    kept = run(shared_plan(heavy), 3).checkpoints
    took_s = kept["durable_s"] - kept["taken_s"]
    assert took_s.min() == pytest.approx(20.0)
    assert took_s.max() == pytest.approx(32.0), "half of 10 MB/s"


def test_checkpoint_that_is_not_yet_written_because_others_write_is_lost(run: Simulate) -> None:
    """At 292 the write of step 20, taken at 270, would be done; with the store shared all the time it is not."""
    always = replace(SHARED, tenants=(TenantPlan("data", 1e9, 1e-6, 1e9),))
    for storage, step in ((None, 20), (ALONE, 20), (always, 10)):
        records = run(shared_plan(storage, **recorded((292, KILL))))
        assert records.intervals["tokens_start"][records.intervals["start_s"] >= 322][0] == 100 * step


def test_restart_waits_for_the_reads(run: Simulate) -> None:
    storage = replace(ALONE, read_bytes=700e6)
    records = run(shared_plan(storage, **recorded((212, KILL))))
    assert (242, 332, "restart", 0) in timeline(records), "20 s to schedule, 70 s to load in the place of 40"
    assert timeline(records)[0] == (0, 60, "restart", -1), "there is nothing to load at the start"


def test_an_unused_store_changes_nothing(run: Simulate) -> None:
    plan = shared_plan(None, **recorded((292, KILL)))
    assert digest(run(shared_plan(ALONE, **recorded((292, KILL))))) == digest(run(plan))
