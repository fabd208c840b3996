"""The parts of a step."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Clock:
    """Adds up how long the named parts of a step take.

    On the CPU a part is the time between its ends. On a GPU it is the time between two events on the stream of the
    computation: the host runs ahead undisturbed, and only the end of the step waits for the device.

    Parameters
    ----------
    device : torch.device
        Where the work runs.
    """

    def __init__(self, device: torch.device) -> None:
        self._on_gpu = device.type == "cuda"
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._events: list[tuple[str, torch.cuda.Event, torch.cuda.Event]] = []
        self._start = time.perf_counter()

    def start(self) -> None:
        """Begin a step."""
        self._seconds.clear()
        self._events.clear()
        self._start = time.perf_counter()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what happens inside as a part of that name; it may come several times in a step."""
        if self._on_gpu:
            begin, end = _event(), _event()
            begin.record()
            yield
            end.record()
            self._events.append((name, begin, end))
        else:
            started = time.perf_counter()
            yield
            self._seconds[name] += time.perf_counter() - started

    def stop(self) -> tuple[float, dict[str, float]]:
        """End the step.

        Returns
        -------
        float, dict
            Seconds of the step, and ``NAME_s`` of each part in the order of their first appearance.
        """
        if self._on_gpu:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - self._start
        for name, begin, end in self._events:
            self._seconds[name] += begin.elapsed_time(end) / 1e3
        return seconds, {f"{name}_s": spent for name, spent in self._seconds.items()}


def _event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
