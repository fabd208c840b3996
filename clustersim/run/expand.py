"""From the engine's compact log to interval and checkpoint records, in whole arrays."""

from collections.abc import Iterator, Sequence

import numpy as np

from clustersim.run.log import (
    CrashRow,
    IncidentRow,
    Log,
    LossRow,
    RedoRow,
    RepairRow,
    StageRow,
    StretchRow,
    WriteFailureRow,
)
from clustersim.run.plan import PhasePlan, RestartPart, RunPlan
from clustersim.run.progress import ROUNDING_S
from clustersim.run.records import (
    CHECKPOINT,
    NO_CAUSE,
    PHASE_CHANGE,
    PRODUCTIVE,
    RESTART,
    TIME_OF_DAY,
    Column,
    Ended,
    Records,
    table,
)
from clustersim.run.slowing import Slowing
from clustersim.run.storage import fails

NO_PART = ""

_SHORTEST_S = 1e-7
"""Intervals below this are rounding of simulated time, not time."""

_INTERVAL = {
    "start_s": np.float64,
    "end_s": np.float64,
    "state": np.int8,
    "part": np.int8,
    "phase": np.int16,
    "step_start": np.int64,
    "step_end": np.int64,
    "cause": np.int32,
}
Columns = dict[str, Column]


def build_records(
    log: Log, plan: RunPlan, phases: Sequence[PhasePlan], parts: tuple[str, ...], end_s: float, ended: Ended
) -> Records:
    """Records of one run: every work and stall interval of every stretch, and every part of every restart.

    Parameters
    ----------
    log : Log
        What the engine wrote down.
    plan : RunPlan
        The plan.
    phases : sequence of PhasePlan
        Its phases with the step times of this run.
    parts : tuple of str
        Names of the parts of a stage.
    end_s : float
        When the record ends [s].
    ended : {"finished", "deadline", "gave_up"}
        Why it ends there.
    """
    stretches = _with_stalls(table(StretchRow, log.stretches))
    slowing = Slowing(log.paces, stretches) if log.paces else None
    if slowing:
        stretches = stretches | {"end_s": slowing.undisturbed_end_s()}
    begun = _begun_checkpoints(stretches)
    training = [*_work(stretches, table(RedoRow, log.redone)), _broken_steps(stretches), _stalls(*begun)]
    pieces = [
        *(map(slowing.slowed, training) if slowing else training),
        *_stages(_with_ends(table(StageRow, log.stages), stretches, len(phases), end_s), plan, parts),
    ]
    intervals = {name: np.concatenate([piece[name] for piece in pieces]) for name in _INTERVAL}
    order = np.argsort(intervals["start_s"], kind="stable")
    intervals = {name: column[order] for name, column in intervals.items()}
    intervals["tokens_start"] = _tokens(phases, intervals.pop("step_start"))
    intervals["tokens_end"] = _tokens(phases, intervals.pop("step_end"))
    return Records(
        intervals=intervals,
        incidents=table(IncidentRow, log.incidents),
        checkpoints=_checkpoints(stretches, begun, log, phases, slowing),
        repairs=table(RepairRow, log.repairs),
        categories=category_names(plan),
        parts=parts,
        phases=tuple(phase.name for phase in phases),
        end_s=end_s,
        ended=ended,
    )


def category_names(plan: RunPlan) -> tuple[str, ...]:
    """Names behind the categories of incidents: failures, planned stops, and what the run itself brings."""
    own = (PHASE_CHANGE, TIME_OF_DAY) if plan.diurnal else (PHASE_CHANGE,)
    return (*(c.name for c in plan.categories), *(m.name for m in plan.maintenance), *own)


def _tokens(phases: Sequence[PhasePlan], step: Column) -> Column:
    """Tokens trained when so many steps of the job are done."""
    steps = np.cumsum([0, *(phase.steps for phase in phases)])
    tokens: Column = np.interp(step, steps, np.cumsum([0.0, *(phase.tokens for phase in phases)]))
    return tokens


def _with_stalls(stretches: Columns) -> Columns:
    """Stretches with the number of checkpoints that each began."""
    done = stretches["done"]
    whole = done // stretches["period_steps"]
    last = (done == stretches["steps"]) & (done > whole * stretches["period_steps"])
    stretches["stalls"] = whole + last
    return stretches


def _piece(rows: Columns, start_s: Column, end_s: Column, state: Column | int, first: Column, last: Column) -> Columns:
    """Intervals as typed columns, without those that have no length; phase, part and cause are those of the rows."""
    long_enough = end_s > start_s + _SHORTEST_S
    # Nearly always all of them; a slice is a view where an index would be a copy.
    keep = slice(None) if long_enough.all() else np.flatnonzero(long_enough)
    size = int(np.count_nonzero(long_enough))
    columns = {
        "start_s": start_s, "end_s": end_s, "state": state, "part": rows.get("part", 0), "phase": rows["phase"],
        "step_start": first, "step_end": last, "cause": rows.get("cause", NO_CAUSE),
    }  # fmt: skip
    return {
        name: value[keep].astype(_INTERVAL[name], copy=False)
        if isinstance(value, np.ndarray)
        else np.full(size, value, _INTERVAL[name])
        for name, value in columns.items()
    }


def _repeat(rows: Columns, counts: Column, names: Sequence[str]) -> tuple[Columns, Column]:
    """Each row so many times, and which of its copies each is."""
    index = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(index)) - (np.cumsum(counts) - counts)[index]
    return {name: rows[name][index] for name in names}, number


def _work(stretches: Columns, redone: Columns) -> list[Columns]:
    """Steps that were trained before and lost, and new ones, cut at the checkpoints."""
    last_step = stretches["first_step"] + stretches["done"]
    last_redone = stretches["first_step"].copy()
    last_redone[redone["stretch"]] = redone["last_step"]
    new = {"stretch": np.arange(len(last_step)), "first_step": last_redone, "last_step": last_step}
    return [_spans(stretches, redone, redone["state"]), _spans(stretches, new, PRODUCTIVE)]


def _spans(stretches: Columns, spans: Columns, state: Column | int) -> Columns:
    """Work from one step of a stretch to another, cut at the checkpoints."""
    rows = {name: stretches[name][spans["stretch"]] for name in ("start_s", "end_s", "phase", "first_step")}
    rows |= {name: stretches[name][spans["stretch"]] for name in ("step_time_s", "period_steps", "stall_s")}
    rows["low"] = spans["first_step"] - rows["first_step"]
    rows["high"] = spans["last_step"] - rows["first_step"]
    rows["cycle"] = rows["low"] // rows["period_steps"]
    rows["state"] = np.broadcast_to(state, rows["low"].shape)
    rows["cause"] = spans.get("cause", np.full(len(rows["low"]), NO_CAUSE))
    cycles = -(-rows["high"] // rows["period_steps"]) - rows["cycle"]
    rows, number = _repeat(rows, cycles, tuple(rows))
    cycle = rows["cycle"] + number
    low = np.maximum(rows["low"], cycle * rows["period_steps"])
    high = np.minimum(rows["high"], (cycle + 1) * rows["period_steps"])
    stalled_s = rows["start_s"] + cycle * rows["stall_s"]
    start_s = stalled_s + low * rows["step_time_s"]
    end_s = np.minimum(stalled_s + high * rows["step_time_s"], rows["end_s"])
    return _piece(rows, start_s, end_s, rows["state"], rows["first_step"] + low, rows["first_step"] + high)


def _broken_steps(stretches: Columns) -> Columns:
    """The step that was under way when a stretch ended."""
    start_s = (
        stretches["start_s"] + stretches["done"] * stretches["step_time_s"] + stretches["stalls"] * stretches["stall_s"]
    )
    step = stretches["first_step"] + stretches["done"]
    rows = stretches | {"cause": stretches["broken_cause"]}
    return _piece(rows, start_s, stretches["end_s"], stretches["broken_state"], step, step)


def _begun_checkpoints(stretches: Columns) -> tuple[Columns, Column, Column]:
    """One row per checkpoint that was begun, the step at which it was taken, and when its stall began [s]."""
    names = ("start_s", "end_s", "phase", "first_step", "done", "step_time_s", "period_steps", "stall_s", "write_s")
    rows, number = _repeat(stretches, stretches["stalls"], names)
    done = np.minimum((number + 1) * rows["period_steps"], rows["done"])
    return rows, rows["first_step"] + done, rows["start_s"] + number * rows["stall_s"] + done * rows["step_time_s"]


def _stalls(rows: Columns, step: Column, start_s: Column) -> Columns:
    end_s = np.minimum(start_s + rows["stall_s"], rows["end_s"])
    return _piece(rows, start_s, end_s, CHECKPOINT, step, step)


def _checkpoints(
    stretches: Columns,
    begun: tuple[Columns, Column, Column],
    log: Log,
    phases: Sequence[PhasePlan],
    slowing: Slowing | None,
) -> Columns:
    """Checkpoints whose stall was completed, when each became durable, and when it was lost."""
    # Until a stretch's next crash its checkpoints can become durable; those that are still being written then are lost.
    crashes = table(CrashRow, log.crashes)
    number = np.arange(len(stretches["start_s"]))
    next_crash = np.searchsorted(crashes["stretches"], number, side="right")
    rows, step, start_s = begun
    until_s = np.append(crashes["t_s"], np.inf)[np.repeat(next_crash, stretches["stalls"])]
    taken_s = start_s + rows["stall_s"]
    completed = taken_s <= rows["end_s"] + ROUNDING_S
    if slowing:
        work_s = (step - rows["first_step"]) * rows["step_time_s"]
        taken_s = taken_s + slowing.extra_s(np.repeat(number, stretches["stalls"]), work_s)
    durable_s = taken_s + rows["write_s"]
    durable_s = np.where(durable_s <= until_s + ROUNDING_S, durable_s, np.nan)
    _fail_writes(log.write_failures, rows, taken_s, durable_s)
    taken = slice(None) if completed.all() else completed
    return {
        "taken_s": taken_s[taken],
        "durable_s": durable_s[taken],
        "lost_s": _lost_s(log.losses, taken_s)[taken],
        "step": step[taken],
        "tokens": _tokens(phases, step[taken]),
        "phase": rows["phase"][taken].astype(np.int16),
    }


def _fail_writes(failures: Sequence[WriteFailureRow], rows: Columns, taken_s: Column, durable_s: Column) -> None:
    """Take note of the checkpoints that could not be written."""
    longest_s = float((rows["stall_s"] + rows["write_s"]).max(initial=0.0))
    for start_s, until_s, _incident in failures:
        low, high = np.searchsorted(taken_s, (start_s - longest_s, until_s + longest_s))
        near = slice(max(int(low) - 1, 0), int(high) + 1)
        failed = fails(taken_s[near], rows["stall_s"][near], rows["write_s"][near], start_s, until_s)
        durable_s[near][failed] = np.nan


def _lost_s(losses: Sequence[LossRow], taken_s: Column) -> Column:
    """When each checkpoint was lost [s]; infinite for those that were not."""
    lost_s = np.full(len(taken_s), np.inf)
    for loss in losses:
        lost_s[np.abs(taken_s - loss.taken_s).argmin()] = loss.t_s
    return lost_s


def _with_ends(stages: Columns, stretches: Columns, phases: int, end_s: float) -> Columns:
    """Stages with the moment each ended, which is when the next stage or stretch began."""
    next_stage_s = np.append(stages["start_s"][1:], end_s)
    next_stretch_s = np.append(stretches["start_s"], end_s)[stages["stretches"]]
    return stages | {
        "end_s": np.minimum(next_stage_s, next_stretch_s),
        "phase": np.minimum(stages["phase"], phases - 1),
    }


def _stages(stages: Columns, plan: RunPlan, parts: tuple[str, ...]) -> list[Columns]:
    """All other stages; a restart is cut into its parts, in order, as far as it came."""
    restart = stages["state"] == RESTART
    others = {name: column[~restart] for name, column in stages.items()}
    restarts = {name: column[restart] for name, column in stages.items()}
    pieces = [_piece(others, others["start_s"], others["end_s"], others["state"], others["step"], others["step"])]
    for in_job in (False, True) if restarts["in_job"].any() else (False,):
        some = {name: column[restarts["in_job"] == in_job] for name, column in restarts.items()}
        pieces += _restarts(some, plan.recovery.parts(in_job=in_job), parts)
    return pieces


def _restarts(restarts: Columns, made_of: Sequence[RestartPart], parts: tuple[str, ...]) -> Iterator[Columns]:
    """Restarts of one kind, part by part."""
    medians_s = [part.median_s for part in made_of]
    edges = np.cumsum([0.0, *medians_s]) / max(sum(medians_s), _SHORTEST_S)
    edges[-1] = 1.0
    for part, low, high in zip(made_of, edges[:-1], edges[1:], strict=True):
        start_s = restarts["start_s"] + low * restarts["planned_s"]
        end_s = np.minimum(restarts["start_s"] + high * restarts["planned_s"], restarts["end_s"])
        rows = restarts | {"part": np.full(len(start_s), parts.index(part.name))}
        yield _piece(rows, start_s, end_s, RESTART, restarts["step"], restarts["step"])
