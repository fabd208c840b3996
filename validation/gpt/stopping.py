"""Stop at the end of a step when asked to by a signal."""

import signal
from types import FrameType, TracebackType
from typing import Any, Self


class StopSignals:
    """Within its context, SIGTERM and the first SIGINT ask for a stop instead of ending the process.

    torchrun passes SIGTERM on to its processes and waits half a minute before it kills them.

    Attributes
    ----------
    asked_by : str
        Name of the signal; empty as long as there was none.
    """

    def __init__(self) -> None:
        self.asked_by = ""
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Take over the signals."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        self.asked_by = signal.Signals(number).name
        if number == signal.SIGINT:  # a second Ctrl-C is meant
            signal.signal(number, signal.default_int_handler)
