"""Waiting for a quiet machine, on one whose hours are told."""

import os

import pytest

from validation.machine import Usage
from validation.quiet import LOOK_S, wait_for_quiet


class Hours:
    """A machine on which others use these shares, one after the other, each for as long as one look."""

    def __init__(self, *shares: float) -> None:
        self.now_s, self.busy_s = 0.0, 0.0
        self._shares = list(shares)

    def read(self) -> Usage | None:
        return Usage(self.busy_s, 0.0, 0.0, 0.0)

    def clock(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.busy_s += seconds * self._shares.pop(0) * (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("shares", "patience_s", "quiet", "waited_s"),
    [
        ((), 0.0, True, 0.0),
        ((0.01,), 60.0, True, LOOK_S),
        ((0.5, 0.06, 0.04), 60.0, True, 3 * LOOK_S),
        ((0.5, 0.5, 0.5), 2.5 * LOOK_S, False, 3 * LOOK_S),
    ],
)
def test_it_waits_as_long_as_others_work(
    shares: tuple[float, ...], patience_s: float, quiet: bool, waited_s: float
) -> None:
    hours = Hours(*shares)
    assert wait_for_quiet(patience_s, hours.read, hours.clock, hours.sleep) is quiet
    assert hours.now_s == pytest.approx(waited_s)


def test_without_counters_it_does_not_wait() -> None:
    hours = Hours(0.9)
    assert wait_for_quiet(60.0, lambda: None, hours.clock, hours.sleep)


def test_it_gives_up_in_the_end() -> None:
    hours = Hours(*[1.0] * 6)
    assert not wait_for_quiet(5.0, hours.read, hours.clock, hours.sleep, look_s=1.0)
    assert hours.now_s == pytest.approx(5.0)


def test_how_much_is_little_is_the_callers_choice() -> None:
    hours = Hours(0.2, 0.08, 0.01)
    assert wait_for_quiet(60.0, hours.read, hours.clock, hours.sleep, share=0.1, look_s=1.0)
    assert hours.now_s == pytest.approx(2.0)


def test_without_a_limit_nothing_is_looked_at() -> None:
    assert wait_for_quiet(0.0, lambda: pytest.fail("looked"))
