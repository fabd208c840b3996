"""Loss spikes: back to before them, and on with other data; the whole list of intervals, worked out by hand."""

from dataclasses import replace

import pytest

from clustersim.run import metrics
from clustersim.run.laws import Law
from tests.run.event_log import hits
from tests.run.plans import NODE, SPIKE, Simulate, failure, script, small_plan, timeline


def test_it_is_found_soon_and_goes_back_to_the_checkpoint_before(
    run: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 212 in step 15, found at 232; the checkpoint at step 10 is good."""
    script(monkeypatch, spike=[failure(212.0)])
    records = run(small_plan(categories=(SPIKE,)))
    assert timeline(records)[4:] == [
        (225, 232, "recompute", 0), (232, 292, "restart", 0), (292, 352, "rollback", 0), (352, 392, "productive", -1),
        (392, 397, "checkpoint", -1), (397, 447, "productive", -1), (447, 452, "checkpoint", -1),
    ]  # fmt: skip
    assert hits(records) == ["job"]
    assert records.incidents["skipped_tokens"].tolist() == [700.0], "seven batches of a hundred tokens"
    assert metrics.interruptions(records) == (1, 0)


@pytest.mark.parametrize(("rewind", "first"), [(4, 10), (5, 0), (100, 0)])
def test_it_goes_back_so_many_steps_at_least(
    run: Simulate, monkeypatch: pytest.MonkeyPatch, rewind: int, first: int
) -> None:
    """It strikes in the fifth step after the checkpoint at step 10, when four are done."""
    script(monkeypatch, spike=[failure(212.0)])
    records = run(small_plan(categories=(replace(SPIKE, rewind_steps=rewind),)))
    state = records.intervals["state"].tolist()
    assert records.intervals["tokens_start"][state.index(metrics.STATES.index("rollback"))] == 100.0 * first


def test_a_crash_that_goes_back_past_it_saves_its_data(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The crash at 215 goes back to step 10 before anybody has seen the loss."""
    script(monkeypatch, spike=[failure(212.0)], node=[failure(215.0, evict=False)])
    records = run(small_plan(categories=(replace(SPIKE, detection=Law("constant", 100.0)), NODE)))
    assert hits(records) == ["unnoticed", "job"]
    assert records.incidents["skipped_tokens"].tolist() == [0.0, 0.0]


def test_nothing_diverges_while_the_job_is_down(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, spike=[failure(30.0)])
    assert hits(run(small_plan(categories=(SPIKE,)))) == []
