"""What a layer computes, and what it computes again, by hand on hardware without losses."""

from dataclasses import replace
from typing import Any

import pytest

from clustersim.step.compute import ELEMENTWISE_BACKWARD, PassTime, attention_time
from clustersim.step.job import Job
from clustersim.step.layer import layer_time
from clustersim.step.layer_work import LayerWork, layer_weights, layer_work
from clustersim.step.options import Options
from clustersim.step.shape import attention_core
from tests.step import step_cases as cases
from tests.step.ideal import ATTENTION_FLOP_S, GEMM_FLOP_S, MEMORY_BYTES_S, ideal, ideal_job

TOKENS = 4096.0
HIDDEN, KEY_VALUE, INNER = 4096.0, 2 * 8 * 128.0, 14336.0

PROJECTIONS_S = 2 * TOKENS * HIDDEN * (HIDDEN + KEY_VALUE + HIDDEN) / GEMM_FLOP_S
LAST_S = 2 * TOKENS * HIDDEN * INNER / GEMM_FLOP_S
FFN_S = 3 * LAST_S
CORE_S = TOKENS * TOKENS * 32 * 2 * 128 / ATTENTION_FLOP_S
# Norms and residuals, rotary of queries and keys and values, gate, up and their product; 2 bytes each.
OTHER_S = TOKENS * (2 * 5 * HIDDEN + 2 * HIDDEN + KEY_VALUE + 3 * INNER) * 2 / MEMORY_BYTES_S


def core_of(job: Job) -> PassTime:
    return attention_time(attention_core(job.model, job.layout, job.sequence_length), job.efficiency)


def work(mixture: bool = False, job: Job | None = None, efficiency: Any = None, **sizes: Any) -> LayerWork:
    of = job or ideal_job(efficiency=efficiency or ideal(), **sizes)
    return layer_work(of, core_of(of), mixture)


def test_forward_pass_by_hand() -> None:
    found = work()
    assert found.attention.forward_s == pytest.approx(PROJECTIONS_S + CORE_S)
    assert found.ffn.forward_s == pytest.approx(FFN_S)
    assert found.other.forward_s == pytest.approx(OTHER_S)
    assert found.products.forward_s == pytest.approx(PROJECTIONS_S + FFN_S)
    assert found.products.backward_s == pytest.approx(2 * found.products.forward_s)


def test_tensor_parallelism_splits_the_products() -> None:
    whole, split = work(), work(tensor_parallel=8)
    assert split.products.both_s == pytest.approx(whole.products.both_s / 8)
    assert split.attention.both_s == pytest.approx(whole.attention.both_s / 8)


def test_sequence_parallelism_splits_norms_and_residuals() -> None:
    with_s, without_s = (work(tensor_parallel=8, sequence_parallel=split).other.forward_s for split in (True, False))
    normed_s = TOKENS * 2 * 5 * HIDDEN * 2 / MEMORY_BYTES_S
    assert without_s - with_s == pytest.approx(normed_s * 7 / 8)


def test_gradients_are_added_up_in_the_backward_pass_alone() -> None:
    weights = sum(layer_weights(ideal_job(), mixture=False))
    assert weights == 2 * HIDDEN * HIDDEN + HIDDEN * KEY_VALUE + 3 * HIDDEN * INNER + 2 * HIDDEN
    half = replace(ideal_job(), precision="fp16")
    for of, moved_bytes in ((ideal_job(), 8), (ideal_job(gradient_precision="bf16"), 4), (half, 4)):
        other = work(job=of).other
        assert other.forward_s == pytest.approx(OTHER_S)
        assert other.backward_s == pytest.approx(
            OTHER_S * ELEMENTWISE_BACKWARD + moved_bytes * weights / MEMORY_BYTES_S
        )


@pytest.mark.parametrize(
    ("recompute", "expected_s"),
    [("none", 0.0), ("selective", CORE_S), ("full", PROJECTIONS_S + CORE_S + FFN_S + OTHER_S)],
)
def test_recomputed_work_by_hand(recompute: str, expected_s: float) -> None:
    assert work(recompute=recompute).recompute_s == pytest.approx(expected_s)


@pytest.mark.parametrize(
    ("stages", "layers", "share"),
    [(1, None, 1.0), (1, 8, 0.25), (4, 8, 1.0), (4, 2, 0.25), (4, 20, 1.0), (32, 1, 1.0)],
)
@pytest.mark.parametrize("recompute", ["selective", "full"])
def test_some_layers_of_a_stage_recompute(recompute: str, stages: int, layers: int | None, share: float) -> None:
    every = work(recompute=recompute).recompute_s
    some = work(recompute=recompute, pipeline_parallel=stages, recompute_layers=layers).recompute_s
    assert some == pytest.approx(share * every)


def test_uneven_stages_count_by_the_deepest() -> None:
    # 32 layers on 3 stages: the deepest has 11.
    some = work(recompute="full", pipeline_parallel=3, recompute_layers=3).recompute_s
    assert some == pytest.approx(work(recompute="full").recompute_s * 3 / 11)


def test_stopping_early_leaves_out_the_last_product() -> None:
    early = work(efficiency=ideal(stops_early=True), recompute="full")
    assert early.recompute_s == pytest.approx(PROJECTIONS_S + CORE_S + FFN_S + OTHER_S - LAST_S)


def test_pytorch_repeats_half_of_the_products_and_no_attention() -> None:
    found = work(efficiency=ideal(selective_operations=True), recompute="selective")
    assert found.recompute_s == pytest.approx(0.5 * (PROJECTIONS_S + FFN_S) + OTHER_S)


def test_pytorch_repeats_the_products_of_experts_at_their_own_rate() -> None:
    slow = ideal(selective_operations=True, expert_flop_s=0.25 * GEMM_FLOP_S)
    found = work(mixture=True, job=ideal_job(cases.MIXTRAL, efficiency=slow, recompute="selective"))
    assert found.recompute_s == pytest.approx(0.5 * found.products.forward_s + found.other.forward_s)


def test_modules_repeat_norms_and_activations_instead_of_attention() -> None:
    found = work(efficiency=ideal(options=Options(modules=True)), recompute="selective")
    assert 0.0 < found.recompute_s < OTHER_S


@pytest.mark.parametrize("efficiency", [ideal(), ideal(stops_early=True), ideal(selective_operations=True)])
@pytest.mark.parametrize("mixture", [False, True])
def test_more_recomputation_takes_longer(efficiency: Any, mixture: bool) -> None:
    none, selective, full = (
        work(mixture, ideal_job(cases.MIXTRAL, efficiency=efficiency, recompute=kind)).recompute_s
        for kind in ("none", "selective", "full")
    )
    assert 0.0 == none < selective < full


def test_experts_run_at_their_own_rate() -> None:
    base = ideal_job(cases.MIXTRAL)
    fast = work(mixture=True, job=base)
    slow = work(mixture=True, job=replace(base, efficiency=ideal(expert_flop_s=0.5 * GEMM_FLOP_S)))
    assert slow.ffn.forward_s == pytest.approx(2 * fast.ffn.forward_s)
    assert slow.attention == fast.attention
    # Two of eight experts see a token: twice the products of one, and the router's.
    router_s = 2 * TOKENS * HIDDEN * 8 / GEMM_FLOP_S
    assert fast.ffn.forward_s == pytest.approx(2 * FFN_S + router_s)


def test_the_host_takes_as_long_for_the_kernels_of_either_pass() -> None:
    slow = ideal(launch_s=1e-5, host_collective_s=1e-3)
    once = layer_time(ideal_job(efficiency=slow, tensor_parallel=2), mixture=False).host
    assert once.forward_s == pytest.approx(25e-5 + 4e-3)
    assert once.backward_s == pytest.approx(25e-5 + 4e-3)
    again = layer_time(ideal_job(efficiency=slow, tensor_parallel=2, recompute="full"), mixture=False).host
    assert again.backward_s == pytest.approx(once.backward_s + once.forward_s)


def test_a_graph_of_the_whole_step_holds_the_collectives() -> None:
    slow = ideal(launch_s=1e-5, host_collective_s=1e-3, options=Options(full_graphs=True))
    graphed = layer_time(ideal_job(efficiency=slow, tensor_parallel=2, recompute="full"), mixture=False)
    assert graphed.host == PassTime(0.0, 0.0)


@pytest.mark.parametrize("model", [cases.LLAMA3_8B, cases.MIXTRAL])
def test_gradients_of_the_weights_take_half_of_the_backward_products(model: Any) -> None:
    # On ideal hardware a forward pass of the products, whatever attention beside them takes.
    of, mixture = ideal_job(model), model.mixture is not None
    assert layer_time(of, mixture).weight_s == pytest.approx(work(mixture, of).products.forward_s)
