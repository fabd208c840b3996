"""Better hardware and less work never make a step longer; replicas divide the work; damaged links cost."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clustersim.hardware.contention import WHOLE, bandwidth_shares
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, Software, SoftwareOption
from clustersim.step.breakdown import step_breakdown
from clustersim.step.predict import predict_step
from clustersim.workload.layout import layout_problems
from tests.step import step_cases as cases
from tests.step.ideal import GEMM_FLOP_S, IDEAL, MEMORY_BYTES_S, ideal, ideal_job
from tests.step.strategies import EXPERTS, MODEL, layouts

LENGTH = 4096
ROUNDING = 1e-9
ANOMALY = 2e-3
"""A task that takes longer may bring another into a better place of a schedule that fills bubbles as they come (Graham
1969, doi:10.1137/0117039): 22 layers on 6 stages gain 0.06 % by recomputing one of each."""
STACKS: tuple[Software, ...] = ("megatron", "pytorch", "megatron-deepspeed", "megatron-2021", "xla")
FACTORS = st.floats(1.0, 8.0)
WORKLOADS = st.tuples(st.sampled_from([MODEL, EXPERTS]), layouts(), st.sampled_from(STACKS), st.sampled_from([1, 4]))

Workload = tuple[Model, tuple[Layout, int], Software, int]


def step_s(drawn: Workload, machines: Cluster, options: tuple[SoftwareOption, ...] | None = None) -> float:
    """Mean step time; impossible layouts are left out."""
    model, (layout, batch), stack, expert = drawn
    if model.mixture is not None:
        layout = layout.model_copy(update={"expert_parallel": expert})
    assume(not layout_problems(model, layout, batch, 1, LENGTH))
    return predict_step(model, layout, LENGTH, batch, "bf16", machines, stack=stack, options=options).mean_s


def machines(nic_gbps: float = 400.0, **chip: Any) -> Cluster:
    """Pods of 16 nodes, four times oversubscribed."""
    fabric = {"nodes_per_pod": 16, "oversubscription": 4.0}
    return cases.cluster(
        512, accelerator=cases.accelerator(**chip), fabric=fabric, nic_bandwidth=f"{nic_gbps:.6f} Gbps"
    )


def faster_network(factor: float) -> Cluster:
    return machines(nic_gbps=400.0 * factor)


def faster_scale_up(factor: float) -> Cluster:
    return machines(scale_up_bandwidth=f"{450.0 * factor:.6f} GB/s")


def faster_memory(factor: float) -> Cluster:
    return machines(memory_bandwidth=f"{3352.0 * factor:.6f} GB/s")


def higher_peak(factor: float) -> Cluster:
    return machines(peak={"bf16": f"{989.4 * factor:.6f} TFLOP/s"})


@pytest.mark.parametrize("better", [faster_network, faster_scale_up])
def test_more_bandwidth_between_gpus_never_slows_a_step(better: Callable[[float], Cluster]) -> None:
    """DualPipe hides an exchange behind the kernels of the other pass, of which a shorter exchange of attention leaves
    fewer where the host is the bottleneck: up to 5e-4 of a step.
    """

    @settings(max_examples=60, deadline=None)
    @given(drawn=WORKLOADS, factor=FACTORS)
    def holds(drawn: Workload, factor: float) -> None:
        slack = 1e-3 if drawn[1][0].schedule == "dualpipe" else ROUNDING
        assert step_s(drawn, better(factor)) <= step_s(drawn, better(1.0)) * (1 + slack)

    holds()


@pytest.mark.parametrize("better", [faster_memory, higher_peak])
def test_faster_gpus_never_slow_a_step(better: Callable[[float], Cluster]) -> None:
    """Under schedules that do not split the backward pass; see below for those that do.

    Experts take a fixed number of tokens: where the host waits to learn the number, faster experts do not shorten the
    pass, but leave less to hide tensor-parallel chunks behind (2e-4 of a step longer).
    """

    @settings(max_examples=60, deadline=None)
    @given(drawn=WORKLOADS, factor=FACTORS)
    def holds(drawn: Workload, factor: float) -> None:
        model, (layout, batch), stack, expert = drawn
        whole = (model, (layout.model_copy(update={"schedule": "1f1b"}), batch), stack, expert)
        fixed: tuple[SoftwareOption, ...] = ("token_drop",)
        assert step_s(whole, better(factor), fixed) <= step_s(whole, better(1.0), fixed) * (1 + ROUNDING)

    holds()


@settings(max_examples=60, deadline=None)
@given(
    schedule=st.sampled_from(["zero-bubble", "dualpipe"]),
    stages=st.sampled_from([2, 4, 8]),
    tensor=st.sampled_from([1, 8]),
    count=st.sampled_from([16, 32]),
    recompute=st.sampled_from(["none", "selective", "full"]),
    peak=FACTORS,
    memory=FACTORS,
)
def test_faster_gpus_never_slow_a_split_backward_pass(
    schedule: str, stages: int, tensor: int, count: int, recompute: str, peak: float, memory: float
) -> None:
    """Where the device is the bottleneck: the part of a pass for the weights is that of its kernels, not launches."""
    before, after = (
        step_breakdown(
            ideal_job(
                efficiency=rates,
                pipeline_parallel=stages,
                tensor_parallel=tensor,
                schedule=schedule,
                recompute=recompute,
            ),
            count,
        )
        for rates in (IDEAL, ideal(gemm_flop_s=peak * GEMM_FLOP_S, memory_bytes_s=memory * MEMORY_BYTES_S))
    )
    assert sum(after.values()) <= sum(before.values()) * (1 + ROUNDING)


@settings(max_examples=60, deadline=None)
@given(drawn=WORKLOADS)
def test_more_recomputation_is_never_faster(drawn: Workload) -> None:
    model, (layout, batch), stack, expert = drawn
    none_s, selective_s, full_s = (
        step_s((model, (layout.model_copy(update={"recompute": kind}), batch), stack, expert), machines())
        for kind in ("none", "selective", "full")
    )
    assert none_s <= selective_s * (1 + ROUNDING)
    assert none_s < full_s
    assert selective_s <= full_s * (1 + ROUNDING)


@settings(max_examples=60, deadline=None)
@given(drawn=WORKLOADS, fewer=st.integers(1, 4))
def test_recomputing_some_layers_lies_between_none_and_all(drawn: Workload, fewer: int) -> None:
    model, (layout, batch), stack, expert = drawn
    none_s, some_s, all_s = (
        step_s((model, (layout.model_copy(update=change), batch), stack, expert), machines())
        for change in ({"recompute": "none"}, {"recompute": "full", "recompute_layers": fewer}, {"recompute": "full"})
    )
    slack = ANOMALY if layout.schedule == "zero-bubble" else ROUNDING
    assert none_s <= some_s * (1 + slack)
    assert some_s <= all_s * (1 + slack)


@settings(max_examples=80, deadline=None)
@given(drawn=WORKLOADS)
def test_parts_sum_to_the_mean_and_none_is_negative(drawn: Workload) -> None:
    model, (layout, batch), stack, _ = drawn
    assume(not layout_problems(model, layout, batch, 1, LENGTH))
    step = predict_step(model, layout, LENGTH, batch, "bf16", machines(), stack=stack)
    assert math.fsum(step.breakdown_s.values()) == step.mean_s
    assert min(step.breakdown_s.values()) >= -1e-12 * step.mean_s


@settings(max_examples=60, deadline=None)
@given(drawn=WORKLOADS, times=st.integers(2, 4))
def test_a_larger_batch_takes_longer_but_no_longer_per_sequence(drawn: Workload, times: int) -> None:
    model, (layout, batch), stack, expert = drawn
    one_s = step_s(drawn, machines())
    many_s = step_s((model, (layout, times * batch), stack, expert), machines())
    assert one_s < many_s
    # Interleaving may deal the larger number of micro-batches in groups that fit worse.
    if layout.virtual_pipeline == 1:
        assert many_s <= times * one_s * (1 + ROUNDING)


MICRO_BATCH_PARTS = ("compute_attention", "compute_ffn", "compute_other", "compute_head", "recompute", "exposed_tp")


@pytest.mark.parametrize("sizes", [{}, {"tensor_parallel": 4}, {"recompute": "full"}, {"zero_stage": 0}])
def test_strong_scaling_of_replicas_is_exact_but_for_what_happens_once_a_step(sizes: dict[str, Any]) -> None:
    """Twice the replicas at the same batch: half the micro-batches, each as long as before."""
    one, two = (
        predict_step(
            cases.LLAMA3_8B, cases.layout(data_parallel=replicas, **sizes), 8192, 512, "bf16", cases.cluster(64)
        ).breakdown_s
        for replicas in (16, 32)
    )
    for name in MICRO_BATCH_PARTS:
        assert two[name] == pytest.approx(0.5 * one[name], rel=1e-12), name
    assert one["bubble"] == two["bubble"] == 0.0


def test_strong_scaling_on_an_endless_network_is_exact_for_the_whole_step() -> None:
    """Less host, optimizer and stragglers; gradients and weights then take no time but latency."""
    endless = cases.cluster(
        64, accelerator=cases.accelerator(scale_up_bandwidth="1000000 TB/s"), nic_bandwidth="100000000 Tbps"
    )
    one, two = (
        predict_step(cases.LLAMA3_8B, cases.layout(data_parallel=replicas), 8192, 512, "bf16", endless)
        for replicas in (16, 32)
    )
    one_s, two_s = (
        step.mean_s - sum(step.breakdown_s[name] for name in ("host", "optimizer", "exposed_dp")) for step in (one, two)
    )
    assert two_s == pytest.approx(0.5 * one_s, rel=1e-12)
    # What is left of the exchange is latency and the wait for the slowest node, a few thousandths.
    assert two.breakdown_s["exposed_dp"] < 0.02 * two_s


def test_weak_scaling_of_replicas_adds_only_to_the_exchange() -> None:
    small, large = (
        predict_step(
            cases.LLAMA3_8B, cases.layout(data_parallel=replicas), 8192, 8 * replicas, "bf16", cases.cluster(512)
        ).breakdown_s
        for replicas in (16, 1024)
    )
    for name in MICRO_BATCH_PARTS:
        assert large[name] == pytest.approx(small[name], rel=1e-12), name
    assert large["optimizer"] < small["optimizer"]
    assert large["exposed_dp"] > small["exposed_dp"]


def leaves(*degraded: dict[str, Any], **changes: Any) -> Cluster:
    """64 nodes, eight on a leaf, two spines."""
    fabric = {"nodes_per_leaf": 8, "spines_per_pod": 2, "degraded": degraded}
    return cases.cluster(64, fabric=fabric | changes)


SIZES = st.fixed_dictionaries(
    {
        "tensor_parallel": st.sampled_from([1, 8]),
        "context_parallel": st.sampled_from([1, 2]),
        "pipeline_parallel": st.sampled_from([1, 2, 4]),
        "data_parallel": st.sampled_from([1, 4, 8]),
        "zero_stage": st.sampled_from([0, 1, 3]),
        "rank_order": st.sampled_from(["tp-cp-dp-pp", "tp-cp-pp-dp"]),
    }
)


@settings(max_examples=60, deadline=None)
@given(sizes=SIZES, leaf=st.integers(0, 3), left=st.integers(10, 100))
def test_a_degraded_link_never_speeds_a_step_up(sizes: dict[str, Any], leaf: int, left: int) -> None:
    layout = cases.layout(**sizes)
    assume(not (layout.zero_stage == 3 and layout.pipeline_parallel > 1))
    damaged = leaves({"link": f"leaf-{leaf}/spine-*", "bandwidth": f"{left} %"})
    worse = leaves({"link": f"leaf-{leaf}/spine-*", "bandwidth": f"{left / 2} %"})
    whole_s, damaged_s, worse_s = (
        predict_step(cases.LLAMA3_8B, layout, LENGTH, 64, "bf16", each).mean_s for each in (leaves(), damaged, worse)
    )
    assert whole_s <= damaged_s * (1 + ROUNDING)
    assert damaged_s <= worse_s * (1 + ROUNDING)


@pytest.mark.parametrize(
    ("sizes", "leaf", "crosses"),
    [
        # 64 GPUs fill leaf 0 and never leave it.
        ({"tensor_parallel": 8, "data_parallel": 8}, 0, False),
        # 128 GPUs on leaves 0 and 1: replicas meet over the spines.
        ({"tensor_parallel": 8, "data_parallel": 16}, 0, True),
        ({"tensor_parallel": 8, "data_parallel": 16}, 1, True),
        ({"tensor_parallel": 8, "data_parallel": 16}, 2, False),
        # Two stages of 64: replicas stay on their leaf, messages cross.
        ({"tensor_parallel": 8, "data_parallel": 8, "pipeline_parallel": 2}, 1, True),
        ({"tensor_parallel": 8, "data_parallel": 8, "pipeline_parallel": 2}, 3, False),
    ],
)
def test_a_broken_leaf_slows_the_layouts_that_cross_it(sizes: dict[str, Any], leaf: int, crosses: bool) -> None:
    layout = cases.layout(**sizes)
    damaged = leaves({"link": f"leaf-{leaf}/spine-*", "bandwidth": "5 %"})
    assert (bandwidth_shares(damaged, layout) != WHOLE) is crosses
    # Without compute to hide behind: replicas reduce after the pipeline.
    whole_s, damaged_s = (
        predict_step(cases.LLAMA3_8B, layout, LENGTH, 128, "bf16", each, stack="megatron-2021").mean_s
        for each in (leaves(), damaged)
    )
    if crosses:
        assert damaged_s > 1.001 * whole_s
    else:
        assert damaged_s == whole_s


def test_damage_reaches_the_dimension_whose_messages_cross() -> None:
    damaged = leaves({"link": "leaf-1/spine-*", "bandwidth": "5 %"})
    layout = cases.layout(tensor_parallel=8, data_parallel=8, pipeline_parallel=2)
    whole, slow = (
        predict_step(cases.LLAMA3_8B, layout, LENGTH, 128, "bf16", each, stack="megatron-2021").breakdown_s
        for each in (leaves(), damaged)
    )
    assert {name for name in whole if slow[name] != pytest.approx(whole[name], rel=1e-9)} <= {
        "exposed_pp",
        "bubble",
        "exposed_dp",
    }
    assert slow["exposed_pp"] > 2 * whole["exposed_pp"]
