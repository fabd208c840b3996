"""Ends of the model, launches of a stage, and what it does once a step."""

from typing import Any

import pytest

from clustersim.step.breakdown import step_breakdown
from clustersim.step.collectives import all_gather_s, all_reduce_s, reduce_scatter_s
from clustersim.step.exchange import end_tensor_time
from clustersim.step.job import Job
from clustersim.step.launch import launch_bound_s
from clustersim.step.options import Options
from clustersim.step.stage import END_LAUNCH, StageTime, stage_exchange_s, stage_times, stage_weights, update_s
from tests.step import step_cases as cases
from tests.step.ideal import GEMM_FLOP_S, MEMORY_BYTES_S, ideal, ideal_job

TABLE = 128256 * 4096
"""Weights of the embedding, and of the output layer."""

HEAD_S = 2 * 4096 * TABLE / GEMM_FLOP_S
LOSS_S = 4096 * 128256 * 8 / MEMORY_BYTES_S

ADDED_S = 2 * 4 * TABLE / MEMORY_BYTES_S
"""Adding up the gradients of a table, read and written in 32 bits."""


def stages(job: Job) -> tuple[StageTime, ...]:
    return stage_times(job)


def test_ends_sit_on_the_first_and_the_last_stage() -> None:
    first, *middle, last = stages(ideal_job(pipeline_parallel=4))
    assert first.embedding.forward_s == pytest.approx(2 * 4096 * 4096 * 2 / MEMORY_BYTES_S)
    assert last.head.forward_s == pytest.approx(HEAD_S + LOSS_S)
    assert first.head.both_s == last.embedding.both_s == sum(each.head.both_s for each in middle) == 0.0


@pytest.mark.parametrize("tensor", [1, 8])
def test_the_ends_add_up_the_gradients_of_their_tables(tensor: int) -> None:
    wide, narrow = (
        stages(ideal_job(tensor_parallel=tensor, gradient_precision=width))[0] for width in ("fp32", "bf16")
    )
    for end in ("embedding", "head"):
        more, less = getattr(wide, end), getattr(narrow, end)
        assert more.forward_s == less.forward_s
        assert more.backward_s - less.backward_s == pytest.approx(0.5 * ADDED_S / tensor)


def test_the_ends_wait_for_the_tensor_parallel_ranks_once_each() -> None:
    job = ideal_job(tensor_parallel=8)
    (stage,), once = stages(job), end_tensor_time(job)
    assert stage.ends_tensor == once
    assert once.both_s > 0.0
    inner, both = (stage.pass_time(32, 0, first=end, last=end) for end in (False, True))
    ends_s = stage.embedding.both_s + stage.head.both_s
    assert both.both_s - inner.both_s == pytest.approx(ends_s + 2 * once.both_s)


@pytest.mark.parametrize("stages_", [1, 4])
def test_zero_3_waits_for_the_embedding_on_the_first_stage(stages_: int) -> None:
    job = ideal_job(data_parallel=16, zero_stage=3, pipeline_parallel=stages_)
    first, *others = stages(job)
    place = job.groups.data
    assert first.tables.forward_s == pytest.approx(all_gather_s(2 * TABLE, place))
    assert first.tables.backward_s == pytest.approx(reduce_scatter_s(4 * TABLE, place))
    assert [stage.tables.both_s for stage in others] == [0.0] * (stages_ - 1)
    with_s, without_s = (first.pass_time(4, 0, first=at, last=False).both_s for at in (True, False))
    assert with_s - without_s == pytest.approx(first.embedding.both_s + first.tables.both_s)
    assert stages(ideal_job(data_parallel=16, zero_stage=2))[0].tables.both_s == 0.0


@pytest.mark.parametrize(("tensor", "share"), [(1, 0.5), (8, 1.0)])
def test_a_head_that_is_not_split_runs_at_its_own_rate(tensor: int, share: float) -> None:
    (stage,) = stages(ideal_job(efficiency=ideal(unsplit_head=0.5), tensor_parallel=tensor))
    assert stage.head.forward_s == pytest.approx((HEAD_S / share + LOSS_S) / tensor)


@pytest.mark.parametrize(("options", "rate"), [(Options(), 0.5), (Options(narrow_head=True), 1.0)])
def test_the_head_stays_in_sixteen_bits_unless_said(options: Options, rate: float) -> None:
    narrow = ideal(cast_traffic=1e-9, wide_flop_s=0.5 * GEMM_FLOP_S, options=options)
    (stage,) = stages(ideal_job(efficiency=narrow))
    assert stage.head.forward_s == pytest.approx(HEAD_S / rate + LOSS_S)


def test_a_further_predicted_token_adds_a_layer_and_a_head() -> None:
    model = cases.LLAMA3_8B.model_copy(update={"prediction_layers": 1})
    (plain,), (further,) = stages(ideal_job()), stages(ideal_job(model))
    assert further.dense_layers == plain.dense_layers + 1
    assert further.head.forward_s == pytest.approx(2 * plain.head.forward_s)
    # The table is the same: both uses add to its gradients at once.
    assert further.head.backward_s == pytest.approx(2 * plain.head.backward_s - ADDED_S)


@pytest.mark.parametrize("blocking", [False, True])
def test_a_stage_is_no_faster_than_its_launches(blocking: bool) -> None:
    rates = ideal(launch_s=1e-4, blocking_launch=blocking)
    (slow,), (ideal_stage,) = stages(ideal_job(efficiency=rates)), stages(ideal_job())
    device = ideal_stage.pass_time(32, 0, first=True, last=True)
    # 25 kernels a layer, and as long backward; half a layer for each end.
    forward_s = backward_s = 32 * 25e-4 + 2 * END_LAUNCH * 25e-4
    found = slow.pass_time(32, 0, first=True, last=True)
    assert found.forward_s == pytest.approx(launch_bound_s(device.forward_s, forward_s, blocking=blocking))
    assert found.backward_s == pytest.approx(launch_bound_s(device.backward_s, backward_s, blocking=blocking))


def exchange(**sizes: Any) -> tuple[Job, float, float, float]:
    """A job on one stage, its weights, and the time to reduce and to gather them."""
    job = ideal_job(data_parallel=16, **sizes)
    (stage,) = stages(job)
    return job, stage_weights(job, stage)[0], *stage_exchange_s(job, stage)


def test_weights_of_a_stage_are_its_layers_and_both_tables() -> None:
    _, weights, _, _ = exchange()
    layer = 2 * 4096 * 4096 + 4096 * 2048 + 3 * 4096 * 14336 + 2 * 4096
    assert weights == pytest.approx(32 * layer + 2 * TABLE)
    tied = cases.LLAMA3_8B.model_copy(update={"tied_embeddings": True})
    assert exchange(model=tied)[1] == pytest.approx(32 * layer + TABLE)


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_what_each_zero_stage_exchanges_once_a_step(stage: int) -> None:
    job, weights, reduce_s, gather_s = exchange(zero_stage=stage)
    place = job.groups.data
    scattered = {1: weights, 2: 2 * TABLE}
    expected = {
        0: (all_reduce_s(4 * weights, place), 0.0),
        3: (0.0, 0.0),
    } | {
        kind: (reduce_scatter_s(4 * left, place), all_gather_s(2 * weights, place)) for kind, left in scattered.items()
    }
    assert (reduce_s, gather_s) == pytest.approx(expected[stage])


def test_zero_2_reduces_gradients_once_with_one_micro_batch() -> None:
    """Its scatter after each micro-batch is the scatter of the step, not one more."""
    one, two = (
        step_breakdown(ideal_job(efficiency=ideal(data_overlap=False), data_parallel=16, zero_stage=stage), 1)
        for stage in (1, 2)
    )
    assert two["exposed_dp"] == pytest.approx(one["exposed_dp"], rel=0.05)


@pytest.mark.parametrize(("virtual", "reductions"), [(1, 8), (2, 4)])
def test_zero_2_with_a_pipeline_reduces_after_each_round(virtual: int, reductions: int) -> None:
    """Sharded gradients leave before the next chunk's: after each of 8 micro-batches, or of 4 rounds of 2 stages."""
    sizes = {"data_parallel": 16, "pipeline_parallel": 2, "virtual_pipeline": virtual}
    jobs = [ideal_job(efficiency=ideal(data_overlap=False), zero_stage=stage, **sizes) for stage in (1, 2)]
    one, two = (step_breakdown(job, 8)["exposed_dp"] for job in jobs)
    reduce_s = max(stage_exchange_s(jobs[1], stage)[0] for stage in stages(jobs[1]))
    assert two == pytest.approx(one + (reductions - 1) * reduce_s)


def test_replicas_share_the_update_under_zero() -> None:
    whole_s, shared_s = (
        update_s(job, stages(job)[0]) for job in (ideal_job(data_parallel=16, zero_stage=stage) for stage in (0, 1))
    )
    assert shared_s == pytest.approx(whole_s / 16)
