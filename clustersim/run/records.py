"""What the engine emits: flat, typed tables. Every metric is a function of these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
Table = Mapping[str, Column]

STATES = (
    "productive", "recompute", "checkpoint", "detect", "restart", "waiting", "rollback", "maintenance", "slowed",
)  # fmt: skip
"""At each moment the job is in exactly one of these; they sum to the wall clock.

A slow step is in its own state (productive, recompute, rollback) for the time it should take, then ``slowed``.
"""

PRODUCTIVE, RECOMPUTE, CHECKPOINT, DETECT, RESTART, WAITING, ROLLBACK, MAINTENANCE, SLOWED = range(len(STATES))

EFFECTS = (
    "crash", "hang", "corrupt", "planned", "slow", "write_failure", "checkpoint_loss", "loss_spike", "preempted",
)  # fmt: skip
"""How an incident shows."""

UNEXPECTED = tuple(EFFECTS.index(name) for name in ("crash", "hang", "corrupt", "loss_spike"))
"""Effects of failures that stop the job."""

STOPPING = (*UNEXPECTED, EFFECTS.index("planned"), EFFECTS.index("preempted"))
"""Effects that stop the job; it trains on through the others."""

HITS = ("job", "spare", "job_down", "unnoticed", "neighbour")
"""What an incident met: the running job, a standby node, a job that was already down; or nobody found it in time; or it
met another job, with which ours shares its spares.

A corruption is unnoticed until it is discovered, a lost checkpoint until a restart wants to load it.
"""

FATES = ("kept", "unwritten", "lost", "deleted", "unreadable")
"""What became of a checkpoint in a tier: it is there to the end; never was whole; was lost by an accident, or with the
nodes that had it; made room for newer ones; or was whole and of no use."""

KEPT, UNWRITTEN, LOST, DELETED, UNREADABLE = range(len(FATES))

NO_CAUSE = -1

PHASE_CHANGE = "phase change"
"""Category of the restarts between two phases of different layout."""

TIME_OF_DAY = "time of day"
DATA_LOADING = "data loading"
"""Category of the steps that take longer in the heat of the day."""

RESIZE = "change of size"
"""Category of the restarts with another number of nodes, or another layout, on a date."""

BAD_CHECKPOINT = "bad checkpoint"
"""Category of the checkpoints that turn out to be unreadable when they are loaded."""

LOSS_SPIKE = "loss spike"
"""Category of the loss spikes that the recipe of the training brings."""

JOB_START = "start of the job"
"""What the first restart is due to."""

Ended = Literal["finished", "deadline", "gave_up"]
"""Why a record stops: all tokens are trained; the deadline or horizon came first; or no end was in sight and the run
had taken twenty times its undisturbed length and a month."""


@dataclass(frozen=True, slots=True)
class Records:
    """One simulated run.

    Attributes
    ----------
    intervals : Table
        ``start_s, end_s, state, part, phase, tokens_start, tokens_end, cause``; sorted, without gaps. ``state`` indexes
        :data:`STATES`, ``part`` indexes ``parts``, ``cause`` is a row of ``incidents`` or -1.
    incidents : Table
        ``t_s, category, node, effect, hits, detect_s, evicted_nodes, manual, skipped_tokens``; ``category`` indexes
        ``categories``.
    checkpoints : Table
        ``taken_s, durable_s, lost_s, step, phase, tier, fate, tokens``, one row for each of the ``tiers`` that was to
        have a checkpoint; ``durable_s`` is NaN for one that was never whole there, ``lost_s`` is when a whole one was
        lost or deleted, or became whole though it cannot be read, and infinite for one that is there. ``fate`` indexes
        :data:`FATES`.
    repairs : Table
        ``queued_s, start_s, end_s, nodes, cause, back_s, retired, failed``; ``back_s`` is when the nodes are back in
        service, or new ones in the place of those that were retired.
    absences : Table
        ``left_s, back_s, nodes, cause`` of nodes that were out of service without being broken; without columns in a
        run in which that cannot be.
    sizes : Table
        ``t_s, nodes``: from each moment on the job has so many nodes, also while some of them are missing. Among the
        :meth:`tables` only where it changes.
    categories, parts, phases, tiers : tuple of str
        Names behind the codes.
    end_s : float
        Wall time at which the record ends [s].
    ended : {"finished", "deadline", "gave_up"}
        Why it ends there: the job trained all its tokens, it ran into its deadline (or the horizon that was asked for),
        or it had neither and was given up because it fails faster than it recovers.
    """

    intervals: Table
    incidents: Table
    checkpoints: Table
    repairs: Table
    sizes: Table
    categories: tuple[str, ...]
    parts: tuple[str, ...]
    phases: tuple[str, ...]
    tiers: tuple[str, ...]
    end_s: float
    ended: Ended
    absences: Table = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether the job trained all its tokens."""
        return self.ended == "finished"

    def tables(self) -> dict[str, Table]:
        """The tables by name, without those that have nothing to say."""
        tables = {
            "intervals": self.intervals,
            "incidents": self.incidents,
            "checkpoints": self.checkpoints,
            "repairs": self.repairs,
            "absences": self.absences,
            "sizes": self.sizes if len(self.sizes["t_s"]) > 1 else {},
        }
        return {name: columns for name, columns in tables.items() if columns}


def table(row: type[NamedTuple], rows: Sequence[tuple[Any, ...]]) -> dict[str, Column]:
    """Rows of one kind as named columns, typed as the fields of the kind are."""
    kinds: dict[str, type] = row.__annotations__
    values = list(zip(*rows, strict=True)) if rows else [()] * len(kinds)
    columns = zip(kinds.items(), values, strict=True)
    return {name: np.fromiter(value, kind, len(rows)) for (name, kind), value in columns}


def chosen(mask: Column) -> Any:
    """Index of the rows where a mask is true: as a rule that is all of them, of which a slice is a view and no copy."""
    return slice(None) if mask.all() else np.flatnonzero(mask)
