"""What a communication beside computation leaves to wait for."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.step.overlap import chunked_exposed_s, exposed_s, ring_exposed_s

TIMES = st.floats(0.0, 1e3)
SLOWDOWNS = st.floats(0.0, 1.0)
ROUNDING_S = 1e-9


@given(communication=TIMES, window=TIMES, slowdown=SLOWDOWNS)
def test_exposed_lies_between_the_overhang_and_everything(communication: float, window: float, slowdown: float) -> None:
    exposed = exposed_s(communication, window, slowdown)
    assert max(0.0, communication - window) <= exposed + ROUNDING_S
    assert exposed <= communication + ROUNDING_S


def test_exposed_by_hand() -> None:
    # 6 s hide in the window of 6 s and slow it by a tenth of themselves; 4 s stay.
    assert exposed_s(10.0, 6.0, 0.1) == pytest.approx(4.6)
    assert exposed_s(10.0, 0.0, 0.1) == 10.0
    assert exposed_s(10.0, math.inf, 0.0) == 0.0


@given(communication=TIMES, window=TIMES, more=TIMES, slowdown=SLOWDOWNS)
def test_longer_windows_never_expose_more(communication: float, window: float, more: float, slowdown: float) -> None:
    assert exposed_s(communication, window + more, slowdown) <= exposed_s(communication, window, slowdown) + ROUNDING_S


@given(communication=TIMES, window=TIMES, more=TIMES, slowdown=SLOWDOWNS)
def test_faster_computation_never_lengthens_the_sum(
    communication: float, window: float, more: float, slowdown: float
) -> None:
    """A shorter window hides less, but by no more than the computation got shorter."""
    long_s = window + more + exposed_s(communication, window + more, slowdown)
    assert window + exposed_s(communication, window, slowdown) <= long_s + ROUNDING_S


@given(communication=TIMES, window=TIMES, slowdown=SLOWDOWNS)
def test_one_chunk_hides_nothing(communication: float, window: float, slowdown: float) -> None:
    assert chunked_exposed_s(communication, window, 1, slowdown) == pytest.approx(communication)


@given(communication=TIMES, window=TIMES, chunks=st.integers(1, 64), slowdown=SLOWDOWNS)
def test_the_first_chunk_stays_and_no_more_than_the_whole(
    communication: float, window: float, chunks: int, slowdown: float
) -> None:
    exposed = chunked_exposed_s(communication, window, chunks, slowdown)
    assert communication / chunks <= exposed + ROUNDING_S
    assert exposed <= communication + ROUNDING_S
    assert exposed <= chunked_exposed_s(communication, 0.5 * window, chunks, slowdown) + ROUNDING_S


@given(communication=TIMES, chunks=st.integers(1, 64))
def test_an_endless_window_leaves_the_first_chunk(communication: float, chunks: int) -> None:
    assert chunked_exposed_s(communication, math.inf, chunks, 0.0) == pytest.approx(communication / chunks)


def test_chunks_by_hand() -> None:
    # Of 8 s in four chunks the first 2 s stay; 3 s of the rest hide and slow by a tenth, 3 s do not.
    assert chunked_exposed_s(8.0, 3.0, 4, 0.1) == pytest.approx(2.0 + 3.0 + 0.3)


@given(send=TIMES, block=TIMES, ranks=st.integers(1, 64), slowdown=SLOWDOWNS)
def test_a_ring_waits_between_nothing_and_all_its_sends(send: float, block: float, ranks: int, slowdown: float) -> None:
    exposed = ring_exposed_s(send, block, ranks, slowdown)
    assert 0.0 <= exposed <= (ranks - 1) * send + ranks * ROUNDING_S


def test_ring_by_hand() -> None:
    assert ring_exposed_s(5.0, 2.0, 1, 0.1) == 0.0
    assert ring_exposed_s(5.0, 2.0, 4, 0.1) == pytest.approx(3 * (3.0 + 0.2))
    assert ring_exposed_s(5.0, 8.0, 4, 0.0) == 0.0
