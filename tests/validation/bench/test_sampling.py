"""Repeats and their summary, with a clock that only moves when an operation says so."""

from dataclasses import dataclass

import pytest

from validation.bench.sampling import Counts, Prepared, Sampling, Spread, WallClock, sample


@dataclass
class Clock:
    """Time passes by :meth:`wait` alone; serves as a stopwatch."""

    now_s: float = 0.0
    started_s: float = 0.0
    calls: int = 0

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.calls += 1

    def start(self) -> None:
        self.started_s = self.now_s

    def stop(self) -> float:
        return self.now_s - self.started_s


def test_median_and_quartiles() -> None:
    assert Spread.of([5.0, 1.0, 4.0, 2.0, 3.0]) == Spread(time_s=3.0, iqr_s=2.0, repeats=5)
    assert Spread.of([1.0, 2.0]) == Spread(time_s=1.5, iqr_s=0.5, repeats=2)
    assert Spread.of([7.0]) == Spread(time_s=7.0, iqr_s=0.0, repeats=1)


def test_a_sample_is_the_time_of_one_call() -> None:
    clock = Clock()
    times_s = sample(Prepared(lambda: clock.wait(0.25)), Counts(warm_up=3, samples=2, calls=4), clock)
    assert times_s == [0.25, 0.25]
    assert clock.calls == 3 + 2 * 4


def test_warm_up_is_not_counted() -> None:
    clock = Clock()
    seconds = iter([9.0, 8.0, 1.0, 2.0])
    assert sample(Prepared(lambda: clock.wait(next(seconds))), Counts(2, 2, 1), clock) == [1.0, 2.0]


def test_what_comes_before_a_call_is_not_timed() -> None:
    clock = Clock()
    prepared = Prepared(lambda: clock.wait(1.0), before=lambda: clock.wait(100.0))
    assert sample(prepared, Counts(1, 3, 1), clock) == [1.0, 1.0, 1.0]


def test_wall_clock_sees_time_pass() -> None:
    clock = WallClock()
    clock.start()
    first = clock.stop()
    assert 0.0 <= first <= clock.stop()


@pytest.mark.parametrize(
    ("call_s", "counts"),
    [
        (1e-6, Counts(1, 20, 5000)),  # 20 samples of 5 ms fill the turn of 0.1 s
        (0.002, Counts(1, 17, 3)),  # three calls are the first to last 5 ms: 0.1 / 0.006
        (0.02, Counts(1, 5, 1)),
        (3.0, Counts(1, 2, 1)),  # the least number, however long they take
        (0.0, Counts(1, 20, 5_000_000)),  # below the resolution of the clock
    ],
)
def test_size_of_a_turn(call_s: float, counts: Counts) -> None:
    assert Sampling().turn(call_s, batched=True) == counts


def test_calls_that_need_something_before_each_are_not_batched() -> None:
    assert Sampling().turn(1e-6, batched=False) == Counts(1, 20, 1)


def test_settled_once_the_median_is_known() -> None:
    sampling = Sampling(tolerance=0.05, least_rounds=2)
    # Range of the quartiles 0.1: 1.57 x 0.1 / sqrt(9) = 0.052 of a median of 1, and sqrt(16) makes it 0.039.
    nine = [0.9, 0.95, 0.95, 1.0, 1.0, 1.0, 1.05, 1.05, 1.1]
    sixteen = [0.9, 0.9, 0.95, 0.95, 0.95, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.05, 1.05, 1.05, 1.1, 1.1]
    assert Spread.of(nine).iqr_s == pytest.approx(0.1)
    assert Spread.of(sixteen).iqr_s == pytest.approx(0.1)
    assert not sampling.is_settled(nine, rounds=2)
    assert sampling.is_settled(sixteen, rounds=2)
    assert not sampling.is_settled(sixteen, rounds=1)
