"""When the build of a corpus has to start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning.corpus import latest_start_s, latest_streaming_start_s

times = st.floats(0.0, 1e8)


def test_before_the_run_by_the_build_and_the_margin() -> None:
    assert latest_start_s(100.0, 20.0) == -120.0


@given(build_s=times, margin_s=times, first_epoch_s=times, wanted=st.floats(0.01, 1.0))
def test_in_one_part_nothing_is_gained(build_s: float, margin_s: float, first_epoch_s: float, wanted: float) -> None:
    streaming_s = latest_streaming_start_s(build_s, margin_s, 1, first_epoch_s, wanted)
    assert streaming_s == pytest.approx(latest_start_s(build_s, margin_s))


def test_a_build_that_is_faster_than_the_run_has_to_have_one_part_ready() -> None:
    assert latest_streaming_start_s(100.0, 5.0, 10, 1000.0) == -15.0


def test_a_build_that_is_slower_than_the_run_has_to_have_the_last_part_ready_in_time() -> None:
    """Ten parts of 100 s, each used up in 10 s: the last is wanted at 90 s and made at 1000 s after the start."""
    assert latest_streaming_start_s(1000.0, 0.0, 10, 100.0) == -910.0
    # A run that ends after 2.5 of them wants the third at 20 s, 300 s after the start.
    assert latest_streaming_start_s(1000.0, 0.0, 10, 25.0, 0.25) == -280.0


@given(build_s=times, margin_s=times, parts=st.integers(1, 300), first_epoch_s=times, wanted=st.floats(0.01, 1.0))
def test_every_part_is_there_when_the_run_wants_it(
    build_s: float, margin_s: float, parts: int, first_epoch_s: float, wanted: float
) -> None:
    start_s = latest_streaming_start_s(build_s, margin_s, parts, first_epoch_s, wanted)
    assert latest_start_s(build_s, margin_s) - 1e-3 <= start_s <= -margin_s
    slack_s = []
    number = 0
    while number < wanted * parts:
        wanted_s = number * first_epoch_s / (wanted * parts)
        made_s = start_s + (number + 1) * build_s / parts
        slack_s.append(wanted_s - margin_s - made_s)
        number += 1
    assert min(slack_s) == pytest.approx(0.0, abs=1e-3 + 1e-9 * (build_s + margin_s + first_epoch_s))
