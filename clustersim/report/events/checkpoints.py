"""What was saved: how many checkpoints between two stops, those that are missing, and where each leads back to."""

from collections.abc import Iterator

import numpy as np

from clustersim.report.events.entry import Entry, Place, clock, counted, length, tokens_text
from clustersim.run.records import DELETED, LOST, UNWRITTEN, Column, Records

_ROUNDING_S = 1e-3


class Saved:
    """The checkpoints of a run."""

    def __init__(self, records: Records) -> None:
        self._rows = records.checkpoints
        self._tiers = records.tiers
        self._taken: dict[float, list[int]] = {}
        """Rows of the checkpoints of so many tokens: some steps are reached again and again."""
        for row, tokens in enumerate(self._rows["tokens"].tolist()):
            self._taken.setdefault(tokens, []).append(row)
        self._whole = ~np.isnan(self._rows["durable_s"])

    def position(self, tokens: float) -> str:
        """Where the job stands: tokens, and the step where a checkpoint tells it."""
        rows = self._taken.get(tokens)
        if rows:
            return f"step {int(self._rows['step'][rows[-1]]):,}, {tokens_text(tokens)}"
        return tokens_text(tokens) if tokens else f"step 0, {tokens_text(tokens)}"

    def taken_s(self, tokens: float, now_s: float) -> float | None:
        """When the newest whole checkpoint of so many tokens was taken [s]; None if there is none."""
        durable_s = self._rows["durable_s"]
        rows = [row for row in self._taken.get(tokens, ()) if durable_s[row] <= now_s + _ROUNDING_S]
        return float(self._rows["taken_s"][rows[-1]]) if rows else None

    def entry(self, start_s: float, end_s: float) -> Entry:
        """How many were taken in a stretch of training, and how old the last is when it ends."""
        first, last = np.searchsorted(self._rows["taken_s"], (start_s, end_s + _ROUNDING_S)).tolist()
        kept = self._whole[first:last] & (self._rows["lost_s"][first:last] > end_s)
        kept |= self._rows["fate"][first:last] == DELETED
        whole = np.flatnonzero(kept) + first
        trained = f"in {length(end_s - start_s)} of training"
        if not len(whole):
            return Entry(end_s, Place.CHECKPOINTS, "checkpoints", detail=f"none whole {trained}")
        newest = int(whole[-1])
        age_s = max(end_s - float(self._rows["taken_s"][newest]), 0.0)
        count = _different(self._rows["taken_s"][whole])
        missing = _different(self._rows["taken_s"][first:last]) - count
        told = f"{count:,} whole{f', {missing:,} missing,' if missing else ''} {trained}"
        when = f"taken {length(age_s)} before" if age_s > _ROUNDING_S else "just taken"
        detail = f"{told}; the last at step {int(self._rows['step'][newest]):,}, {when}"
        return Entry(end_s, Place.CHECKPOINTS, "checkpoints", detail=detail)

    def missing_entries(self) -> Iterator[Entry]:
        """Checkpoints that the store never got, those in a row together, and whole ones that were lost.

        Of those that cannot be read nobody knows, until one is loaded and is an incident.
        """
        gone = np.flatnonzero((self._rows["fate"] == UNWRITTEN) & (self._rows["tier"] == 0))
        place = np.cumsum(self._rows["tier"] == 0)[gone]
        for rows in np.split(gone, np.flatnonzero(np.diff(place) > 1) + 1) if len(gone) else ():
            yield self._entry("unwritten", float(self._rows["taken_s"][rows[0]]), rows.tolist())
        lost_s, tier = self._rows["lost_s"], self._rows["tier"]
        lost = self._rows["fate"] == LOST
        for t_s, code in sorted(set(zip(lost_s[lost].tolist(), tier[lost].tolist(), strict=True))):
            yield self._entry("lost", t_s, np.flatnonzero(lost & (lost_s == t_s) & (tier == code)).tolist())

    def _entry(self, event: str, t_s: float, rows: list[int]) -> Entry:
        first, last = rows[0], rows[-1]
        steps, taken_s = self._rows["step"], self._rows["taken_s"]
        which = f"step {int(steps[first]):,}, taken {clock(taken_s[first])}"
        if last != first:
            which = f"{which}, to step {int(steps[last]):,}, taken {clock(taken_s[last])}"
        where = f" in {self._tiers[self._rows['tier'][first]]}" if len(self._tiers) > 1 else ""
        return Entry(t_s, Place.CHECKPOINTS, event, detail=f"{counted(len(rows), 'checkpoint')}{where}: {which}")


def _different(taken_s: Column) -> int:
    """How many checkpoints these are, each counted once though several tiers have it."""
    return len(np.unique(taken_s))
