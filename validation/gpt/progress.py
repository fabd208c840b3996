"""A line of progress on a terminal."""

import sys
import time

from validation.gpt.step import StepResult


class Progress:
    """Shows step, loss and remaining time on standard error; silent on processes but the first and when piped."""

    def __init__(self, first: int, last: int, rank: int) -> None:
        self._first, self._last = first, last
        self._started = time.perf_counter()
        self._shown = rank == 0 and sys.stderr.isatty()

    def show(self, result: StepResult) -> None:
        """Overwrite the line."""
        if self._shown:
            spent = time.perf_counter() - self._started
            left = spent / (result.step - self._first + 1) * (self._last - result.step)
            minutes, seconds = divmod(round(left), 60)
            done = f"step {result.step}/{self._last}  loss {result.loss:.4f}  {result.step_s:.3f} s"
            sys.stderr.write(f"\r{done}  left {minutes}:{seconds:02}\x1b[K")
            sys.stderr.flush()

    def close(self) -> None:
        """End the line."""
        if self._shown:
            sys.stderr.write("\n")
