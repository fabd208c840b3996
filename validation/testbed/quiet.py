"""Waits for a moment when nobody else uses the machine."""

import time
from pathlib import Path

QUIET_SHARE = 0.1
"""Of the processors' time, used by others: below it, two cores have a tenth less than all they could give."""

_LOOK_S = 1.0
_STAT = Path("/proc/stat")


def wait_until_quiet(limit_s: float) -> bool:
    """Wait until the processors are idle, but not for ever.

    Parameters
    ----------
    limit_s : float
        Longest wait; with 0 nothing is looked at.

    Returns
    -------
    bool
        Whether the machine was quiet in the end; True with no limit to wait for.
    """
    deadline_s = time.monotonic() + limit_s
    while time.monotonic() < deadline_s:
        before = processor_ticks()
        time.sleep(_LOOK_S)
        if busy_share(before, processor_ticks()) < QUIET_SHARE:
            return True
    return limit_s == 0.0


def processor_ticks() -> tuple[int, int]:
    """Busy and all ticks of the machine's processors since it started; time that its host took away is busy."""
    ticks = [int(word) for word in _STAT.read_text(encoding="utf-8").split("\n", 1)[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)


def busy_share(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Share of the processors that was busy between two readings."""
    busy, total = after[0] - before[0], after[1] - before[1]
    return busy / max(total, 1)
