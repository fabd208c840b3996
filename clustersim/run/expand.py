"""From the engine's compact log to interval and checkpoint records, in whole arrays."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clustersim.run.plan import RunPlan
from clustersim.run.records import CHECKPOINT, NO_CAUSE, PRODUCTIVE, RECOMPUTE, RESTART, Column, Records, table

NO_PART = ""

_STRETCH = {
    "start_s": float, "end_s": float, "phase": int, "first_step": int, "steps": int, "done": int, "step_time_s": float,
    "period": int, "stall_s": float, "write_s": float, "high_water": int, "redo_state": int, "redo_cause": int, "ended_by": int,
    "durable_until_s": float,
}  # fmt: skip
_STAGE = {"start_s": float, "end_s": float, "state": int, "part": int, "phase": int, "step": int, "cause": int, "planned_s": float}
_INCIDENT = {
    "t_s": float, "category": int, "node": int, "effect": int, "hits": int, "detect_s": float, "evicted_nodes": int, "manual": bool,
}  # fmt: skip
_REPAIR = {"queued_s": float, "start_s": float, "end_s": float, "nodes": int, "cause": int}
_INTERVAL = ("start_s", "end_s", "state", "part", "phase", "step_start", "step_end", "cause")


@dataclass(slots=True)
class Log:
    """Rows as the engine appends them: one for each stretch of training, each other stage, incident and repair."""

    stretches: list[tuple[Any, ...]] = field(default_factory=list)
    stages: list[tuple[Any, ...]] = field(default_factory=list)
    incidents: list[tuple[Any, ...]] = field(default_factory=list)
    repairs: list[tuple[Any, ...]] = field(default_factory=list)


def build_records(log: Log, plan: RunPlan, parts: tuple[str, ...], end_s: float, finished: bool) -> Records:
    """Records of one run: every work and stall interval of every stretch, and every part of every restart."""
    stretches = table(_STRETCH, log.stretches)
    pieces = [*_training(stretches), _stages(table(_STAGE, log.stages), plan, parts)]
    rows = {name: np.concatenate([piece[name] for piece in pieces]) for name in _INTERVAL}
    keep = rows["end_s"] > rows["start_s"]
    order = np.argsort(rows["start_s"][keep], kind="stable")
    intervals = {name: column[keep][order] for name, column in rows.items()}
    steps, tokens = _token_axis(plan)
    return Records(
        intervals={
            "start_s": intervals["start_s"],
            "end_s": intervals["end_s"],
            "state": intervals["state"].astype(np.int8),
            "part": intervals["part"].astype(np.int8),
            "phase": intervals["phase"].astype(np.int16),
            "tokens_start": np.interp(intervals["step_start"], steps, tokens),
            "tokens_end": np.interp(intervals["step_end"], steps, tokens),
            "cause": intervals["cause"].astype(np.int32),
        },
        incidents=table(_INCIDENT, log.incidents),
        checkpoints=_checkpoints(stretches, steps, tokens),
        repairs=table(_REPAIR, log.repairs),
        categories=tuple(c.name for c in plan.categories) + tuple(m.name for m in plan.maintenance) + ("phase change",),
        parts=parts,
        phases=tuple(phase.name for phase in plan.phases),
        end_s=end_s,
        finished=finished,
    )


def _token_axis(plan: RunPlan) -> tuple[Column, Column]:
    """Steps and tokens at the phase boundaries."""
    steps = np.cumsum([0] + [phase.steps for phase in plan.phases])
    tokens = np.cumsum([0.0] + [phase.tokens for phase in plan.phases])
    return steps.astype(float), tokens


def _cycles(stretches: dict[str, Column]) -> tuple[dict[str, Column], Column]:
    """One row per begun cycle of each stretch, and the number of the cycle in its stretch."""
    cycle_s = stretches["period"] * stretches["step_time_s"] + stretches["stall_s"]
    planned = -(-stretches["steps"] // np.maximum(stretches["period"], 1))
    begun = np.minimum(((stretches["end_s"] - stretches["start_s"]) / cycle_s).astype(int) + 1, planned)
    rows = {name: np.repeat(column, begun) for name, column in stretches.items()}
    rows["cycle_s"] = np.repeat(cycle_s, begun)
    first_row = np.repeat(np.cumsum(begun) - begun, begun)
    return rows, np.arange(len(first_row)) - first_row


def _training(stretches: dict[str, Column]) -> list[dict[str, Column]]:
    """Redone, new and unfinished work and checkpoint stalls of all stretches."""
    rows, number = _cycles(stretches)
    start_s = rows["start_s"] + number * rows["cycle_s"]
    step = rows["first_step"] + number * rows["period"]
    planned = np.minimum(rows["period"], rows["steps"] - number * rows["period"])
    done = np.clip(rows["done"] - number * rows["period"], 0, planned)
    redone = np.clip(rows["high_water"] - step, 0, done)
    redo_end_s = np.minimum(start_s + redone * rows["step_time_s"], rows["end_s"])
    work_end_s = np.minimum(start_s + done * rows["step_time_s"], rows["end_s"])
    whole = done == planned
    stall_end_s = np.where(whole, np.minimum(work_end_s + rows["stall_s"], rows["end_s"]), work_end_s)
    broken_end_s = np.where(whole, work_end_s, rows["end_s"])

    def piece(begin_s: Column, end_s: Column, state: Any, first: Column, last: Column, cause: Any) -> dict[str, Column]:
        size = len(begin_s)
        return dict(
            zip(
                _INTERVAL,
                (
                    begin_s, end_s, np.broadcast_to(state, size), np.zeros(size, dtype=int), rows["phase"], first, last,
                    np.broadcast_to(cause, size),
                ),
                strict=True,
            )
        )  # fmt: skip

    return [
        piece(start_s, redo_end_s, rows["redo_state"], step, step + redone, rows["redo_cause"]),
        piece(redo_end_s, work_end_s, PRODUCTIVE, step + redone, step + done, NO_CAUSE),
        piece(work_end_s, broken_end_s, RECOMPUTE, step + done, step + done, rows["ended_by"]),
        piece(work_end_s, stall_end_s, CHECKPOINT, step + done, step + done, NO_CAUSE),
    ]


def _stages(stages: dict[str, Column], plan: RunPlan, parts: tuple[str, ...]) -> dict[str, Column]:
    """All other stages; a restart is cut into its parts, in order, as far as it came."""
    restart = stages["state"] == RESTART
    others = {name: column[~restart] for name, column in stages.items()}
    restarts = {name: column[restart] for name, column in stages.items()}
    medians_s = [part.median_s for part in plan.recovery.restart_parts]
    total_s = sum(medians_s)
    pieces = [others]
    if total_s > 0.0:
        edges = np.cumsum([0.0, *medians_s]) / total_s
        edges[-1] = 1.0
        for name, low, high in zip((p.name for p in plan.recovery.restart_parts), edges[:-1], edges[1:], strict=True):
            begin_s = restarts["start_s"] + low * restarts["planned_s"]
            end_s = restarts["start_s"] + high * restarts["planned_s"]
            pieces.append(
                restarts
                | {
                    "start_s": np.minimum(begin_s, restarts["end_s"]),
                    "end_s": np.minimum(end_s, restarts["end_s"]),
                    "part": np.full(len(begin_s), parts.index(name)),
                }
            )
    rows = {name: np.concatenate([piece[name] for piece in pieces]) for name in stages}
    return {
        "start_s": rows["start_s"], "end_s": rows["end_s"], "state": rows["state"], "part": rows["part"], "phase": rows["phase"],
        "step_start": rows["step"], "step_end": rows["step"], "cause": rows["cause"],
    }  # fmt: skip


def _checkpoints(stretches: dict[str, Column], steps: Column, tokens: Column) -> dict[str, Column]:
    """Checkpoints whose stall was completed, and when each became durable."""
    rows, number = _cycles(stretches)
    planned = np.minimum(rows["period"], rows["steps"] - number * rows["period"])
    taken_s = rows["start_s"] + number * rows["cycle_s"] + planned * rows["step_time_s"] + rows["stall_s"]
    durable_s = taken_s + rows["write_s"]
    step = rows["first_step"] + number * rows["period"] + planned
    taken = taken_s <= rows["end_s"]
    return {
        "taken_s": taken_s[taken],
        "durable_s": np.where(durable_s <= rows["durable_until_s"], durable_s, np.nan)[taken],
        "step": step[taken],
        "tokens": np.interp(step[taken], steps, tokens),
        "phase": rows["phase"][taken].astype(np.int16),
    }
