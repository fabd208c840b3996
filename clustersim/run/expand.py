"""From the engine's compact log to interval and checkpoint records, in whole arrays."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from clustersim.run.categories import category_names
from clustersim.run.checkpoint_records import Begun, checkpoint_records
from clustersim.run.log import AbsenceRow, IncidentRow, Log, RedoRow, RepairRow, SizeRow, StageRow, StretchRow
from clustersim.run.plan import LOAD, CheckpointPlan, PhasePlan, RestartPart, RunPlan
from clustersim.run.records import (
    CHECKPOINT,
    NO_CAUSE,
    PRODUCTIVE,
    RESTART,
    Column,
    Ended,
    Records,
    chosen,
    table,
)
from clustersim.run.slowing import Slowing

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
    log: Log,
    plan: RunPlan,
    phases: Sequence[PhasePlan],
    parts: tuple[str, ...],
    chance: int,
    end_s: float,
    ended: Ended,
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
    chance : int
        Key of the draws that decide which checkpoints are of no use.
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
        *(chain.from_iterable(map(slowing.slowed, training)) if slowing else training),
        *_stages(_with_ends(table(StageRow, log.stages), stretches, len(phases), end_s), plan, parts, log.sizes),
    ]
    intervals = {name: np.concatenate([piece[name] for piece in pieces]) for name in _INTERVAL}
    order = np.argsort(intervals["start_s"], kind="stable")
    intervals = {name: column.take(order) for name, column in intervals.items()}
    intervals["tokens_start"] = _tokens(phases, intervals.pop("step_start"))
    intervals["tokens_end"] = _tokens(phases, intervals.pop("step_end"))
    return Records(
        intervals=intervals,
        incidents=table(IncidentRow, log.incidents),
        checkpoints=_checkpoints(begun, log, plan.checkpoint, phases, chance, slowing),
        repairs=table(RepairRow, log.repairs),
        sizes=table(SizeRow, log.sizes),
        categories=category_names(plan),
        parts=parts,
        tiers=tuple(tier.name for tier in plan.checkpoint.tiers),
        phases=tuple(phase.name for phase in phases),
        end_s=end_s,
        ended=ended,
        absences=table(AbsenceRow, log.absences) if plan.lends else {},
    )


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
    keep = chosen(long_enough)
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
    return {name: rows[name].take(index) for name in names}, number


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


def _begun_checkpoints(stretches: Columns) -> Begun:
    names = ("start_s", "end_s", "phase", "first_step", "done", "step_time_s", "period_steps", "stall_s", "write_s")
    stalls = stretches["stalls"]
    rows, number = _repeat(stretches, stalls, names)
    done = np.minimum((number + 1) * rows["period_steps"], rows["done"])
    ended = np.repeat(np.where(stretches["done"] == stretches["steps"], stalls, -1), stalls)
    rows |= {
        "stretch": np.repeat(np.arange(len(stalls)), stalls), "number": number + 1, "ends": number + 1 == ended,
    }  # fmt: skip
    start_s = rows["start_s"] + number * rows["stall_s"] + done * rows["step_time_s"]
    return Begun(rows, rows["first_step"] + done, start_s)


def _stalls(rows: Columns, step: Column, start_s: Column) -> Columns:
    end_s = np.minimum(start_s + rows["stall_s"], rows["end_s"])
    return _piece(rows, start_s, end_s, CHECKPOINT, step, step)


def _checkpoints(
    begun: Begun, log: Log, plan: CheckpointPlan, phases: Sequence[PhasePlan], chance: int, slowing: Slowing | None
) -> Columns:
    extra_s = None
    if slowing:
        work_s = (begun.step - begun.rows["first_step"]) * begun.rows["step_time_s"]
        extra_s = slowing.extra_s(begun.rows["stretch"], work_s)
    kept = checkpoint_records(begun, log, plan, chance, extra_s)
    return kept | {"tokens": _tokens(phases, kept["step"])}


def _with_ends(stages: Columns, stretches: Columns, phases: int, end_s: float) -> Columns:
    """Stages with the moment each ended, which is when the next stage or stretch began."""
    next_stage_s = np.append(stages["start_s"][1:], end_s)
    next_stretch_s = np.append(stretches["start_s"], end_s)[stages["stretches"]]
    return stages | {
        "end_s": np.minimum(next_stage_s, next_stretch_s),
        "phase": np.minimum(stages["phase"], phases - 1),
    }


def _stages(stages: Columns, plan: RunPlan, parts: tuple[str, ...], sizes: Sequence[SizeRow]) -> list[Columns]:
    """All other stages; a restart is cut into its parts, in order, as far as it came."""
    restart = stages["state"] == RESTART
    others = {name: column[~restart] for name, column in stages.items()}
    restarts = {name: column[restart] for name, column in stages.items()}
    pieces = [_piece(others, others["start_s"], others["end_s"], others["state"], others["step"], others["step"])]
    at_s, of_size = np.array([row.t_s for row in sizes]), np.array([row.nodes for row in sizes])
    nodes = of_size[np.searchsorted(at_s, restarts["start_s"], side="right") - 1]
    for size in np.unique(nodes).tolist():
        for in_job in (False, True) if restarts["in_job"].any() else (False,):
            chosen = (restarts["in_job"] == in_job) & (nodes == size)
            some = {name: column[chosen] for name, column in restarts.items()}
            pieces += _restarts(some, plan.recovery_with(size).parts(in_job=in_job), parts)
    return pieces


def _restarts(restarts: Columns, made_of: Sequence[RestartPart], parts: tuple[str, ...]) -> Iterator[Columns]:
    """Restarts of one kind, part by part."""
    medians_s = [
        np.where(restarts["load_s"] >= 0.0, restarts["load_s"], part.median_s) if part.name == LOAD else part.median_s
        for part in made_of
    ]
    whole_s = np.maximum(sum(medians_s, np.zeros(len(restarts["start_s"]))), _SHORTEST_S)
    begin_s, until_s = restarts["start_s"], np.zeros(len(whole_s))
    for number, (part, median_s) in enumerate(zip(made_of, medians_s, strict=True), 1):
        until_s = until_s + median_s
        share = until_s / whole_s if number < len(made_of) else 1.0
        end_s = np.minimum(restarts["start_s"] + share * restarts["planned_s"], restarts["end_s"])
        rows = restarts | {"part": np.full(len(begin_s), parts.index(part.name))}
        yield _piece(rows, begin_s, end_s, RESTART, restarts["step"], restarts["step"])
        begin_s = end_s
