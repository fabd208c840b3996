"""Replicas that reduce once a step, and weights that stay gathered."""

from typing import Any

import pytest

from clustersim.step.breakdown import step_breakdown
from clustersim.step.collectives import all_gather_s, reduce_scatter_s
from clustersim.step.exchange import sharded_time
from clustersim.step.layer_work import layer_weights
from clustersim.step.options import Options
from clustersim.step.stage import stage_exchange_s, stage_times
from tests.step.ideal import ideal, ideal_job


def job(**options: bool) -> Any:
    efficiency = ideal(options=Options(**options), data_overlap=False)
    return ideal_job(efficiency=efficiency, data_parallel=32, zero_stage=3)


def test_gradients_move_once_a_step_instead_of_every_micro_batch() -> None:
    each, once = job(), job(reduce_once=True)
    weights = layer_weights(each, False)[0]
    scatter_s = reduce_scatter_s(weights * each.gradient_bytes, each.groups.data)
    saved_s = sharded_time(each, 1.0, 1.0, False).backward_s - sharded_time(once, 1.0, 1.0, False).backward_s
    assert saved_s == pytest.approx(scatter_s)
    (stage,) = stage_times(once)
    assert stage_exchange_s(each, stage) == (0.0, 0.0)
    assert stage_exchange_s(once, stage)[0] > 32 * scatter_s
    assert stage_exchange_s(once, stage)[1] == 0.0


@pytest.mark.parametrize("count", [1, 2, 8])
def test_more_micro_batches_gain_more(count: int) -> None:
    each, once = (step_breakdown(item, count)["exposed_dp"] for item in (job(), job(reduce_once=True)))
    assert once <= each * (1.0 + 1e-3) if count == 1 else once < each


def test_weights_that_stay_are_gathered_once() -> None:
    again, kept = job(), job(keep_gathered=True)
    gather_s = all_gather_s(layer_weights(again, False)[0] * 2.0, again.groups.data)
    before, after = sharded_time(again, 1.0, 1.0, False), sharded_time(kept, 1.0, 1.0, False)
    assert before.forward_s == after.forward_s == pytest.approx(gather_s)
    assert before.backward_s - after.backward_s == pytest.approx(gather_s)
