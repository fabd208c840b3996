"""What a layer waits for other GPUs, by hand and in its limits."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.step.collectives import all_gather_s, all_reduce_s, reduce_scatter_s, send_s
from clustersim.step.compute import PassTime
from clustersim.step.exchange import (
    context_time,
    data_wire_bytes,
    end_tensor_time,
    sharded_time,
    tensor_collectives,
    tensor_time,
)
from clustersim.step.job import Job
from clustersim.step.layer import layer_time
from clustersim.step.layer_work import LayerWork, layer_weights
from tests.step import step_cases as cases
from tests.step.ideal import ideal, ideal_job

NOTHING = PassTime(0.0, 0.0)
TIMES = st.floats(0.0, 10.0)
SLOWDOWNS = st.floats(0.0, 1.0)


def products(forward_s: float = 0.0, backward_s: float = 0.0) -> LayerWork:
    return LayerWork(NOTHING, NOTHING, NOTHING, PassTime(forward_s, backward_s), 0.0)


def with_rates(job: Job, **changes: Any) -> Job:
    return replace(job, efficiency=replace(job.efficiency, **changes))


@pytest.mark.parametrize(("tensor", "split", "count"), [(1, True, 0), (8, True, 4), (8, False, 2)])
def test_collectives_of_a_pass(tensor: int, split: bool, count: int) -> None:
    assert tensor_collectives(cases.layout(tensor_parallel=tensor, sequence_parallel=split)) == count


def test_two_gathers_and_two_scatters_of_the_hidden_state_a_pass() -> None:
    of = ideal_job(tensor_parallel=8)
    size_bytes = 4096 * 4096 * 2
    once_s = all_gather_s(size_bytes, of.groups.tensor) + reduce_scatter_s(size_bytes, of.groups.tensor)
    assert tensor_time(of, products()) == PassTime(pytest.approx(2 * once_s), pytest.approx(2 * once_s))  # type: ignore[arg-type]


@pytest.mark.parametrize("tensor", [2, 4, 8])
def test_sequence_parallelism_moves_the_same_bytes(tensor: int) -> None:
    """An all-reduce is a reduce-scatter and an all-gather; without reduction in the switch, in large messages."""
    machines = cases.cluster(accelerator="a100-80gb")
    long = {"sequence_length": 1 << 22, "cluster": machines, "tensor_parallel": tensor}
    with_s, without_s = (
        tensor_time(ideal_job(sequence_parallel=split, **long), products()).both_s  # type: ignore[arg-type]
        for split in (True, False)
    )
    assert with_s == pytest.approx(without_s, rel=0.02)


def test_half_of_the_bandwidth_takes_as_long_as_twice_the_bytes() -> None:
    half = tensor_time(ideal_job(efficiency=ideal(tensor_bandwidth=0.5), tensor_parallel=8), products())
    assert half == tensor_time(ideal_job(sequence_length=8192, tensor_parallel=8), products())


@pytest.mark.parametrize(
    ("recompute", "layers", "times"), [("none", None, 1.0), ("full", None, 2.0), ("full", 8, 1.25)]
)
def test_full_recomputation_repeats_the_exchange(recompute: str, layers: int | None, times: float) -> None:
    of = ideal_job(tensor_parallel=8, context_parallel=2, recompute=recompute, recompute_layers=layers)
    tensor = tensor_time(of, products())
    assert tensor.backward_s == pytest.approx(times * tensor.forward_s)
    gathered = context_time(with_rates(of, ring_context=False), NOTHING)
    assert gathered.backward_s == pytest.approx((1.0 + times) * gathered.forward_s)


@given(forward=TIMES, backward=TIMES, slowdown=SLOWDOWNS, tensor=st.sampled_from([2, 4, 8]))
def test_chunks_never_take_longer_than_the_whole(forward: float, backward: float, slowdown: float, tensor: int) -> None:
    of = ideal_job(efficiency=ideal(overlap_slowdown=slowdown), tensor_parallel=tensor)
    whole = tensor_time(of, products(forward, backward))
    chunked = tensor_time(with_rates(of, chunked_tensor=True), products(forward, backward))
    for part_s, whole_s in ((chunked.forward_s, whole.forward_s), (chunked.backward_s, whole.backward_s)):
        assert whole_s / tensor * (1 - 1e-12) <= part_s <= whole_s * (1 + 1e-12)


def test_reductions_without_sequence_parallelism_are_not_cut() -> None:
    """Chunks feed the products from gathers and scatters; an all-reduce is waited for whole."""
    of = ideal_job(efficiency=ideal(chunked_tensor=True), tensor_parallel=8, sequence_parallel=False)
    whole_s = 2 * all_reduce_s(4096 * 4096 * 2, of.groups.tensor)
    assert tensor_time(of, products(1.0, 1.0)) == PassTime(whole_s, whole_s)


@pytest.mark.parametrize("split", [True, False])
def test_an_end_exchanges_its_hidden_state_once(split: bool) -> None:
    of = ideal_job(tensor_parallel=8, sequence_parallel=split)
    size_bytes, place = 4096 * 4096 * 2, of.groups.tensor
    moved_s = reduce_scatter_s(size_bytes, place) + all_gather_s(size_bytes, place)
    assert end_tensor_time(of).both_s == pytest.approx(moved_s if split else all_reduce_s(size_bytes, place))
    assert end_tensor_time(ideal_job()) == NOTHING


def test_wide_activations_are_exchanged_in_32_bits() -> None:
    wide = ideal(element_bytes=4.0, ring_context=False)
    for tensor, context in ((8, 1), (1, 2)):
        four, two = (
            ideal_job(efficiency=rates, sequence_length=length, tensor_parallel=tensor, context_parallel=context)
            for rates, length in ((wide, 4096), (ideal(ring_context=False), 8192))
        )
        assert tensor_time(four, products()) == tensor_time(two, products())
        assert context_time(four, NOTHING) == context_time(two, NOTHING)
    assert data_wire_bytes(ideal_job(efficiency=wide)) == (4.0, 4.0)


def test_behind_long_products_the_first_chunk_is_left() -> None:
    of = ideal_job(efficiency=ideal(chunked_tensor=True), tensor_parallel=8)
    whole = tensor_time(with_rates(of, chunked_tensor=False), products())
    assert tensor_time(of, products(1.0, 1.0)).both_s == pytest.approx(whole.both_s / 8)
    assert tensor_time(of, products()).both_s == pytest.approx(whole.both_s)


def sent_s(of: Job) -> float:
    """Keys and values of one rank: 8 heads of 128 each, 16 bits, on the link to the neighbour."""
    return send_s(of.part.tokens * 2 * 8 * 128 * 2, of.groups.context)


@pytest.mark.parametrize("ranks", [2, 4, 8])
def test_keys_are_gathered_in_each_pass_and_their_gradients_scattered(ranks: int) -> None:
    of = ideal_job(efficiency=ideal(ring_context=False), context_parallel=ranks)
    found, group = context_time(of, PassTime(10.0, 10.0)), of.groups.context_group
    # Keys and values of all 4,096 tokens: 8 heads of 128 each, 16 bits.
    size_bytes = 4096 * 2 * 8 * 128 * 2
    assert group.ranks == ranks
    assert found.forward_s == pytest.approx(all_gather_s(size_bytes, group))
    assert found.backward_s == pytest.approx(all_gather_s(size_bytes, group) + reduce_scatter_s(size_bytes, group))


def test_a_long_gather_moves_what_the_other_ranks_hold() -> None:
    """Bandwidth alone: one rank of four receives three quarters over its scale-up links."""
    of = ideal_job(efficiency=ideal(ring_context=False), context_parallel=4, sequence_length=1 << 24)
    least_s = 0.75 * (1 << 24) * 2 * 8 * 128 * 2 / of.groups.context_group.scale_up_bytes_s
    assert least_s < context_time(of, NOTHING).forward_s < 1.5 * least_s


@pytest.mark.parametrize("ranks", [2, 4, 8])
def test_a_ring_without_work_waits_as_long_and_behind_long_blocks_not_at_all(ranks: int) -> None:
    of = ideal_job(context_parallel=ranks)
    open_ = context_time(of, NOTHING)
    assert open_.forward_s == pytest.approx((ranks - 1) * sent_s(of))
    assert open_.backward_s == pytest.approx((ranks - 1) * 2 * sent_s(of))
    assert context_time(of, PassTime(10.0, 10.0)) == NOTHING


@given(forward=st.floats(0.0, 0.01), backward=st.floats(0.0, 0.01), slowdown=SLOWDOWNS, ranks=st.sampled_from([2, 8]))
def test_a_ring_never_waits_longer_than_a_gather(forward: float, backward: float, slowdown: float, ranks: int) -> None:
    of = ideal_job(efficiency=ideal(overlap_slowdown=slowdown), context_parallel=ranks)
    core = PassTime(forward, backward)
    ring, gathered = context_time(of, core), context_time(with_rates(of, ring_context=False), core)
    assert ring.forward_s <= gathered.forward_s * (1 + 1e-12)
    assert ring.backward_s <= gathered.backward_s * (1 + 1e-12)


def test_sharded_weights_are_gathered_in_each_pass_and_gradients_scattered() -> None:
    of = ideal_job(efficiency=ideal(data_overlap=False), data_parallel=16, zero_stage=3)
    weights, _ = layer_weights(of, mixture=False)
    gather_s, scatter_s = all_gather_s(2 * weights, of.groups.data), reduce_scatter_s(4 * weights, of.groups.data)
    found = sharded_time(of, 10.0, 10.0, mixture=False)
    assert found.forward_s == pytest.approx(gather_s)
    assert found.backward_s == pytest.approx(gather_s + scatter_s)


def test_sharded_weights_hide_behind_the_passes() -> None:
    of = ideal_job(efficiency=ideal(overlap_slowdown=0.1), data_parallel=16, zero_stage=3)
    open_ = sharded_time(with_rates(of, data_overlap=False), 10.0, 10.0, mixture=False)
    hidden = sharded_time(of, 10.0, 10.0, mixture=False)
    assert hidden.forward_s == pytest.approx(0.1 * open_.forward_s)
    assert hidden.backward_s == pytest.approx(0.1 * open_.backward_s)
    assert sharded_time(of, 0.0, 0.0, mixture=False) == open_


def test_zero_2_scatters_after_each_micro_batch_only_without_a_pipeline() -> None:
    of = ideal_job(efficiency=ideal(data_overlap=False), data_parallel=16, zero_stage=2)
    weights, _ = layer_weights(of, mixture=False)
    found = sharded_time(of, 10.0, 10.0, mixture=False)
    assert found.forward_s == 0.0
    assert found.backward_s == pytest.approx(reduce_scatter_s(4 * weights, of.groups.data))
    piped = ideal_job(efficiency=ideal(data_overlap=False), data_parallel=16, zero_stage=2, pipeline_parallel=2)
    assert sharded_time(piped, 10.0, 10.0, mixture=False) == NOTHING


def test_an_exchange_of_nothing_takes_no_time() -> None:
    """A dense layer has no experts whose weights another group would gather."""
    assert all_gather_s(0.0, ideal_job(data_parallel=16).groups.expert_data) == 0.0


@pytest.mark.parametrize("stage", [0, 1])
def test_below_zero_2_layers_do_not_wait_for_replicas(stage: int) -> None:
    of = ideal_job(efficiency=ideal(data_overlap=False), data_parallel=16, zero_stage=stage)
    assert sharded_time(of, 0.0, 0.0, mixture=False) == NOTHING


@pytest.mark.parametrize(("width", "reduced"), [(None, 4.0), ("fp32", 4.0), ("bf16", 2.0)])
def test_gradient_precision_sets_the_bytes_reduced(width: str | None, reduced: float) -> None:
    of = ideal_job(data_parallel=16, gradient_precision=width)
    assert data_wire_bytes(of) == (2.0, reduced)
    assert data_wire_bytes(with_rates(of, data_bandwidth=0.5)) == (4.0, 2 * reduced)


@pytest.mark.parametrize(("width", "reduced"), [(None, 2.0), ("fp32", 4.0)])
def test_fp16_training_sums_in_16_bits_unless_said(width: str | None, reduced: float) -> None:
    of = replace(ideal_job(data_parallel=16, gradient_precision=width), precision="fp16")
    assert of.gradient_bytes == reduced
    assert data_wire_bytes(of) == (2.0, reduced)


def test_sixteen_bit_gradients_halve_the_scatter() -> None:
    rates = ideal(data_overlap=False)
    wide, narrow = (
        ideal_job(cases.LLAMA3_405B, efficiency=rates, data_parallel=16, zero_stage=2, gradient_precision=width)
        for width in ("fp32", "bf16")
    )
    weights, _ = layer_weights(narrow, mixture=False)
    narrow_s = sharded_time(narrow, 0.0, 0.0, mixture=False).backward_s
    assert narrow_s == pytest.approx(reduce_scatter_s(2 * weights, narrow.groups.data))
    assert narrow_s == pytest.approx(0.5 * sharded_time(wide, 0.0, 0.0, mixture=False).backward_s, rel=0.02)


def test_one_rank_waits_for_nobody() -> None:
    time = layer_time(ideal_job(zero_stage=3), mixture=False)
    assert time.waits == NOTHING
    mixed = layer_time(ideal_job(cases.MIXTRAL, zero_stage=3), mixture=True)
    assert mixed.expert == mixed.data == mixed.tensor == mixed.context == NOTHING


@pytest.mark.parametrize(
    ("sizes", "waiting"),
    [
        ({"tensor_parallel": 2}, {"tensor"}),
        ({"context_parallel": 2}, {"context"}),
        ({"data_parallel": 8, "expert_parallel": 8}, {"expert"}),
        ({"data_parallel": 8, "zero_stage": 3}, {"data"}),
        ({"data_parallel": 8, "zero_stage": 1}, set()),
        ({"pipeline_parallel": 4}, set()),
    ],
)
def test_each_dimension_waits_for_its_own_exchange(sizes: dict[str, Any], waiting: set[str]) -> None:
    rates = ideal(ring_context=False, data_overlap=False)
    time = layer_time(ideal_job(cases.MIXTRAL, efficiency=rates, **sizes), mixture=True)
    kinds = ("tensor", "context", "expert", "data", "offload", "routing")
    assert {kind for kind in kinds if getattr(time, kind) != NOTHING} == waiting
