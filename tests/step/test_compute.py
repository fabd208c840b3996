"""Kernel times by hand, and their monotonicity."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.step.compute import (
    ADAM_BYTES,
    FLASH_BACKWARD,
    FLASH_BACKWARD_RATE,
    attention_time,
    elementwise_time,
    gemm_s,
    loss_time,
    optimizer_s,
    products_time,
)
from clustersim.step.efficiency import Efficiency
from clustersim.step.shape import AttentionCore, MatrixProduct

IDEAL = Efficiency(
    gemm_flop_s=1e15,
    expert_flop_s=1e15,
    gemm_half_size=0.0,
    attention_flop_s=5e14,
    attention_half_length=0.0,
    fused_attention=True,
    memory_bytes_s=3e12,
    elementwise_traffic=1.0,
    kernel_gap_s=0.0,
    tp_exposed=1.0,
    pp_exposed=1.0,
    cp_exposed=0.0,
    ep_exposed=1.0,
    overlap_slowdown=0.0,
    dp_overlap=1.0,
    data_bandwidth=1.0,
    gradient_bytes=4.0,
    cast_traffic=0.0,
    straggle=0.0,
    host_s=0.0,
)

SIZES = st.floats(1.0, 1e6)


def test_cube_of_the_half_size_runs_at_half_speed() -> None:
    efficiency = replace(IDEAL, gemm_half_size=256.0)
    cube = MatrixProduct(256.0, 256.0, 256.0)
    assert gemm_s(cube, efficiency) == pytest.approx(2 * gemm_s(cube, IDEAL))


def test_backward_of_a_product_is_two_products() -> None:
    time = products_time((MatrixProduct(4096, 8192, 8192),), IDEAL)
    assert time.forward_s == pytest.approx(2 * 4096 * 8192 * 8192 / 1e15)
    assert time.backward_s == pytest.approx(2 * time.forward_s)


def test_narrow_format_pays_for_conversion() -> None:
    cast = replace(IDEAL, cast_traffic=4.0)
    product = MatrixProduct(4096, 1024, 8192)
    extra = products_time((product,), cast).both_s - products_time((product,), IDEAL).both_s
    assert extra == pytest.approx(4 * (4096 * 8192 + 4096 * 1024) / 3e12)


def test_fused_attention_backward() -> None:
    time = attention_time(AttentionCore(flops=5e11, scores=1e9, length=4096.0), IDEAL)
    assert time.forward_s == pytest.approx(1e-3)
    assert time.backward_s == pytest.approx(1e-3 * FLASH_BACKWARD / FLASH_BACKWARD_RATE)


def test_unfused_attention_computes_the_whole_square_and_moves_it() -> None:
    core = AttentionCore(flops=5e11, scores=1e9, length=4096.0)
    time = attention_time(core, replace(IDEAL, fused_attention=False))
    assert time.forward_s == pytest.approx(2e-3 + 13e9 / 3e12)


def test_memory_bound_work() -> None:
    assert elementwise_time(3e9, 4.0, IDEAL).forward_s == pytest.approx(2e-3)
    assert loss_time(3e9, IDEAL).both_s == pytest.approx(14e-3)
    assert optimizer_s(1e9, IDEAL) == pytest.approx((ADAM_BYTES + 4.0) * 1e9 / 3e12)


@given(m=SIZES, n=SIZES, k=SIZES, factor=st.floats(1.0, 10.0))
def test_more_flops_per_second_never_slow_a_product(m: float, n: float, k: float, factor: float) -> None:
    efficiency = replace(IDEAL, gemm_half_size=200.0)
    faster = replace(efficiency, gemm_flop_s=1e15 * factor)
    assert gemm_s(MatrixProduct(m, n, k), faster) <= gemm_s(MatrixProduct(m, n, k), efficiency)


@given(m=SIZES, n=SIZES, k=SIZES, parts=st.integers(1, 8))
def test_splitting_a_product_never_saves_work(m: float, n: float, k: float, parts: int) -> None:
    efficiency = replace(IDEAL, gemm_half_size=200.0)
    whole = gemm_s(MatrixProduct(m, n, k), efficiency)
    assert parts * gemm_s(MatrixProduct(m, n / parts, k), efficiency) >= whole * (1 - 1e-12)
