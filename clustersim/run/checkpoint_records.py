"""The checkpoints of a run: where each was kept, when it was whole, and how long it was there."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from clustersim.run.chance import uniforms_of
from clustersim.run.log import CrashRow, Log, LossRow, VoidRow, WriteFailureRow
from clustersim.run.plan import CheckpointPlan, TierPlan
from clustersim.run.progress import ROUNDING_S
from clustersim.run.records import DELETED, KEPT, LOST, UNREADABLE, UNWRITTEN, Column, chosen, table
from clustersim.run.storage import fails, whole_s

Columns = dict[str, Column]

_USED = ("stretch", "number", "ends", "first_step", "phase", "stall_s", "write_s")
"""Columns of :class:`Begun` that tell what becomes of a checkpoint."""


class Begun(NamedTuple):
    """Checkpoints that were begun, one row each.

    ``rows`` has of each the columns of its stretch, the number of the stretch, its own number in it, and whether it is
    the one that ended it.
    """

    rows: Columns
    step: Column
    """At which it was taken."""
    start_s: Column
    """When its stall began [s]."""


def checkpoint_records(begun: Begun, log: Log, plan: CheckpointPlan, chance: int, extra_s: Column | None) -> Columns:
    """Checkpoints whose stall was completed: one row for each tier that was to have it.

    Parameters
    ----------
    begun : Begun
        Those that were begun, in order.
    log : Log
        What happened to them.
    plan : CheckpointPlan
        The tiers.
    chance : int
        Key of the draws that decide which writes are of no use.
    extra_s : array, optional
        Time by which slow steps had delayed each by then [s].

    Returns
    -------
    dict of str to array
        ``taken_s, durable_s, lost_s, step, phase, tier, fate``, by time and tier.
    """
    taken_s = begun.start_s + begun.rows["stall_s"]
    completed = taken_s <= begun.rows["end_s"] + ROUNDING_S
    if extra_s is not None:
        taken_s = taken_s + extra_s
    crash_s = _next_crash_s(log, begun.rows["stretch"])
    tables = [
        _tier(tier, number, begun, taken_s, completed, crash_s, log, plan, chance)
        for number, tier in enumerate(plan.tiers)
    ]
    if len(tables) == 1:
        return tables[0]
    rows = {name: np.concatenate([part[name] for part in tables]) for name in tables[0]}
    order = np.argsort(rows["taken_s"], kind="stable")
    return {name: column[order] for name, column in rows.items()}


def _tier(
    tier: TierPlan,
    number: int,
    begun: Begun,
    taken_s: Column,
    completed: Column,
    crash_s: Column,
    log: Log,
    plan: CheckpointPlan,
    chance: int,
) -> Columns:
    """Those of one tier."""
    held = completed if tier.every == 1 else completed & (begun.rows["ends"] | (begun.rows["number"] % tier.every == 0))
    here = chosen(held)
    rows, step, taken_s = {name: begun.rows[name][here] for name in _USED}, begun.step[here], taken_s[here]
    store = number == 0
    durable_s = whole_s(log, taken_s, rows["write_s"], plan.size_bytes) if store else taken_s + tier.write_s
    write_s = durable_s - taken_s if store and log.rates else rows["write_s"]
    durable_s = np.where(durable_s <= crash_s[here] + ROUNDING_S, durable_s, np.nan)
    draws = uniforms_of(chance, number, rows["stretch"], rows["number"]) if tier.bad else None
    if draws is not None:
        durable_s[(draws < tier.failed) & ~rows["ends"]] = np.nan
    if store:
        _fail_writes(log.write_failures, rows["stall_s"], write_s, taken_s, durable_s)
    lost_s = _lost_s(log.losses, taken_s) if store else _void_s(log.voids, number, taken_s)
    fate = np.where(np.isnan(durable_s), UNWRITTEN, np.where(np.isfinite(lost_s), LOST, KEPT)).astype(np.int8)
    if tier.keep is not None:
        deleted_s = _deleted_s(rows, step, durable_s, tier.keep)
        fate[deleted_s < lost_s] = DELETED
        lost_s = np.minimum(lost_s, deleted_s)
    if draws is not None:
        corrupt = (draws >= tier.failed) & (draws < tier.failed + tier.corrupt) & (fate != UNWRITTEN)
        fate[corrupt] = UNREADABLE
        lost_s[corrupt] = durable_s[corrupt]
    return {
        "taken_s": taken_s,
        "durable_s": durable_s,
        "lost_s": lost_s,
        "step": step,
        "phase": rows["phase"].astype(np.int16),
        "tier": np.full(len(step), number, np.int8),
        "fate": fate,
    }


def _next_crash_s(log: Log, stretch: Column) -> Column:
    """Until the next crash after its stretch a checkpoint can become durable; what is still written then is lost."""
    crashes = table(CrashRow, log.crashes)
    number = np.arange(len(log.stretches))
    next_s: Column = np.append(crashes["t_s"], np.inf)[np.searchsorted(crashes["stretches"], number, side="right")]
    return next_s[stretch]


def _fail_writes(
    failures: Sequence[WriteFailureRow], stall_s: Column, write_s: Column, taken_s: Column, durable_s: Column
) -> None:
    """Take note of the checkpoints that could not be written."""
    longest_s = float((stall_s + write_s).max(initial=0.0)) if failures else 0.0
    for start_s, until_s, _incident in failures:
        low, high = np.searchsorted(taken_s, (start_s - longest_s, until_s + longest_s))
        near = slice(max(int(low) - 1, 0), int(high) + 1)
        failed = fails(taken_s[near], stall_s[near], write_s[near], start_s, until_s)
        durable_s[near][failed] = np.nan


def _lost_s(losses: Sequence[LossRow], taken_s: Column) -> Column:
    """When each checkpoint of the store was lost [s]; infinite for those that were not."""
    lost_s = np.full(len(taken_s), np.inf)
    for loss in losses:
        lost_s[np.abs(taken_s - loss.taken_s).argmin()] = loss.t_s
    return lost_s


def _void_s(voids: Sequence[VoidRow], tier: int, taken_s: Column) -> Column:
    """When a tier next lost all that was in it, after each checkpoint was taken [s]."""
    lost_s = np.array([*(row.t_s for row in voids if row.tier == tier), np.inf])
    next_s: Column = lost_s[np.searchsorted(lost_s, taken_s)]
    return next_s


def _deleted_s(rows: Columns, step: Column, durable_s: Column, keep: int) -> Column:
    """When each checkpoint was deleted because so many newer ones were whole, or written over after a rewind [s]."""
    deleted_s = np.full(len(step), np.inf)
    whole = np.flatnonzero(~np.isnan(durable_s))
    if not len(whole):
        return deleted_s
    place = _places(rows["stretch"][whole], rows["first_step"][whole], step[whole])
    count = len(whole)
    # By place in the row, and in each place as they came; they are nearly so already, which a stable sort makes use of.
    keys = np.sort(place * count + np.arange(count), kind="stable")
    places, came = np.divmod(keys, count)
    arrived_s = durable_s[whole]
    further_on = np.searchsorted(keys, keys + keep * count, side="right")
    # The first that came later to this place in the row, and to the one so many places further on.
    for further, at in ((0, np.arange(1, count + 1)), (keep, further_on)):
        comes = np.append(places, -1)[at] == places + further
        late_s = np.where(comes, arrived_s[np.append(came, 0)[at]], np.inf)
        deleted_s[whole[came]] = np.minimum(deleted_s[whole[came]], late_s)
    return deleted_s


def _places(stretch: Column, first_step: Column, step: Column) -> Column:
    """Place of each checkpoint in the row of those that lead to it, from 0."""
    row: list[int] = []
    lengths: list[int] = []
    begins = np.flatnonzero(np.append(True, np.diff(stretch) != 0))
    steps, first = step.tolist(), first_step[begins].tolist()
    for low, high, began in zip(begins.tolist(), [*begins[1:].tolist(), len(steps)], first, strict=True):
        length = bisect_right(row, began)
        row[length:] = steps[low:high]
        lengths.append(length)
    counts = np.diff(begins, append=len(steps))
    places: Column = np.arange(len(steps)) + np.repeat(np.array(lengths) - begins, counts)
    return places
