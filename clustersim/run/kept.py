"""The checkpoints that lead to where the job stands: in which tiers each is, and whether it can be loaded."""

import math
from collections.abc import Iterator, Sequence

from clustersim.run.chance import uniform_of
from clustersim.run.log import Log, LossRow, VoidRow, WriteFailureRow
from clustersim.run.plan import CheckpointPlan, TierPlan
from clustersim.run.progress import Stretch
from clustersim.run.records import NO_CAUSE
from clustersim.run.storage import Store, fails

_STORE = 0
"""The first of the tiers."""


class Kept:
    """Where the job can go back to.

    A tier has every so manieth checkpoint of a stretch, and the one that ends it. A copy is there when it was complete
    before the crash, its write succeeded, the tier has not lost it with the nodes that were taken out, and no newer
    ones have pushed it out. Whether it can be read shows when it is loaded.
    """

    def __init__(self, plan: CheckpointPlan, last_step: int, store: Store, log: Log, chance: int) -> None:
        self._tiers = plan.tiers
        self._last_step = last_step
        self._store = store
        self._log = log
        self._chance = chance
        self._bad = [tier.bad for tier in plan.tiers]
        """Of which tiers some writes are of no use."""
        self._plain = plan.every == 1 and plan.keep is None and not plan.inner and not plan.store.bad
        self._by_load = sorted(range(len(self._tiers)), key=lambda tier: (_load_s(self._tiers[tier]), -tier))
        """Tiers, the one that is quickest to load from first."""
        self._stretches: list[Stretch] = []
        self._void_s = [-math.inf] * len(self._tiers)
        """What was taken before is lost, in each tier."""
        self._deleted_s = [-math.inf] * len(self._tiers)
        """What was taken before is deleted, as far as that was worked out: see ``_delete``."""
        self._known_rows: set[int] = set()
        """Tiers of which that was worked out since the last crash."""
        self._doubtful = False
        """Whether any checkpoint was lost or could not be written so far: only then are they looked for one by one."""
        self._longest_failure_s = 0.0
        self._last_failure_s = -math.inf
        """End of the last time in which no checkpoint could be written [s]."""
        self.tried: list[int] = []
        """Tiers from which loading was tried for the restart, one after the other; the last has worked."""
        self._unreadable: set[tuple[int, int, int]] = set()
        """Copies that were tried and could not be read: tier, number of the stretch and of the checkpoint."""

    def add(self, stretch: Stretch) -> None:
        """A stretch has ended; one without a step has no checkpoint."""
        if stretch.steps:
            self._stretches.append(stretch)

    # --- what is there ------------------------------------------------------------------------------------------

    def all_durable(self, now_s: float) -> bool:
        """Whether the last checkpoint, too, has been written to the store."""
        last = self._stretches[-1] if self._stretches else None
        return last is None or last.checkpoints_taken(now_s, self._store.delay_s(now_s)) == last.checkpoints

    def settle(self, crash_s: float) -> None:
        """A crash: what was not complete by then never will be."""
        for stretch in reversed(self._stretches):
            if stretch.whole:
                break
            stretch.whole = self._whole(stretch, crash_s)
        self._known_rows.clear()

    def newest(self, limit: int) -> int:
        """Step of the newest checkpoint in any tier that is not beyond a step; forgets what lies after it."""
        while self._stretches:
            stretch = self._stretches[-1]
            whole = min(max(stretch.whole), stretch.checkpoints)
            number = self._newest_of(stretch, whole, limit)
            if number < whole and not self._plain:
                self._delete_before(stretch, number)
            if number:
                return stretch.end_at(number)
            self._stretches.pop()
        return 0

    def _newest_of(self, stretch: Stretch, number: int, limit: int) -> int:
        """Number of the newest checkpoint of a stretch that is there, from this one down; 0 if none is."""
        while number and stretch.checkpoint_step(number) > limit:
            number -= 1
        if self._plain:
            return number
        oldest_s = min(map(max, self._void_s, self._deleted_s))
        while number and (taken_s := stretch.taken_s(number)) >= oldest_s:
            if list(self._copies(stretch, number, taken_s, stretch.whole)):
                return number
            number -= 1
        return 0

    def _whole(self, stretch: Stretch, at_s: float) -> tuple[int, ...]:
        """Checkpoints of a stretch that are complete by then, in each tier."""
        in_store = stretch.checkpoints_taken(at_s, self._store.delay_s(at_s))
        return in_store, *[stretch.checkpoints_taken(at_s, tier.write_s) for tier in self._tiers[1:]]

    def _copies(self, stretch: Stretch, number: int, taken_s: float, whole: Sequence[int]) -> Iterator[int]:
        """Tiers that have this checkpoint, or should: of accidents of the store they know nothing.

        The end of the job counts in the store alone.
        """
        end = stretch.first_step + stretch.steps == self._last_step and number == stretch.checkpoints
        for tier in (_STORE,) if end else self._by_load:
            plan = self._tiers[tier]
            if plan.keep is not None and (whole[tier] - number) // plan.every >= plan.keep:
                self._delete(tier)
            there = taken_s >= self._deleted_s[tier] and stretch.start_s >= self._void_s[tier]
            if there and number <= whole[tier] and self._written(tier, stretch, number):
                yield tier

    def _written(self, tier: int, stretch: Stretch, number: int) -> bool:
        """Whether a tier was to have this checkpoint, and its write succeeded; the one that ends a stretch is repeated
        until it does.
        """
        ends = stretch.own_end and number == stretch.checkpoints
        plan = self._tiers[tier]
        failed = plan.failed if self._bad[tier] else 0.0
        return ends or (number % plan.every == 0 and not (failed and self._draw(tier, stretch, number) < failed))

    def _corrupt(self, tier: int, stretch: Stretch, number: int) -> bool:
        plan = self._tiers[tier]
        return self._bad[tier] and plan.failed <= self._draw(tier, stretch, number) < plan.failed + plan.corrupt

    def _draw(self, tier: int, stretch: Stretch, number: int) -> float:
        return uniform_of(self._chance, tier, stretch.number, number)

    def _delete_before(self, stretch: Stretch, number: int) -> None:
        """Work out what was pushed out by checkpoints that the job now goes back past."""
        for tier, plan in enumerate(self._tiers):
            there = plan.keep is not None and stretch.start_s >= self._void_s[tier]
            whole = stretch.whole[tier]
            ended = stretch.own_end and whole == stretch.checkpoints
            if there and (ended or whole // plan.every > number // plan.every):
                self._delete(tier)

    def _delete(self, tier: int) -> None:
        """Work out what newer checkpoints have pushed out of a tier.

        That is only needed where the job goes back past one that is whole: as long as the row only grows, what was
        pushed out once would be so again.
        """
        keep = self._tiers[tier].keep
        if keep is not None and tier not in self._known_rows:
            self._known_rows.add(tier)
            self._deleted_s[tier] = max(self._deleted_s[tier], self._oldest_kept_s(tier, keep))

    def _oldest_kept_s(self, tier: int, keep: int) -> float:
        """When the oldest was taken of those that a tier keeps [s]."""
        left = keep
        every = self._tiers[tier].every
        for stretch in reversed(self._stretches):
            last = min(stretch.whole[tier], stretch.checkpoints)
            # Only the one that ends a stretch may be out of the rhythm.
            for number in (*((last,) if last % every else ()), *range(last - last % every, 0, -every)):
                written = self._written(tier, stretch, number)
                if written and tier == _STORE and self._doubtful:
                    written = self._unwritten_by(stretch, number) == NO_CAUSE
                left -= written
                if not left:
                    return stretch.taken_s(number)
        return -math.inf

    # --- loading ------------------------------------------------------------------------------------------------

    def load(self, now_s: float) -> bool:
        """Load the checkpoint that the job stands on from the tier that is quickest; False if no copy can be read."""
        if not self._stretches:
            return True
        last = self._stretches[-1]
        number = last.checkpoints
        if self._plain:
            self.tried.append(_STORE)
            return not self._doubtful or self._taken_away_by(last, number) == NO_CAUSE
        for tier in self._copies(last, number, last.taken_s(number), last.whole or self._whole(last, now_s)):
            if tier == _STORE and self._doubtful and self._taken_away_by(last, number) != NO_CAUSE:
                continue
            copy = tier, last.number, number
            if copy in self._unreadable:
                continue
            self.tried.append(tier)
            if not self._corrupt(tier, last, number):
                return True
            self._unreadable.add(copy)
        return False

    def missing(self, now_s: float) -> int:
        """What took away the checkpoint that the job stands on and would load; NO_CAUSE when a copy is there."""
        if not self._doubtful or not self._stretches:
            return NO_CAUSE
        last = self._stretches[-1]
        if not self._plain:
            number = last.checkpoints
            copies = self._copies(last, number, last.taken_s(number), last.whole or self._whole(last, now_s))
            if any(tier != _STORE for tier in copies):
                return NO_CAUSE
        return self._taken_away_by(last, last.checkpoints)

    @property
    def lost(self) -> bool:
        """Whether the checkpoint that the job stands on was complete once."""
        last = self._stretches[-1]
        return last.checkpoints in last.gone

    # --- accidents ----------------------------------------------------------------------------------------------

    def lose_nodes(self, nodes: Sequence[int], now_s: float) -> None:
        """Nodes of the job are taken out, since it last trained: what they had in tiers that feel it is lost."""
        for tier, plan in enumerate(self._tiers):
            size = plan.survives_nodes
            if size is None or (size and len({node // size for node in nodes}) == 1):
                continue
            self._void_s[tier] = now_s
            self._log.voids.append(VoidRow(now_s, tier))

    def fail_writes(self, row: WriteFailureRow) -> None:
        """There is a time in which no checkpoint can be written to the store."""
        self._log.write_failures.append(row)
        self._longest_failure_s = max(self._longest_failure_s, row.until_s - row.start_s)
        self._last_failure_s = max(self._last_failure_s, row.until_s)
        self._doubtful = True

    def lose_newest(self, incident: int, written_s: float, now_s: float, under_way: Stretch | None) -> None:
        """The newest checkpoint that can be loaded from the store is lost, if there is any.

        Parameters
        ----------
        incident : int
            What took it away.
        written_s : float
            Only those that were written by then are complete [s]: now, or when the job was stopped.
        now_s : float
            Now [s].
        under_way : Stretch, optional
            The stretch that is being trained, if one is.
        """
        for stretch in (*((under_way,) if under_way else ()), *reversed(self._stretches)):
            whole = stretch.whole or self._whole(stretch, written_s)
            for number in range(min(whole[_STORE], stretch.checkpoints), 0, -1):
                there = stretch.taken_s(number) >= self._deleted_s[_STORE] and self._written(_STORE, stretch, number)
                if there and self._taken_away_by(stretch, number) == NO_CAUSE:
                    stretch.gone[number] = incident
                    self._log.losses.append(LossRow(now_s, stretch.taken_s(number)))
                    self._doubtful = True
                    return

    def _taken_away_by(self, stretch: Stretch, number: int) -> int:
        """Incident by which a checkpoint was lost or could not be written; NO_CAUSE when it is there."""
        incident = self._unwritten_by(stretch, number)
        return stretch.gone.get(number, NO_CAUSE) if incident == NO_CAUSE else incident

    def _unwritten_by(self, stretch: Stretch, number: int) -> int:
        """Incident because of which a checkpoint could not be written to the store; NO_CAUSE when it could."""
        if self._last_failure_s < stretch.start_s:
            return NO_CAUSE
        taken_s, stall_s = stretch.taken_s(number), stretch.rhythm.stall_s
        for start_s, until_s, incident in reversed(self._log.write_failures):
            if start_s + self._longest_failure_s < taken_s - stall_s:
                break
            if fails(taken_s, stall_s, self._store.write_s(taken_s), start_s, until_s):
                return incident
        return NO_CAUSE


def _load_s(tier: TierPlan) -> float:
    """Time to load from a tier [s]; the store is the last to be asked."""
    return math.inf if tier.load_s is None else tier.load_s
