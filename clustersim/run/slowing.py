"""Slow steps in the records: intervals as if no step had been slow become those that were."""

from collections.abc import Sequence

import numpy as np

from clustersim.run.log import PaceRow
from clustersim.run.records import CHECKPOINT, PRODUCTIVE, SLOWED, Column, chosen, table

Columns = dict[str, Column]

_BOUT_S = 600.0
"""Slow steps are shown in bouts of about this length: first the work, then the time by which it took longer."""
_STEPS = 1 << 40
"""More than the steps of any stretch."""
_SHORTEST_S = 1e-7
"""Below this it is rounding of simulated time, not time."""
_EDGE = 1e-9
"""Share of a step by which rounding may miss a step boundary."""


class Slowing:
    """The stretches in which the pace of steps changed.

    Their work is laid end to end on one axis, so that a moment of any of them is one number: ``origin_s`` is where a
    stretch begins on it.

    Parameters
    ----------
    rows : sequence of PaceRow
        The paces of these stretches, as the engine logged them.
    stretches : Columns
        All stretches, with their rhythm.
    """

    def __init__(self, rows: Sequence[PaceRow], stretches: Columns) -> None:
        pace = table(PaceRow, rows)
        self._stretches = stretches
        self._numbers, self._first, rank = np.unique(pace["stretch"], return_index=True, return_inverse=True)
        self._rank = np.full(len(stretches["start_s"]), -1)
        self._rank[self._numbers] = np.arange(len(self._numbers))
        self._last = np.append(self._first[1:], len(rank)) - 1
        length_s = pace["work_s"][self._last] + 1.0
        self._origin_s = np.cumsum(length_s) - length_s
        self._at_s = self._origin_s[rank] + pace["work_s"]
        self._pace = pace
        self._cuts = self._find_cuts(rank)

    def undisturbed_end_s(self) -> Column:
        """When each stretch would have ended if no step in it had been slow [s]."""
        end_s = self._stretches["end_s"].copy()
        end_s[self._numbers] -= self._pace["extra_s"][self._last]
        return end_s

    def extra_s(self, stretch: Column, work_s: Column) -> Column:
        """Time by which so much work from the start of a stretch took longer [s]."""
        extra_s = np.zeros(len(work_s))
        slow, rank = self._slow(stretch)
        extra_s[slow] = self._extra_s(self._origin_s[rank] + work_s[slow])
        return extra_s

    def slowed(self, intervals: Columns) -> list[Columns]:
        """Intervals of training with the time that slow steps took longer.

        Parameters
        ----------
        intervals : Columns
            Work and stalls in time order, as if no step had been slow.

        Returns
        -------
        list of Columns
            The same at the time when they happened, and the slowed time beside them; in no order.
        """
        stretch = np.searchsorted(self._stretches["start_s"], intervals["start_s"], side="right") - 1
        slow, rank = self._slow(stretch)
        picked = chosen(slow)
        rows = {name: column[picked] for name, column in intervals.items()}
        number = self._numbers[rank]
        step_s = self._stretches["step_time_s"][number]
        first = self._stretches["first_step"][number]
        work_s = np.where(rows["state"] == CHECKPOINT, 0.0, rows["end_s"] - rows["start_s"])
        low_s = self._origin_s[rank] + (rows["step_start"] - first) * step_s
        before = rank * _STEPS - first
        rows |= {"low_s": low_s, "high_s": low_s + work_s, "rank": rank, "step_s": step_s, "before": before}
        untouched = [] if slow.all() else [{name: column[~slow] for name, column in intervals.items()}]
        return [*untouched, *self._apply(self._cut(rows))]

    def _slow(self, stretch: Column) -> tuple[Column, Column]:
        """Which of these stretches are among those whose pace changed, and their place among them."""
        rank = self._rank[stretch]
        slow = rank >= 0
        return slow, rank[chosen(slow)]

    def _extra_s(self, at_s: Column) -> Column:
        extra_s: Column = np.interp(at_s, self._at_s, self._pace["extra_s"])
        return extra_s

    def _find_cuts(self, rank: Column) -> Column:
        """Steps at which intervals are cut: one in which the pace changes stands by itself."""
        step_s = self._stretches["step_time_s"][self._pace["stretch"]]
        steps = self._pace["work_s"] / step_s
        slow = np.flatnonzero((self._pace["slowdown"][:-1] > 1.0) & (steps[1:] > steps[:-1]))
        low, high, before = steps[slow], steps[slow + 1], rank[slow] * _STEPS
        first, last = np.ceil(low - _EDGE).astype(np.int64), np.floor(high + _EDGE).astype(np.int64)
        bout = np.maximum(1, np.rint(_BOUT_S / (step_s[slow] * self._pace["slowdown"][slow])).astype(np.int64))
        counts = np.maximum(-(-(last - first) // bout), 0)
        index = np.repeat(np.arange(len(slow)), counts)
        number = np.arange(len(index)) - (np.cumsum(counts) - counts)[index]
        edges = (np.floor(low + _EDGE).astype(np.int64), last, np.ceil(high - _EDGE).astype(np.int64))
        cuts = [*(before + edge for edge in edges), (before + first)[index] + number * bout[index]]
        # Each of them is sorted, or nearly: to merge them takes a third of the time of np.unique.
        merged: Column = np.sort(np.concatenate(cuts), kind="stable")
        return np.concatenate((merged[:1], merged[1:][merged[1:] != merged[:-1]]))

    def _cut(self, rows: Columns) -> Columns:
        """Cut intervals at steps; ``low_s`` and ``high_s`` are the work at their ends."""
        before = rows.pop("before")
        low = np.searchsorted(self._cuts, before + rows["step_start"], side="right")
        inside = np.maximum(np.searchsorted(self._cuts, before + rows["step_end"], side="left") - low, 0)
        index = np.repeat(np.arange(len(low)), inside + 1)
        number = np.arange(len(index)) - (np.cumsum(inside + 1) - inside - 1)[index]
        whole = {name: column.take(index) for name, column in rows.items()}
        first, last = whole["step_start"].copy(), whole["step_end"].copy()
        low_s, high_s = whole["low_s"].copy(), whole["high_s"].copy()
        # A piece that is not the first begins at the cut before it; one that is not the last ends at the next.
        begins, ends = np.flatnonzero(number > 0), np.flatnonzero(number < inside[index])
        for at, cut, step, work_s in ((begins, -1, first, low_s), (ends, 0, last, high_s)):
            of = index[at]
            step[at] = self._cuts[low[of] + number[at] + cut] - before[of]
            work_s[at] = rows["low_s"][of] + (step[at] - rows["step_start"][of]) * rows["step_s"][of]
        start_s, end_s = whole["start_s"] + low_s - whole["low_s"], whole["end_s"] + high_s - whole["high_s"]
        changed = {"start_s": start_s, "end_s": end_s, "step_start": first, "step_end": last}
        return whole | changed | {"low_s": low_s, "high_s": high_s}

    def _apply(self, rows: Columns) -> tuple[Columns, Columns]:
        """What the intervals do, and by how much it took longer."""
        before_s, after_s = self._extra_s(rows["low_s"]), self._extra_s(rows["high_s"])
        until_s = rows["end_s"] + after_s
        # A step that was broken off is lost as a whole to what broke it, slow or not.
        broken = (rows["step_start"] == rows["step_end"]) & (rows["state"] != PRODUCTIVE)
        rows["start_s"], rows["end_s"] = rows["start_s"] + before_s, np.where(broken, until_s, rows["end_s"] + before_s)
        longer = np.flatnonzero((after_s > before_s + _SHORTEST_S) & ~broken)
        return rows, self._lengthening(rows, longer, until_s[longer] - after_s[longer])

    def _lengthening(self, rows: Columns, longer: Column, over_s: Column) -> Columns:
        """Time by which each of these intervals took longer, by its causes in order.

        ``over_s`` is the moment at which each was over, less all the time by which steps had been slow until then.
        """
        low_s, high_s, rank = (rows[name][longer] for name in ("low_s", "high_s", "rank"))
        first_pace, last_pace = self._first[rank], self._last[rank] - 1
        first = np.clip(np.searchsorted(self._at_s, low_s, side="right") - 1, first_pace, last_pace)
        last = np.clip(np.searchsorted(self._at_s, high_s, side="left") - 1, first_pace, last_pace)
        counts = np.maximum(last - first + 1, 0)
        index = np.repeat(np.arange(len(counts)), counts)
        part = first[index] + np.arange(len(index)) - (np.cumsum(counts) - counts)[index]
        begin_s = over_s[index] + self._extra_s(np.maximum(low_s[index], self._at_s[part]))
        end_s = over_s[index] + self._extra_s(np.minimum(high_s[index], self._at_s[part + 1]))
        long_enough = chosen((self._pace["slowdown"][part] > 1.0) & (end_s > begin_s + _SHORTEST_S))
        index, part = longer[index[long_enough]], part[long_enough]
        step = rows["step_end"][index]
        return {
            "start_s": begin_s[long_enough], "end_s": end_s[long_enough], "step_start": step, "step_end": step,
            "state": np.full(len(index), SLOWED, rows["state"].dtype), "part": rows["part"][index],
            "phase": rows["phase"][index], "cause": self._pace["cause"][part].astype(rows["cause"].dtype),
        }  # fmt: skip
