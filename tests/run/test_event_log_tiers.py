"""Tiers of checkpoints, how many they keep, and writes of no use: the whole list of intervals, worked out by hand.

Undisturbed, checkpoints stall the job from 160 to 165, 265 to 270 and 320 to 325; see ``event_log``.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from clustersim.run import metrics
from clustersim.run.plan import CheckpointPlan, RunPlan, TierPlan
from clustersim.run.records import FATES
from tests.run.event_log import UNDISTURBED
from tests.run.plans import (
    CORRUPTION,
    FULL,
    KILL,
    LOSS,
    NODE,
    Simulate,
    digest,
    failure,
    parts,
    recorded,
    script,
    small_plan,
    stop_at,
    timeline,
)

MEMORY = TierPlan("peer memory", every=1, write_s=2.0, load_s=10.0, survives_nodes=1)


def plan(*inner: TierPlan, every: int = 1, keep: int | None = None, **more: Any) -> RunPlan:
    base = small_plan(**{"steps": 45, **more})
    return replace(base, checkpoint=replace(base.checkpoint, inner=inner, every=every, keep=keep))


def fates(records: Any, tier: int = 0) -> list[str]:
    return [FATES[fate] for fate in records.checkpoints["fate"][records.checkpoints["tier"] == tier]]


# --- tiers ----------------------------------------------------------------------------------------------------------


def test_crash_loads_from_the_quicker_tier(run: Simulate) -> None:
    """The write to the store takes 40 s, that to the memory 2 s: at 300 only the memory has step 20."""
    records = run(plan(MEMORY, write_s=40.0, **recorded((300, KILL))))
    assert timeline(records)[5:9] == [
        (270, 300, "productive", -1), (300, 330, "detect", 0), (330, 360, "restart", 0), (360, 390, "recompute", 0),
    ]  # fmt: skip
    assert parts(records)[-2:] == [(330, 350, "schedule"), (350, 360, "load")]


def test_a_node_that_is_taken_out_leaves_its_part_with_a_peer(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(300.0, 2)])
    assert (330, 360, "restart", 0) in timeline(run(plan(MEMORY, write_s=40.0, hot=1)))


def test_two_nodes_that_are_taken_out_take_the_tier_with_them(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second fails during the restart at 335, after 5 of its 30 s: step 20 is gone, step 10 is in the store."""
    script(monkeypatch, node=[failure(300.0, 2), failure(335.0, 1)])
    records = run(plan(MEMORY, write_s=40.0, hot=2))
    assert timeline(records)[6:12] == [
        (300, 330, "detect", 0), (330, 335, "restart", 0), (335, 365, "detect", 1), (365, 425, "restart", 1),
        (425, 525, "recompute", 1), (525, 530, "checkpoint", -1),
    ]  # fmt: skip
    assert fates(records, 1)[:2] == ["lost", "lost"]
    assert records.checkpoints["lost_s"][records.checkpoints["tier"] == 1][:2].tolist() == [365, 365]


@pytest.mark.parametrize(("survives", "step"), [(0, 10), (1, 20), (2, 20)])
def test_what_a_tier_survives(run: Simulate, monkeypatch: pytest.MonkeyPatch, survives: int, step: int) -> None:
    script(monkeypatch, node=[failure(300.0, 2)])
    records = run(plan(replace(MEMORY, survives_nodes=survives), write_s=40.0, hot=1))
    after = records.intervals["tokens_start"][records.intervals["start_s"] >= 330.0]
    assert after[0] == step * 100


def test_neighbours_are_of_one_domain(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    for second, step in ((3, 20), (1, 10)):
        script(monkeypatch, node=[failure(300.0, 2), failure(335.0, second)])
        records = run(plan(replace(MEMORY, survives_nodes=2), write_s=40.0, hot=2))
        after = records.intervals["tokens_start"][records.intervals["start_s"] >= 365.0]
        assert after[0] == step * 100, f"nodes 2 and {second}"


def test_the_store_gets_every_second(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    records = run(plan(MEMORY, every=2))
    assert records.checkpoints["step"][records.checkpoints["tier"] == 0].tolist() == [20, 40, 45]
    assert records.checkpoints["step"][records.checkpoints["tier"] == 1].tolist() == [10, 20, 30, 40, 45]
    assert timeline(records)[: len(UNDISTURBED) - 1] == UNDISTURBED[:-1], "each costs its stall"
    assert metrics.checkpoints_taken(records) == 5
    script(monkeypatch, node=[failure(212.0, 2)])
    lost = run(plan(replace(MEMORY, survives_nodes=0), every=2, hot=1))
    assert timeline(lost)[7] == (302, 402, "recompute", 0), "step 10 was in the memory alone"


def test_planned_stop_is_written_to_the_store(run: Simulate) -> None:
    records = run(plan(MEMORY, every=4, maintenance=stop_at(212.0), write_s=30.0))
    assert 15 in records.checkpoints["step"][records.checkpoints["tier"] == 0]
    assert (250, 550, "maintenance", 0) in timeline(records), "15 steps at 215, stall to 220, written at 250"
    assert (550, 580, "restart", 0) in timeline(records), "and loaded from the memory"


def test_end_of_the_job_counts_in_the_store(run: Simulate) -> None:
    """A crash at 330 while the last checkpoint is written: it is in the memory, which is not where it should be."""
    records = run(plan(MEMORY, steps=25, write_s=40.0, **recorded((330, KILL))))
    assert records.finished
    last = records.checkpoints["step"] == 25
    assert np.isfinite(records.checkpoints["durable_s"][last & (records.checkpoints["tier"] == 0)]).tolist() == [0, 1]


def test_accident_of_the_store_does_not_touch_the_memory(run: Simulate) -> None:
    for trouble in ((266, FULL, 30), (280, LOSS)):
        records = run(plan(MEMORY, **recorded(trouble, (300, KILL))))
        assert (330, 360, "restart", 1) in timeline(records)
        assert metrics.time_lost_by_cause_s(records).keys() == {"checkpoint", "kill", "start of the job"}


def test_corruption_goes_back_past_what_the_memory_has(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Corrupt from step 20 on, found at 472, when the memory has step 30 alone."""
    script(monkeypatch, corruption=[failure(272.0, evict=False)])
    records = run(plan(replace(MEMORY, keep=1), categories=(CORRUPTION,)))
    at = timeline(records).index((472, 532, "restart", 0))
    assert timeline(records)[at + 1][2] == "rollback"
    assert records.intervals["tokens_start"][records.intervals["start_s"] >= 532][0] == 2000


# --- how many are kept ----------------------------------------------------------------------------------------------


def test_older_ones_are_deleted(run: Simulate) -> None:
    records = run(plan(keep=2))
    assert records.checkpoints["step"].tolist() == [10, 20, 30, 40, 45]
    assert records.checkpoints["lost_s"].tolist() == [375, 480, 535, np.inf, np.inf]
    assert fates(records) == ["deleted", "deleted", "deleted", "kept", "kept"]


def test_what_was_deleted_cannot_be_gone_back_to(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Corrupt from step 20 on, found at 472. Who keeps step 30 alone has nothing to go back to."""
    for keep, step in ((None, 20), (2, 20), (1, 0)):
        script(monkeypatch, corruption=[failure(272.0, evict=False)])
        records = run(plan(keep=keep, categories=(CORRUPTION,)))
        assert records.intervals["tokens_start"][records.intervals["start_s"] >= 532][0] == step * 100, keep


def test_what_failed_counts_not_among_those_that_are_kept(run: Simulate) -> None:
    """Step 20 is not written, so step 10 is kept until step 30 is there: the crash at 291 finds it."""
    records = run(plan(keep=1, **recorded((266, FULL, 1), (291, KILL))))
    assert records.intervals["tokens_start"][records.intervals["start_s"] >= 321][0] == 1000


def test_a_rewind_writes_over_what_it_gave_up(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Back from step 39 to step 20: step 30 is written a second time, and pushes nothing out that step 40 did not."""
    script(monkeypatch, corruption=[failure(272.0, evict=False)])
    records = run(plan(keep=2, categories=(CORRUPTION,)))
    kept = records.checkpoints
    assert kept["step"].tolist() == [10, 20, 30, 30, 40, 45]
    assert kept["lost_s"].tolist()[:3] == [375, 742, 637], "each when the one that pushes it out is whole"


# --- writes of no use -----------------------------------------------------------------------------------------------


def only(**shares: float) -> CheckpointPlan:
    return replace(plan().checkpoint, **shares)


def test_failed_write_is_noticed_and_costs_no_load(run: Simulate) -> None:
    """Nearly all writes fail but those that end a stretch, which are repeated: a crash leads back to the start."""
    records = run(replace(plan(**recorded((212, KILL))), checkpoint=only(failed=0.999)))
    assert fates(records)[0] == "unwritten"
    assert timeline(records)[6:8] == [(242, 302, "restart", 0), (302, 402, "recompute", 0)]
    assert fates(records)[-1] == "kept", "the last is written"
    assert metrics.interruptions(records) == (1, 0)


def test_unreadable_checkpoint_is_an_incident_when_it_is_loaded(run: Simulate) -> None:
    """It was to be loaded at 242: that took 40 s, then the job goes back to the start."""
    records = run(replace(plan(**recorded((212, KILL))), checkpoint=only(corrupt=0.999)))
    assert timeline(records)[6:9] == [
        (242, 342 - 40, "restart", 0), (302, 402, "recompute", 1), (402, 407, "checkpoint", -1),
    ]  # fmt: skip
    assert records.categories[records.incidents["category"][1]] == "bad checkpoint"
    assert metrics.interruptions(records) == (1, 0), "it stops nothing: the job was down"
    assert fates(records)[0] == "unreadable"


def test_unreadable_copy_in_the_memory_costs_a_load(run: Simulate) -> None:
    """10 s in the memory, then 40 s from the store."""
    bad = replace(MEMORY, corrupt=0.999)
    records = run(plan(bad, **recorded((300, KILL))))
    assert (330, 400, "restart", 0) in timeline(records)
    assert records.intervals["tokens_start"][records.intervals["start_s"] >= 330][0] == 2000
    assert "bad checkpoint" not in metrics.time_lost_by_cause_s(records)


def test_share_of_bad_writes(run: Simulate) -> None:
    base = plan(steps=30_000)
    records = run(replace(base, checkpoint=replace(base.checkpoint, failed=0.2, corrupt=0.1)))
    share = np.array([fates(records).count(fate) for fate in ("unwritten", "unreadable")]) / 3000
    assert share == pytest.approx([0.2, 0.1], abs=4 * 0.0073)


def test_tiers_that_never_matter_are_the_plain_run(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing nearer than the store, everything kept and every write good, it is the job of before."""
    rows = [failure(212.0, 1), failure(400.0, 2, evict=False)]
    script(monkeypatch, node=rows)
    plain = run(small_plan(steps=45, hot=1))
    script(monkeypatch, node=rows)
    kept = run(plan(keep=100, hot=1))
    assert digest(kept) == digest(plain)
    script(monkeypatch, node=rows)
    useless = run(plan(replace(MEMORY, survives_nodes=0, every=1000, load_s=40.0), hot=1))
    assert timeline(useless) == timeline(plain)


def test_categories_that_only_strike_nodes_are_known(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, 1)])
    assert run(plan(MEMORY, hot=1, categories=(NODE,))).tiers == ("store", "peer memory")
