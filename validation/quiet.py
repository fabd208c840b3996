"""Waits until nobody else uses the machine."""

import os
import time
from collections.abc import Callable

from validation.machine import DISTURBED, Usage, foreign_share, usage

LOOK_S = 3.0
"""Time over which the use of the processors is averaged [s]."""


def wait_for_quiet(
    patience_s: float,
    read: Callable[[], Usage | None] = usage,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    *,
    share: float = DISTURBED,
    look_s: float = LOOK_S,
) -> bool:
    """Wait until others use little of the processors.

    Parameters
    ----------
    patience_s : float
        Time after which it waits no longer [s]; 0 does not even look.
    read, clock, sleep : callable
        The processors' counters, a clock [s], and a pause.
    share : float
        Of the processors: what is little.
    look_s : float
        Time that is looked at [s].

    Returns
    -------
    bool
        Whether the machine is quiet; True where nobody looked, or where the system has no counters.
    """
    until_s = clock() + patience_s
    while patience_s > 0.0:
        before, begun_s = read(), clock()
        sleep(look_s)
        used = foreign_share(before, read(), clock() - begun_s, os.cpu_count() or 1)
        if used is None or used < share:
            return True
        if clock() >= until_s:
            return False
    return True
