"""Tile and wave quantisation by hand, and its limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.step.compute import gemm_s, products_time
from clustersim.step.shape import MatrixProduct
from clustersim.step.tiles import quantisation
from tests.step.ideal import GEMM_FLOP_S, IDEAL, ideal

A100 = 108
SIZES = st.one_of(st.integers(1, 20000).map(float), st.floats(1.0, 20000.0))
COUNTS = st.integers(1, 64)
PROCESSORS = st.integers(1, 200)


@pytest.mark.parametrize(
    ("rows", "columns", "count"),
    # Tiles of 128 x 256: one wave, one wave of 12 products of 9 tiles, ten waves.
    [(27 * 128, 4 * 256, 1), (3 * 128, 3 * 256, 12), (270 * 128, 4 * 256, 1)],
)
def test_full_waves_lose_nothing(rows: float, columns: float, count: float) -> None:
    assert quantisation(rows, columns, count, A100) == 1.0


def test_one_row_too_many_by_hand() -> None:
    # 28 x 4 tiles of 128 x 256 take two waves (1.9994). Tiles of 128 x 64 do best: 28 x 16 = 448 take five waves of
    # 108 at 0.85 of the rate.
    expected = 5 * 108 * 128 * 64 / 0.85 / ((27 * 128 + 1) * 1024)
    assert quantisation(27 * 128 + 1, 1024, 1, A100) == pytest.approx(expected, rel=1e-12)
    assert expected == pytest.approx(1.4702, abs=1e-4)


def test_one_row_alone_pays_for_a_whole_tile() -> None:
    # 108 tiles of 64 x 128, one row of each used.
    assert quantisation(1, 108 * 128, 1, A100) == pytest.approx(64 / 0.85)


def test_one_tile_alone_leaves_the_others_idle() -> None:
    assert quantisation(128, 64, 1, A100) == pytest.approx(108 / 0.85)


@given(SIZES, SIZES, COUNTS, PROCESSORS)
def test_nothing_beats_full_waves_of_the_best_tile(rows: float, columns: float, count: int, processors: int) -> None:
    assert quantisation(rows, columns, count, processors) >= 1.0 - 1e-12


@given(st.integers(1, 20), st.integers(1, 20), COUNTS, PROCESSORS)
def test_products_in_numbers_of_the_multiprocessors_fill_them(
    high: int, wide: int, times: int, processors: int
) -> None:
    assert quantisation(high * 256, wide * 128, times * processors, processors) == pytest.approx(1.0)


@given(SIZES, SIZES, COUNTS, PROCESSORS, st.integers(2, 5))
def test_more_products_together_lose_no_more_each(
    rows: float, columns: float, count: int, processors: int, times: int
) -> None:
    together = quantisation(rows, columns, count * times, processors)
    assert together <= quantisation(rows, columns, count, processors) * (1 + 1e-12)


@given(SIZES, SIZES, COUNTS, PROCESSORS, st.integers(2, 5))
def test_multiples_of_the_multiprocessors_are_never_slower(
    rows: float, columns: float, count: int, processors: int, times: int
) -> None:
    """Each computes at the same rate: less of the larger device is used, but never so little that it takes longer."""
    small = quantisation(rows, columns, count, processors)
    large = quantisation(rows, columns, count, processors * times)
    assert small * (1 - 1e-12) <= large <= small * times * (1 + 1e-12)


@given(SIZES, SIZES, COUNTS, PROCESSORS, st.floats(0.0, 1000.0))
def test_a_larger_output_never_takes_less_time(
    rows: float, columns: float, count: int, processors: int, more: float
) -> None:
    small = rows * columns * quantisation(rows, columns, count, processors)
    assert (rows + more) * columns * quantisation(rows + more, columns, count, processors) >= small * (1 - 1e-12)
    assert rows * (columns + more) * quantisation(rows, columns + more, count, processors) >= small * (1 - 1e-12)


@given(SIZES, SIZES, COUNTS, PROCESSORS)
def test_rows_and_columns_may_change_places(rows: float, columns: float, count: int, processors: int) -> None:
    there, back = quantisation(rows, columns, count, processors), quantisation(columns, rows, count, processors)
    assert there == pytest.approx(back, rel=1e-12)


def test_forward_and_both_backward_products_are_cut_by_their_own_outputs() -> None:
    # 27 x 128 by 1024 fills 108 multiprocessors. Of the gradients, 3456 x 100 and 100 x 1024 need one wave of tiles of
    # half the size (54 and 16 of them): 108 x 64 x 128 / 0.85 elements instead of 345,600 and 102,400.
    product, whole_s = MatrixProduct(27 * 128, 1024, 100), 2 * 27 * 128 * 1024 * 100 / GEMM_FLOP_S
    time = products_time((product,), ideal(multiprocessors=A100))
    wave = 108 * 64 * 128 / 0.85
    assert time.forward_s == pytest.approx(whole_s)
    assert time.backward_s == pytest.approx(whole_s * (wave / 345600 + wave / 102400))


def test_experts_share_the_waves() -> None:
    # 108 products of one tile fill the device; 54 take tiles of half the size at 0.97 of the rate.
    device = ideal(multiprocessors=A100)
    half_s, full_s = (gemm_s(MatrixProduct(256, 128, 512, count), device) for count in (54, 108))
    assert full_s == pytest.approx(gemm_s(MatrixProduct(256, 128, 512, 108), IDEAL))
    assert half_s == pytest.approx(0.5 * full_s / 0.97)
