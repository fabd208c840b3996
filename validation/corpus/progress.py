"""One line on a terminal that says which stage runs, how far it is and how long it will take; silent elsewhere."""

import time
from collections.abc import Iterator, Sequence
from typing import TextIO, TypeVar

Item = TypeVar("Item")

_EVERY_S = 0.1
_CLEAR = "\r\x1b[K"


class Progress:
    """Shows progress on a terminal.

    Parameters
    ----------
    stream : TextIO, optional
        Where to write, by habit standard error. None, or anything that is no terminal: silent.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None and stream.isatty() else None

    def over(self, stage: str, items: Sequence[Item]) -> Iterator[Item]:
        """Go through the items of a stage."""
        start_s = shown_s = time.monotonic()
        for done, item in enumerate(items):
            now_s = time.monotonic()
            if now_s - shown_s >= _EVERY_S:
                shown_s = now_s
                self.show(line(stage, done, len(items), now_s - start_s))
            yield item
        self.show("")

    def show(self, text: str) -> None:
        """Replace the line, e.g. by the name of a stage that cannot say how far it is."""
        if self._stream is not None:
            self._stream.write(_CLEAR + text)
            self._stream.flush()


def line(stage: str, done: int, total: int, elapsed_s: float) -> str:
    """What the terminal shows, e.g. ``clean  25 %  500/2,000  3 s left``."""
    left = f"  {elapsed_s * (total - done) / done:.0f} s left" if done else ""
    return f"{stage}  {100 * done // total} %  {done:,}/{total:,}{left}"
