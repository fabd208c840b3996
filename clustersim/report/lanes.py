"""Things that overlap in time, laid out so that those in one lane do not."""

import heapq
from collections.abc import Sequence


def lanes(starts: Sequence[int], ends: Sequence[int]) -> list[int]:
    """Lane of each thing, from 0: the lowest that is free when it starts.

    Parameters
    ----------
    starts, ends : sequence of int
        When each starts, in order, and ends.

    Examples
    --------
    >>> lanes([0, 1, 5, 6], [5, 9, 7, 8])
    [0, 1, 0, 2]
    """
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    chosen: list[int] = []
    for start, end in zip(starts, ends, strict=True):
        while busy and busy[0][0] <= start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (end, lane))
        chosen.append(lane)
    return chosen
