"""Kernel times by hand, and their monotonicity."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.schema.training import Loss
from clustersim.step.compute import (
    accumulate_s,
    attention_time,
    elementwise_time,
    gemm_s,
    has_fused_softmax,
    loss_time,
    optimizer_s,
    products_time,
)
from clustersim.step.efficiency import ADAM_BYTES, FLASH_BACKWARD, FLASH_BACKWARD_RATE
from clustersim.step.shape import AttentionCore, MatrixProduct
from tests.step.ideal import IDEAL, ideal

SIZES = st.floats(1.0, 1e6)


def test_cube_of_the_half_size_runs_at_half_speed() -> None:
    efficiency = replace(IDEAL, gemm_half_size=256.0)
    cube = MatrixProduct(256.0, 256.0, 256.0)
    assert gemm_s(cube, efficiency) == pytest.approx(2 * gemm_s(cube, IDEAL))


def test_tiles_and_surface_add() -> None:
    # One product of 128 x 128 on 108 multiprocessors: two tiles of 128 x 64 in a wave of 108, at 0.85 of the rate.
    small = MatrixProduct(128.0, 128.0, 384.0)
    lost, surface = 108 / 2 / 0.85, 128.0 * (2 / 128 + 1 / 384) / 3
    found_s = gemm_s(small, ideal(multiprocessors=108, gemm_half_size=128.0, kernel_gap_s=1e-6))
    assert found_s == pytest.approx(gemm_s(small, IDEAL) * (lost + surface) + 1e-6)


def test_backward_of_a_product_is_two_products() -> None:
    time = products_time((MatrixProduct(4096, 8192, 8192),), IDEAL)
    assert time.forward_s == pytest.approx(2 * 4096 * 8192 * 8192 / 1e15)
    assert time.backward_s == pytest.approx(2 * time.forward_s)


def test_narrow_format_pays_for_conversion() -> None:
    cast = replace(IDEAL, cast_traffic=4.0)
    product = MatrixProduct(4096, 1024, 8192)
    extra = products_time((product,), cast).both_s - products_time((product,), IDEAL).both_s
    assert extra == pytest.approx(4 * (4096 * 8192 + 4096 * 1024) / 3e12)


def core(length: float = 2048.0, head_width: int = 128, heads: float = 8.0) -> AttentionCore:
    """Scores of 1e9 elements and 5e11 FLOPs, half of their square."""
    return AttentionCore(flops=5e11, scores=1e9, length=length, head_width=head_width, heads=heads)


def test_fused_attention_backward() -> None:
    time = attention_time(core(), IDEAL)
    assert time.forward_s == pytest.approx(1e-3)
    assert time.backward_s == pytest.approx(1e-3 * FLASH_BACKWARD / FLASH_BACKWARD_RATE)


def test_short_sequences_saturate_the_fused_kernel_less() -> None:
    time = attention_time(core(length=500.0), ideal(attention_half_length=500.0))
    assert time.forward_s == pytest.approx(2e-3)


UNFUSED = ideal(fused_attention=False)


def test_unfused_attention_computes_the_whole_square_and_moves_it() -> None:
    time = attention_time(core(), UNFUSED)
    # Product, masked softmax, dropout with its mask, product: 13 bytes a score.
    assert time.forward_s == pytest.approx(2e-3 + 13e9 / 3e12)
    assert time.backward_s == pytest.approx(4e-3 + 13e9 / 3e12)


@pytest.mark.parametrize(
    ("heads", "length", "fused"),
    [(4, 2048, True), (12, 1024, True), (4, 2049, False), (6, 2048, False), (2, 128, False), (40, 4096, False)],
)
def test_fused_softmax_takes_four_matrices_and_rows_of_2048(heads: float, length: float, fused: bool) -> None:
    of = core(heads=heads, length=length)
    assert has_fused_softmax(of) is fused
    moved_bytes = 13e9 if fused else 37e9
    assert attention_time(of, UNFUSED).forward_s == pytest.approx(2e-3 + moved_bytes / 3e12)


def test_separate_softmax_costs_five_kernels_more() -> None:
    gaps = ideal(fused_attention=False, kernel_gap_s=1.0, memory_bytes_s=1e30, attention_flop_s=1e30)
    assert attention_time(core(), gaps).forward_s == pytest.approx(4.0)
    assert attention_time(core(heads=6.0), gaps).forward_s == pytest.approx(9.0)
    assert attention_time(core(heads=6.0), gaps).backward_s == pytest.approx(18.0)


@pytest.mark.parametrize(("head_width", "factor"), [(96, 1.0), (128, 1.0), (100, 3.0), (450, 3.0)])
def test_misaligned_heads_slow_the_products_alone(head_width: int, factor: float) -> None:
    time = attention_time(core(head_width=head_width), replace(UNFUSED, misaligned=3.0))
    assert time.forward_s == pytest.approx(factor * 2e-3 + 13e9 / 3e12)
    assert time.backward_s == pytest.approx(factor * 4e-3 + 13e9 / 3e12)


def test_fused_attention_does_not_mind_heads_or_alignment() -> None:
    odd = attention_time(core(head_width=100, heads=6.0), ideal(misaligned=3.0))
    assert odd == attention_time(core(), IDEAL)


def test_more_traffic_of_scores_costs_in_proportion() -> None:
    time = attention_time(core(), replace(UNFUSED, score_traffic=2.0))
    assert time.forward_s == pytest.approx(2e-3 + 26e9 / 3e12)


@pytest.mark.parametrize(("kind", "logit_bytes"), [("fused", 14.0), ("chunked", 14.0), ("unfused", 36.0)])
def test_loss_moves_its_bytes_four_sevenths_forward(kind: Loss, logit_bytes: float) -> None:
    time = loss_time(3e9, kind, IDEAL)
    assert time.both_s == pytest.approx(logit_bytes * 1e-3)
    assert time.forward_s == pytest.approx(time.both_s * 8 / 14)


def test_gradients_are_read_and_written_when_they_are_added_up() -> None:
    assert accumulate_s(3e9, 4.0, IDEAL) == pytest.approx(8e-3)
    assert accumulate_s(3e9, 2.0, IDEAL) == pytest.approx(4e-3)


def test_memory_bound_work() -> None:
    assert elementwise_time(3e9, 4.0, IDEAL).forward_s == pytest.approx(2e-3)
    assert elementwise_time(3e9, 4.0, ideal(element_bytes=4.0)).forward_s == pytest.approx(4e-3)
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


@given(m=SIZES, n=SIZES, k=SIZES, count=st.integers(1, 64), more=st.floats(0.0, 1e4), half=st.floats(0.0, 1000.0))
def test_a_larger_product_never_takes_less_time(
    m: float, n: float, k: float, count: int, more: float, half: float
) -> None:
    efficiency = ideal(multiprocessors=132, gemm_half_size=half, kernel_gap_s=1e-6)
    base_s = gemm_s(MatrixProduct(m, n, k, count), efficiency)
    for larger in ((m + more, n, k), (m, n + more, k), (m, n, k + more)):
        assert gemm_s(MatrixProduct(*larger, count), efficiency) >= base_s * (1 - 1e-12)
