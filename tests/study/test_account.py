"""The account of GPU-hours adds up, by kind and by cause."""

from dataclasses import replace

import pytest

from clustersim.scenario.schema.bill import Bill
from clustersim.study.account import gpu_hours_account
from clustersim.study.ensemble import Ensemble
from clustersim.study.replication import Task, replicate
from tests.run.plans import SPARES
from tests.run.test_determinism import busy_plan

PLAN = busy_plan(SPARES)
RUNS = replicate(Task(PLAN, 3, (0, 1, 2), ()))
ACCOUNT = gpu_hours_account(Ensemble(PLAN, 3, tuple(RUNS)), Bill(), 32)


def mean(name: str) -> float:
    return float(ACCOUNT[name]["mean"])


def test_the_account_adds_up() -> None:
    wall_hours = sum(run.wall_s for run in RUNS) / 3600.0 / len(RUNS)
    assert mean("job") == pytest.approx(32 * wall_hours)
    assert mean("undisturbed") + mean("lost") == pytest.approx(mean("job"))
    assert mean("job") + mean("standby") == pytest.approx(mean("reserved"))
    assert mean("reserved") == pytest.approx(PLAN.nodes * PLAN.gpus_per_node * wall_hours)
    for rows in ("lost_by_kind", "lost_by_cause"):
        means = [row["gpu_hours"]["mean"] for row in ACCOUNT[rows]]
        assert sum(means) == pytest.approx(mean("lost"), rel=1e-6)
        assert means == sorted(means, reverse=True)


def test_waits_are_told_by_what_they_were_for_and_restarts_whole() -> None:
    kinds = {(row["state"], row["part"]) for row in ACCOUNT["lost_by_kind"]}
    assert ("restart", "") in kinds
    assert {part for state, part in kinds if state == "waiting"} <= {"people", "spares", "repair"}
    assert ("waiting", "") not in kinds
    assert "productive" not in {state for state, _ in kinds}


def test_what_has_no_part_is_not_forgotten() -> None:
    runs = tuple(
        replace(run, full_size=replace(run.full_size, parts_by_state_s={"waiting": {"people": 1.0}})) for run in RUNS
    )
    account = gpu_hours_account(Ensemble(PLAN, 3, runs), Bill(), 32)
    waits = [row for row in account["lost_by_kind"] if row["state"] == "waiting"]
    assert [row["part"] for row in waits] == ["", "people"]
    assert sum(row["gpu_hours"]["mean"] for row in account["lost_by_kind"]) == pytest.approx(mean("lost"), rel=1e-6)
