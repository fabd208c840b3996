"""Small plans with round numbers, scripted failures, and short ways to read records."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from clustersim.run.failures.clocks import Failure
from clustersim.run.laws import Law
from clustersim.run.plan import (
    CategoryPlan,
    CheckpointPlan,
    IncidentPlan,
    MaintenancePlan,
    PhasePlan,
    RecoveryPlan,
    RestartPart,
    RunPlan,
    SparesPlan,
)
from clustersim.run.records import STATES, Records

DAY_S = 86400.0
NEVER_S = 1e12

RECOVERY = RecoveryPlan(
    crash=Law("constant", 30.0),
    hang_timeout_s=600.0,
    corruption=Law("constant", 200.0),
    loss_spike=Law("constant", 20.0),
    restart_parts=(RestartPart("schedule", 20.0), RestartPart("load", 40.0)),
    restart_sigma=0.0,
    manual_fraction=0.5,
    manual_delay=Law("constant", 500.0),
)
SPARES = SparesPlan(
    hot=0,
    warm=0,
    cold=0,
    warm_swap=Law("constant", 70.0),
    cold_swap=Law("constant", 200.0),
    repair=Law("constant", 1000.0),
    repair_hands=8,
)
NODE = CategoryPlan("node", "host", 4, 1e-9, evict=0.5, hang_fraction=0.5)
RACK = CategoryPlan("rack", "rack", 2, 1e-9, domain_nodes=2, blast_nodes=2, evict=0.5)
CORRUPTION = CategoryPlan("corruption", "gpu", 4, 1e-9, effect="corrupt", evict=0.5)
SPIKE = CategoryPlan("spike", "data", 1, 1e-9, blast_nodes=0, effect="loss_spike", skip_steps=7)
SOFTWARE = CategoryPlan("software", "software", 1, 1e-9, blast_nodes=0)
KILL = CategoryPlan("kill", "software", 1, 0.0, blast_nodes=0, evict=0.0)
SLOW = CategoryPlan("slow", "host", 1, 0.0, blast_nodes=0, evict=0.0, effect="slow", slowdown=2.0,
                    lasts=Law("constant", 40.0))  # fmt: skip
SLOWER = replace(SLOW, name="slower", slowdown=3.0)
SLOW_NODE = replace(SLOW, name="slow node", units=4, blast_nodes=1)
FULL = CategoryPlan("full", "storage", 1, 0.0, blast_nodes=0, effect="write_failure", lasts=Law("constant", 10.0))
LOSS = CategoryPlan("loss", "storage", 1, 0.0, blast_nodes=0, effect="checkpoint_loss")
RECORDED = (KILL, SLOW, SLOWER, SLOW_NODE, FULL, LOSS)
"""Categories that only recorded incidents are of."""


def small_plan(
    *,
    steps: int | tuple[int, ...] = 25,
    categories: tuple[CategoryPlan, ...] = (NODE,),
    write_s: float = 0.0,
    restart_between: bool = False,
    maintenance: tuple[MaintenancePlan, ...] = (),
    deadline_s: float | None = None,
    job_nodes: int = 4,
    incidents: tuple[IncidentPlan, ...] = (),
    **spares: int,
) -> RunPlan:
    """Steps of 10 s, a checkpoint of 5 s every 10 steps, 30 s of detection and 60 s of restart."""
    counts = (steps,) if isinstance(steps, int) else steps
    phases = tuple(
        PhasePlan(f"phase {number}", count, 100.0, 10.0, restart_before=restart_between and number > 0)
        for number, count in enumerate(counts)
    )
    return RunPlan(
        name="small",
        job_nodes=job_nodes,
        gpus_per_node=1,
        phases=phases,
        categories=categories,
        checkpoint=CheckpointPlan(100.0, 5.0, write_s),
        # Draws decide whether a person is called; those of recorded incidents cannot be scripted.
        recovery=replace(RECOVERY, manual_fraction=0.0) if incidents else RECOVERY,
        spares=replace(SPARES, **spares),
        maintenance=maintenance,
        deadline_s=deadline_s,
        incidents=incidents,
    )


def stop_at(t_s: float, duration_s: float = 300.0) -> tuple[MaintenancePlan, ...]:
    """One planned stop."""
    return (MaintenancePlan("stop", NEVER_S, Law("constant", duration_s), True, t_s),)


def recorded(*incidents: tuple[float, CategoryPlan] | tuple[float, CategoryPlan, float]) -> dict[str, Any]:
    """What a plan is given to have incidents at these moments, of these categories, that last so long."""
    rows = (
        IncidentPlan(at_s, RECORDED.index(category), *(map(float, lasts_s)))
        for at_s, category, *lasts_s in sorted(incidents, key=lambda row: row[0])
    )
    return {"categories": RECORDED, "incidents": tuple(rows)}


def failure(
    t_s: float,
    unit: int = 0,
    *,
    evict: bool = True,
    hang: bool = False,
    manual: bool = False,
    repair: float = 0.0,
    place: float = 0.0,
) -> Failure:
    """A failure whose chances are decided: the categories above put every threshold at one half."""
    return Failure(t_s, unit, 0.0 if hang else 0.9, 0.0 if evict else 0.9, 0.0 if manual else 0.9, 0.0, repair, place)


def script(monkeypatch: pytest.MonkeyPatch, **by_category: list[Failure]) -> None:
    """Let the categories fail as written, and the units of the spares with the others."""
    left = dict(by_category)

    def scripted(category: CategoryPlan, *_rest: Any) -> Iterator[Failure]:
        return iter(left.pop(category.name, []))

    monkeypatch.setattr("clustersim.run.engine.failures", scripted)


def timeline(records: Records) -> list[tuple[float, float, str, int]]:
    """Intervals as (start, end, state, cause); the parts of one stage are joined."""
    joined: list[tuple[float, float, str, int]] = []
    rows = (records.intervals[name].tolist() for name in ("start_s", "end_s", "state", "cause"))
    for start_s, end_s, state, cause in zip(*rows, strict=True):
        begin_s = round(start_s, 5)
        if joined and joined[-1][2:] == (STATES[state], cause):
            begin_s = joined.pop()[0]
        joined.append((begin_s, round(end_s, 5), STATES[state], cause))
    return joined


def parts(records: Records) -> list[tuple[float, float, str]]:
    """Intervals that have a part, as (start, end, part)."""
    rows = (records.intervals[name].tolist() for name in ("start_s", "end_s", "part"))
    return [(round(a, 5), round(b, 5), records.parts[part]) for a, b, part in zip(*rows, strict=True) if part]


def digest(records: Records) -> str:
    """Hash of everything in the records, types included."""
    state = hashlib.blake2b(digest_size=16)
    for name, columns in records.tables().items():
        for column, values in columns.items():
            state.update(f"{name}.{column}:{values.dtype.str}:{values.shape}".encode())
            state.update(np.ascontiguousarray(values).tobytes())
    state.update(repr((records.categories, records.parts, records.phases, records.end_s, records.ended)).encode())
    return state.hexdigest()


Simulate = Callable[..., Records]
