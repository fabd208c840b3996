"""What the exchange of gradients and weights adds to a step, and what hides it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustersim.step.data_parallel import (
    BUCKET_BYTES,
    FIRST_BUCKET_BYTES,
    buckets,
    coarse_buckets,
    data_parallel_s,
    waits_for_reduction,
)
from clustersim.step.exchange import overlaps
from clustersim.step.job import Job
from clustersim.step.pipeline import PipelineRun, schedule_of, simulate
from clustersim.step.stage import StageTime, stage_exchange_s, stage_times, stage_weights
from clustersim.step.stage_work import pipeline_work
from tests.step.ideal import MEMORY_BYTES_S, ideal, ideal_job

LONG = 1 << 17


def pipeline(job: Job, micro_batches: int = 16) -> tuple[tuple[StageTime, ...], PipelineRun]:
    stages = stage_times(job)
    schedule = schedule_of(job.layout, micro_batches)
    return stages, simulate(schedule, pipeline_work(job, stages, schedule))


def added_s(job: Job, micro_batches: int = 16) -> float:
    return data_parallel_s(job, *pipeline(job, micro_batches))


def whole_s(job: Job) -> float:
    """Reduction and gathering of the busiest stage."""
    return max(sum(stage_exchange_s(job, stage)) for stage in stage_times(job))


def job(rates: Any = None, sequence_length: int = LONG, **sizes: Any) -> Job:
    return ideal_job(sequence_length=sequence_length, efficiency=rates or ideal(), **({"data_parallel": 16} | sizes))


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_without_overlap_the_exchange_adds_in_full(stage: int) -> None:
    of = job(ideal(data_overlap=False), zero_stage=stage)
    assert added_s(of) == pytest.approx(whole_s(of))


def test_without_overlap_and_with_a_pipeline_the_last_stage_to_end_counts() -> None:
    # The first stage ends its backward pass last and holds the embedding: nobody waits longer than for it.
    of = job(ideal(data_overlap=False), pipeline_parallel=4)
    stages, run = pipeline(of)
    first_s, last_s = (sum(stage_exchange_s(of, stages[index])) for index in (0, -1))
    assert first_s == pytest.approx(last_s)
    assert data_parallel_s(of, stages, run) == pytest.approx(first_s)


def test_behind_long_passes_the_last_bucket_and_the_slowdown_are_left() -> None:
    # 32 layers, one bucket each: the last gradients and the first weights cannot hide.
    of = job(ideal(overlap_slowdown=0.1))
    all_s = whole_s(of)
    assert buckets(of) == 32
    assert added_s(of) == pytest.approx(all_s / 32 + 0.1 * all_s * 31 / 32)


def test_behind_a_long_pipeline_only_the_first_stage_is_waited_for() -> None:
    of = job(pipeline_parallel=4)
    assert added_s(of) == pytest.approx(whole_s(of) / 8)


def test_short_passes_hide_little() -> None:
    # One micro-batch of 128 tokens: beside adding up 32-bit gradients it computes next to nothing.
    of = job(sequence_length=128)
    (stage,), run = pipeline(of, 1)
    all_s = whole_s(of)
    added_up_s = 2 * 4 * stage_weights(of, stage)[0] / MEMORY_BYTES_S
    assert added_up_s < run.total_s < added_up_s + 0.06 * all_s
    assert all_s - run.total_s - 1e-9 <= added_s(of, 1) <= all_s + 1e-9


@pytest.mark.parametrize("sizes", [{"zero_stage": 3}, {"data_parallel": 1}])
def test_nothing_is_left_to_do_at_the_ends(sizes: dict[str, int]) -> None:
    assert added_s(job(ideal(data_overlap=False), **sizes)) == 0.0


SIZES = st.fixed_dictionaries(
    {
        "pipeline_parallel": st.sampled_from([1, 2, 4]),
        "data_parallel": st.sampled_from([2, 16, 64]),
        "tensor_parallel": st.sampled_from([1, 8]),
        "zero_stage": st.sampled_from([0, 1]),
        "schedule": st.sampled_from(["gpipe", "1f1b", "zero-bubble", "dualpipe"]),
    }
)
LENGTHS = st.sampled_from([128, 2048, 32768])


@settings(max_examples=60, deadline=None)
@given(sizes=SIZES, length=LENGTHS, share=st.floats(0.1, 1.0), slowdown=st.floats(0.0, 1.0), overlap=st.booleans())
def test_more_bandwidth_never_adds_more(
    sizes: dict[str, Any], length: int, share: float, slowdown: float, overlap: bool
) -> None:
    of = job(ideal(overlap_slowdown=slowdown, data_overlap=overlap), length, **sizes)
    slower = replace(of, efficiency=replace(of.efficiency, data_bandwidth=share))
    assert added_s(of) <= added_s(slower) * (1 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(sizes=SIZES, length=LENGTHS, slowdown=st.floats(0.0, 1.0))
def test_overlap_never_adds_more_than_all_of_it_after_the_pipeline(
    sizes: dict[str, Any], length: int, slowdown: float
) -> None:
    of = job(ideal(overlap_slowdown=slowdown), length, **sizes)
    without = replace(of, efficiency=replace(of.efficiency, data_overlap=False))
    schedule = schedule_of(of.layout, 16)
    copies = 2 if schedule.name == "dualpipe" else 1
    assert added_s(of) <= copies * whole_s(of) * (1 + 1e-9)
    assert added_s(without) <= copies * whole_s(of) * (1 + 1e-9)


@pytest.mark.parametrize("length", [512, 2048, 8192])
def test_interleaving_hides_more(length: int) -> None:
    """Later chunks are final earlier, so their reduction has longer to hide."""
    plain, interleaved = (
        job(sequence_length=length, pipeline_parallel=4, virtual_pipeline=chunks) for chunks in (1, 8)
    )
    assert added_s(interleaved) <= added_s(plain) * (1 + 1e-9)


def test_interleaving_hides_what_one_backward_pass_is_too_short_for() -> None:
    plain, interleaved = (job(sequence_length=512, pipeline_parallel=4, virtual_pipeline=chunks) for chunks in (1, 8))
    assert added_s(interleaved) < 0.98 * added_s(plain)


@pytest.mark.parametrize(("stages", "chunks", "layers"), [(1, 1, 32), (4, 1, 8), (4, 8, 1), (3, 1, 11), (3, 2, 6)])
def test_every_layer_of_a_chunk_is_a_bucket(stages: int, chunks: int, layers: int) -> None:
    assert buckets(job(pipeline_parallel=stages, virtual_pipeline=chunks)) == layers


def small(gradients_bytes: float, **sizes: Any) -> Job:
    """A job of 32 layers whose stage has so many bytes of gradients."""
    of = replace(job(**({"zero_stage": 0} | sizes)), stack="pytorch")
    whole_bytes = stage_weights(of, stage_times(of)[0])[0] * of.gradient_bytes
    scale = (gradients_bytes / whole_bytes) ** 0.5
    model = of.model.model_copy(
        update={"hidden": of.model.hidden * scale, "ffn_hidden": of.model.ffn_hidden * scale, "vocabulary": 1}
    )
    return replace(of, model=model)


def test_ddp_waits_until_a_bucket_is_full() -> None:
    of = small(60 * 2**20)
    (stage,) = stage_times(of)
    whole_bytes = sum(stage_weights(of, stage)) * of.gradient_bytes
    first, second, third, fourth = coarse_buckets(of, stage)
    assert first == pytest.approx(FIRST_BUCKET_BYTES / whole_bytes)
    assert second == pytest.approx(third) == pytest.approx(BUCKET_BYTES / whole_bytes)
    assert first + second + third + fourth == pytest.approx(1.0)


def test_layers_above_a_bucket_are_reduced_one_by_one() -> None:
    of = replace(job(zero_stage=0), stack="pytorch")
    assert coarse_buckets(of, stage_times(of)[0]) == ()


@pytest.mark.parametrize("changed", [{"stack": "megatron"}, {"zero_stage": 1}])
def test_other_software_has_no_such_buckets(changed: dict[str, Any]) -> None:
    of = small(60 * 2**20, **{name: value for name, value in changed.items() if name != "stack"})
    of = replace(of, stack=changed.get("stack", "pytorch"))
    assert coarse_buckets(of, stage_times(of)[0]) == ()


def test_fsdp_overlaps_nothing_where_each_kernel_ends_before_the_next_is_launched() -> None:
    for stage, blocking, expected in ((3, True, False), (3, False, True), (0, True, True)):
        assert overlaps(job(ideal(blocking_launch=blocking), zero_stage=stage)) is expected


def test_stages_of_torch_wait_for_the_reductions_behind_them() -> None:
    of = job(zero_stage=0, pipeline_parallel=4)
    waiting = replace(of, stack="pytorch")
    _, run = pipeline(of)
    assert waits_for_reduction(waiting, run)
    assert not waits_for_reduction(of, run)
    # Long passes hide all but the last bucket of each of four equal stages; the first waits for the other three.
    first_s, *others_s = (stage_exchange_s(of, stage)[0] / 8 for stage in stage_times(of))
    assert added_s(of) == pytest.approx(first_s)
    assert added_s(waiting) == pytest.approx(first_s + sum(others_s))


def test_stages_whose_replicas_have_better_links_reduce_faster() -> None:
    of = job(zero_stage=0, pipeline_parallel=4)
    mixed = replace(of, groups=replace(of.groups, data_stages=(0.25, 1.0, 0.25, 0.25)))
    # The first stage ends last, with a quarter of its own reduction left.
    assert added_s(mixed) == pytest.approx(added_s(of) / 4)
    waiting = replace(mixed, stack="pytorch")
    parts_s = [stage_exchange_s(of, stage)[0] / 8 for stage in stage_times(of)]
    paced_s = [pace * part_s for pace, part_s in zip(mixed.groups.data_stages, parts_s, strict=True)]
    assert added_s(waiting) == pytest.approx(sum(paced_s))
