"""Waits until nobody else uses the machine."""

import os
import time
from collections.abc import Callable

from validation.campaign.machine import Usage, foreign_share, usage
from validation.campaign.run import DISTURBED

LOOK_S = 3.0
"""Time over which the use of the processors is averaged [s]."""


def wait_for_quiet(
    patience_s: float,
    read: Callable[[], Usage | None] = usage,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until others use less than a twentieth of the processors.

    Parameters
    ----------
    patience_s : float
        Time after which it waits no longer [s]; 0 does not even look.
    read, clock, sleep : callable
        The processors' counters, a clock [s], and a pause.

    Returns
    -------
    bool
        Whether the machine is quiet; True where nobody looked, or where the system has no counters.
    """
    until_s = clock() + patience_s
    while patience_s > 0.0:
        before, begun_s = read(), clock()
        sleep(LOOK_S)
        share = foreign_share(before, read(), clock() - begun_s, os.cpu_count() or 1)
        if share is None or share < DISTURBED:
            return True
        if clock() >= until_s:
            return False
    return True
