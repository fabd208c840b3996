"""How often an operation is repeated, and how its times become one number with its spread."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

NOTCH = 1.57
"""Half-width of a 95 % interval of a median in units of interquartile range over square root of the number of samples
(McGill, Tukey and Larsen 1978, The American Statistician 32(1))."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What one turn of a case does: calls before the clock, then samples of so many calls each."""

    warm_up: int
    samples: int
    calls: int


@dataclass(frozen=True, slots=True)
class Sampling:
    """When to stop repeating. The defaults are choices, made on two shared cores.

    Attributes
    ----------
    sample_s : float
        A sample holds as many calls as it takes to last this long [s], so that reading the clock costs nothing.
    turn_s : float
        Time to sample one case before the next has its turn [s].
    least_samples : int
        Samples of a turn, however long they take.
    least_rounds, most_rounds : int
        Turns of a case.
    tolerance : float
        A case is settled once the 95 % interval of its median is this narrow, as a fraction of the median.
    """

    sample_s: float = 0.005
    turn_s: float = 0.1
    least_samples: int = 2
    least_rounds: int = 3
    most_rounds: int = 8
    tolerance: float = 0.02

    def pilot(self) -> Counts:
        """The first calls of a case, from which the size of its turns is worked out."""
        return Counts(warm_up=2, samples=1, calls=1)

    def turn(self, call_s: float, batched: bool) -> Counts:
        """The size of one turn of a case.

        Parameters
        ----------
        call_s : float
            Time of one call [s].
        batched : bool
            Whether a sample may hold several calls.

        Returns
        -------
        Counts
            Calls and samples that fill ``turn_s``, with never more samples than if each lasted ``sample_s``.
        """
        call_s = max(call_s, 1e-9)
        calls = math.ceil(self.sample_s / call_s) if batched else 1
        samples = min(round(self.turn_s / (calls * call_s)), round(self.turn_s / self.sample_s))
        return Counts(warm_up=1, samples=max(samples, self.least_samples), calls=calls)

    def is_settled(self, times_s: Sequence[float], rounds: int) -> bool:
        """Whether a case needs no further turn.

        Parameters
        ----------
        times_s : Sequence of float
            Its samples so far [s].
        rounds : int
            Its turns so far. Samples of one turn are alike, so that a case is not settled by one long turn.

        Returns
        -------
        bool
            True once it had its least number of turns and its median is known to within the tolerance.
        """
        if rounds < self.least_rounds:
            return False
        spread = Spread.of(times_s)
        return NOTCH * spread.iqr_s / math.sqrt(spread.repeats) <= self.tolerance * spread.time_s


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and interquartile range of some samples [s], and how many they were."""

    time_s: float
    iqr_s: float
    repeats: int

    @classmethod
    def of(cls, times_s: Sequence[float]) -> "Spread":
        """Summarise samples; a single one has a range of zero.

        Parameters
        ----------
        times_s : Sequence of float
            One or more samples [s], in any order.

        Returns
        -------
        Spread
            Quartiles are interpolated between the neighbouring samples.
        """
        if len(times_s) == 1:
            return cls(times_s[0], 0.0, 1)
        lower, middle, upper = statistics.quantiles(times_s, n=4, method="inclusive")
        return cls(middle, upper - lower, len(times_s))


class Stopwatch(Protocol):
    """Measures the time between two points in a program, or in the queue of a device."""

    def start(self) -> None:
        """Set the first point."""

    def stop(self) -> float:
        """Set the second point and return the time between them [s]."""


class WallClock:
    """The processor's clock, for work that is over when its call returns."""

    __slots__ = ("_started_s",)

    def start(self) -> None:
        """Set the first point."""
        self._started_s = time.perf_counter()

    def stop(self) -> float:
        """Time since the first point [s]."""
        return time.perf_counter() - self._started_s


class CudaEvents:
    """Events in the queue of a CUDA device; they leave out the time to notice the end on the host."""

    __slots__ = ("_began", "_cuda", "_ended")

    def __init__(self) -> None:
        import torch

        self._cuda = torch.cuda
        self._began = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch has no types here
        self._ended = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]

    def start(self) -> None:
        """Set the first point once the device has nothing left to do."""
        self._cuda.synchronize()
        self._began.record()

    def stop(self) -> float:
        """Wait for the device and return the time between the events [s]."""
        self._ended.record()
        self._cuda.synchronize()
        return float(self._began.elapsed_time(self._ended)) / 1e3


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation whose inputs are ready.

    Attributes
    ----------
    run : callable
        What is timed.
    before : callable, optional
        What must be done before each call and not be timed.
    """

    run: Callable[[], object]
    before: Callable[[], object] | None = None


def sample(prepared: Prepared, counts: Counts, stopwatch: Stopwatch) -> list[float]:
    """Time one turn of a case.

    Parameters
    ----------
    prepared : Prepared
        The operation.
    counts : Counts
        Calls before the clock, samples, and calls of a sample.
    stopwatch : Stopwatch
        What reads the time.

    Returns
    -------
    list of float
        Time of one call [s], a value for each sample.
    """
    for _ in range(counts.warm_up):
        _timed(prepared, 1, stopwatch)
    return [_timed(prepared, counts.calls, stopwatch) / counts.calls for _ in range(counts.samples)]


def _timed(prepared: Prepared, calls: int, stopwatch: Stopwatch) -> float:
    if prepared.before is not None:
        prepared.before()
    stopwatch.start()
    for _ in range(calls):
        prepared.run()
    return stopwatch.stop()
