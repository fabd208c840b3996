"""What the engine writes down while it runs: one row for each thing that happens, expanded into records at the end."""

from dataclasses import dataclass, field
from typing import NamedTuple


class StretchRow(NamedTuple):
    """Training between two disturbances."""

    start_s: float
    end_s: float
    phase: int
    first_step: int
    steps: int
    """Steps the stretch was to have."""
    done: int
    """Whole steps it had."""
    broken_state: int
    """State and cause of the step that was under way when it ended."""
    broken_cause: int
    step_time_s: float
    """Its rhythm, as in :class:`clustersim.run.progress.Rhythm`."""
    period_steps: int
    stall_s: float
    write_s: float


class RedoRow(NamedTuple):
    """Steps of a stretch that were trained before and lost."""

    stretch: int
    first_step: int
    last_step: int
    state: int
    cause: int


class StageRow(NamedTuple):
    """Any other state of the job, as it begins; it ends when the next stage or stretch begins."""

    start_s: float
    state: int
    part: int
    phase: int
    step: int
    cause: int
    planned_s: float
    stretches: int
    """Stretches logged by then."""
    in_job: bool = False
    """Whether it is a restart inside the job."""
    load_s: float = -1.0
    """Median time to load the checkpoint in it, where it is not that of the plan."""


class IncidentRow(NamedTuple):
    """Something that broke, or a planned stop."""

    t_s: float
    category: int
    node: int
    effect: int
    hits: int
    detect_s: float
    evicted_nodes: int
    manual: bool
    skipped_tokens: float = 0.0
    """Data left out because of it."""


class RepairRow(NamedTuple):
    """One visit to the repair shop."""

    queued_s: float
    start_s: float
    end_s: float
    nodes: int
    cause: int
    back_s: float
    """When the nodes, or new ones in their place, are back."""
    retired: bool
    failed: bool
    """Whether the node is still broken."""


class AbsenceRow(NamedTuple):
    """Good nodes that are out of service for a while."""

    left_s: float
    back_s: float
    nodes: int
    cause: int


class CrashRow(NamedTuple):
    """A moment at which checkpoints that were still being written were lost."""

    stretches: int
    """Stretches logged by then."""
    t_s: float


class PaceRow(NamedTuple):
    """From a moment on the steps of a stretch take ``slowdown`` times as long; the last row of a stretch is its end."""

    stretch: int
    at_s: float
    work_s: float
    """Time of the steps done by then, parts of a step included, had none been slowed."""
    extra_s: float
    """Time by which they took longer."""
    slowdown: float
    cause: int


class WriteFailureRow(NamedTuple):
    """A time in which no checkpoint can be written."""

    start_s: float
    until_s: float
    incident: int


class RateRow(NamedTuple):
    """From here on checkpoints are written at this rate."""

    t_s: float
    rate_bytes_s: float
    before_bytes: float
    """What could have been written by then."""


class VoidRow(NamedTuple):
    """A tier loses all the checkpoints that are in it."""

    t_s: float
    tier: int


class LossRow(NamedTuple):
    """A complete checkpoint in the store is lost."""

    t_s: float
    taken_s: float
    """When it was taken."""


class SizeRow(NamedTuple):
    """From here on the job has so many nodes."""

    t_s: float
    nodes: int


@dataclass(slots=True)
class Log:
    """All rows of one run."""

    stretches: list[StretchRow] = field(default_factory=list)
    redone: list[RedoRow] = field(default_factory=list)
    stages: list[StageRow] = field(default_factory=list)
    incidents: list[IncidentRow] = field(default_factory=list)
    repairs: list[RepairRow] = field(default_factory=list)
    absences: list[AbsenceRow] = field(default_factory=list)
    crashes: list[CrashRow] = field(default_factory=list)
    paces: list[PaceRow] = field(default_factory=list)
    write_failures: list[WriteFailureRow] = field(default_factory=list)
    losses: list[LossRow] = field(default_factory=list)
    rates: list[RateRow] = field(default_factory=list)
    voids: list[VoidRow] = field(default_factory=list)
    sizes: list[SizeRow] = field(default_factory=list)

    def strike(self, t_s: float, category: int, effect: int, hits: int, nodes: int = 0) -> int:
        """Write down an incident of which no more is known yet, but how many nodes leave for it; returns its number."""
        self.incidents.append(IncidentRow(t_s, category, -1, effect, hits, 0.0, nodes, False))
        return len(self.incidents) - 1
