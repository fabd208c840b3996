"""Waiting for a quiet machine, on one whose hours are told."""

import os

import pytest

from validation.campaign.machine import Usage
from validation.faults.quiet import LOOK_S, wait_for_quiet


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
