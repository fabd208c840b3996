"""Broken runs against their simulation, on measurements made by hand whose outcome can be added up."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clustersim.calibration.rows import TableError
from clustersim.study.faults import (
    COLUMNS,
    FaultComparison,
    broken_run_cases,
    fault_cases,
    fault_rows,
    fault_summary,
)
from clustersim.study.faults.measurement import Law

STEPS, EVERY, STEP_S = 80, 8, 0.25
WORK_S = STEPS * STEP_S
"""20 s. The job starts in 4 s; a cycle is 2 s of work and a checkpoint of 0.5 s: undisturbed it ends after 29 s."""

PARTS = {"schedule": [0.5], "init": [2.0], "collectives": [0.5], "load": [0.5], "warmup": [0.5]}

CALIBRATION: dict[str, Any] = {
    "step_time_s": STEP_S,
    "checkpoint_stall_s": 0.5,
    "checkpoint_persist_s": 0.45,
    "checkpoint_bytes": 5e7,
    "async_checkpoint_stall_s": 0.2,
    "async_checkpoint_persist_s": 1.0,
    "async_checkpoint_bytes": 5e7,
    "detection_s": [1.0],
    "restart_s": [4.0],
    "restart_parts": PARTS,
    "slowdown": 2.0,
}


def config(mode: str) -> dict[str, Any]:
    """Tables of a job."""
    return {
        "model": {"layers": 4, "hidden": 256, "heads": 4, "kv_heads": 4, "ffn_hidden": 768, "vocab": 2048},
        "train": {"sequence_length": 256, "micro_batch": 2, "global_batch": 4, "precision": "fp32", "steps": STEPS},
        "parallel": {"data": 2, "tensor": 1, "pipeline": 1, "data_kind": "ddp", "threads": 1},
        "checkpoint": {"every_steps": EVERY, "mode": mode},
    }


def run(wall_s: float, lost_steps: int, *incidents: dict[str, Any], mode: str = "blocking") -> dict[str, Any]:
    """A run whose one repeat took so long."""
    repeat = {
        "date": "2026-01-01",
        "wall_s": wall_s,
        "ettr": WORK_S / wall_s,
        "lost_steps": lost_steps,
        "unplanned_ends": 0,
        "disturbed": False,
        "struck": [{**one, "lasted_s": one.get("lasts_s", 0.0)} for one in incidents],
    }
    return {
        "name": ", ".join(incident["category"] for incident in incidents) or "quiet",
        "config": config(mode),
        "hang_timeout_s": 6.0,
        "incidents": list(incidents),
        "repeats": [repeat],
    }


def incident(at_s: float, category: str, **more: float) -> dict[str, Any]:
    return {"at_s": at_s, "category": category, "rank": 1, **more}


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Write a measurement: ``file(run, run, random=..., step_time_s=...)``."""

    def write(*runs: dict[str, Any], random: dict[str, Any] | None = None, **calibration: Any) -> Path:
        tree = {
            "schema": 1,
            "kind": "faults",
            "environment": {"name": "a machine"},
            "calibration": {**CALIBRATION, **calibration},
            "scenarios": list(runs),
            "random": random or {},
        }
        path = tmp_path / "faults.json"
        path.write_text(json.dumps(tree))
        return path

    return write


# Five steps and 0.05 s into the fifth cycle: 1.3 s lost, 1 s to see it, 4 s to restart.
KILL = run(29.0 + 1.3 + 1.0 + 4.0, 5, incident(15.3, "kill"))

ADDED_UP = [
    run(29.0, 0),
    KILL,
    # The silence that is waited for comes on top.
    run(29.0 + 1.3 + 7.0 + 4.0, 5, incident(15.3, "hang")),
    # The second strikes 2 s into the restart.
    run(29.0 + 1.3 + 1.0 + 2.0 + 1.0 + 4.0, 5, incident(15.3, "kill"), incident(18.3, "kill")),
    # What strikes while nobody has noticed yet strikes nothing.
    run(29.0 + 1.3 + 1.0 + 4.0, 5, incident(15.3, "kill"), incident(15.8, "kill")),
    # Two whole cycles, a checkpoint between them: nine steps and a stall until it ends, each 0.25 s longer.
    run(29.0 + 9 * 0.25, 0, incident(8.95, "straggler", lasts_s=5.05)),
    # Checkpoints of 14.0 and 16.5 are missing: back to that of 11.5.
    run(29.0 + 6.5 + 1.0 + 4.0, 22, incident(13.0, "disk full", lasts_s=6.0), incident(18.0, "kill")),
    # Back past the checkpoint of 14.0 to that of 11.5.
    run(29.0 + 3.8 + 1.0 + 4.0, 13, incident(15.25, "bad checkpoint"), incident(15.3, "kill")),
    # Cycles of 2.2 s; the checkpoint of 12.8 is not yet durable at 13.3: back to that of 10.6. The last is waited for.
    run(4.0 + 20.0 + 2.0 + 1.0 + 2.7 + 1.0 + 4.0, 10, incident(13.3, "kill"), mode="async"),
]


@pytest.mark.parametrize("broken", ADDED_UP, ids=lambda broken: broken["name"])
def test_the_simulation_finds_what_can_be_added_up(broken: dict[str, Any], file: Callable[..., Path]) -> None:
    (found,) = fault_cases(file(broken))
    assert found.simulated_ettr == pytest.approx(found.measured_ettr, abs=1e-4)
    assert found.simulated_lost_steps == pytest.approx(found.measured_lost_steps)
    assert found.difference_points == pytest.approx(0.0, abs=0.01)
    assert found.inside


def test_a_difference_of_more_than_two_points_does_not_agree(file: Callable[..., Path]) -> None:
    off = {**KILL, "repeats": [{**KILL["repeats"][0], "ettr": 20.0 / 35.3 + shift} for shift in (0.02, 0.028)]}
    (found,) = fault_cases(file(off))
    assert found.measured_ettr == pytest.approx(20.0 / 35.3 + 0.024)
    assert found.difference_points == pytest.approx(-2.4)
    assert not found.inside
    assert fault_summary([found]) == (
        "simulated ETTR within 2 points of measured in 0 of 1 runs with known incidents, -2.4 at worst (kill)"
    )


@pytest.mark.parametrize(
    "changed",
    [{"unplanned_ends": 1}, {"struck": []}, {"disturbed": True}],
    ids=["died by itself", "not struck", "busy machine"],
)
def test_repeats_that_did_not_go_as_planned_are_left_out(changed: dict[str, Any], file: Callable[..., Path]) -> None:
    spoilt = {**KILL["repeats"][0], "ettr": 0.1, **changed}
    (found,) = fault_cases(file({**KILL, "repeats": [spoilt, *KILL["repeats"]]}))
    assert found.measured_ettrs == pytest.approx([20.0 / 35.3])
    assert found.note == "1 of 2 repeats left out"
    alone = [one.note for one in fault_cases(file({**KILL, "repeats": [spoilt]}))]
    assert alone == (["others used the machine"] if "disturbed" in changed else [])


def test_a_run_may_be_over_before_an_incident_is_due(file: Callable[..., Path]) -> None:
    # The simulated run takes longer than the real one, and is not struck by what did not happen all the same.
    quick = {**KILL["repeats"][0], "wall_s": 30.0}
    late = {**KILL, "repeats": [quick], "incidents": [*KILL["incidents"], incident(31.0, "kill")]}
    (plain,), (found,) = fault_cases(file(KILL)), fault_cases(file(late))
    assert (found.measured_ettr, found.simulated_ettr) == pytest.approx((plain.measured_ettr, plain.simulated_ettr))


def test_each_repeat_is_simulated_with_what_struck_it(file: Callable[..., Path]) -> None:
    (first,) = KILL["repeats"]
    second = {**first, "ettr": WORK_S / 35.0, "lost_steps": 4}
    second["struck"] = [{**first["struck"][0], "at_s": 15.0}]
    (found,) = fault_cases(file({**KILL, "repeats": [first, second]}))
    assert found.simulated_ettr == pytest.approx(found.measured_ettr, abs=1e-4)
    assert (found.simulated_lost_steps, found.measured_lost_steps) == (4.5, 4.5)


def random_run(*ettrs: float) -> dict[str, Any]:
    fields = {
        "date": "2026-01-01",
        "wall_s": 29.0,
        "lost_steps": 3,
        "unplanned_ends": 0,
        "struck": [],
        "disturbed": False,
    }
    repeats = [{**fields, "ettr": ettr} for ettr in ettrs]
    return {**run(29.0, 0), "repeats": repeats, "interval_s": 12.0, "seed": 0}


def test_random_kills_are_simulated_from_their_rate(file: Callable[..., Path]) -> None:
    found = fault_cases(file(random=random_run(0.45, 20.0 / 29.0 + 0.01)))
    assert [one.name for one in found] == ["random kills of 2026-01-01, run 1", "random kills of 2026-01-01, run 2"]
    first, second = found
    # Nothing is killed in e^(-29/12) = 9 % of the runs, so the upper end is the undisturbed run.
    assert first.high == pytest.approx(20.0 / 29.0)
    assert 0.2 < first.low < 0.4
    assert (first.inside, second.inside) == (True, False)
    assert fault_summary(found) == "inside the 90 % interval in 1 of 2 random runs"


def test_spread_makes_an_interval_and_keeps_the_mean(file: Callable[..., Path]) -> None:
    spread = {"restart_s": [3.0, 5.0], "detection_s": [0.5, 1.5]}
    (found,) = fault_cases(file(run(35.3, 5, incident(15.3, "kill")), **spread))
    assert found.low < found.simulated_ettr < found.high
    law = Law(4.0, 0.5)
    assert law.median_s == pytest.approx(4.0 * 2.718281828**-0.125)


def test_a_straggler_that_slows_nothing_is_none(file: Callable[..., Path]) -> None:
    (found,) = fault_cases(file(run(29.0, 0, incident(9.0, "straggler", lasts_s=5.0)), slowdown=0.97))
    assert found.simulated_ettr == pytest.approx(20.0 / 29.0)


def test_rows_and_cases(file: Callable[..., Path]) -> None:
    path = file(KILL, random=random_run(0.45))
    rows = list(fault_rows(fault_cases(path)))
    assert all(len(row) == len(COLUMNS) for row in rows)
    assert rows[0] == ("kill", "56.7%", "56.7%", "56.7% - 56.7%", "+0.0", "5.0 / 5.0", "yes")
    known, random = broken_run_cases(path)
    assert (known.group, known.name, known.source) == ("killed runs: incidents known", "kill: ETTR", "faults.json")
    assert (known.tolerance, known.has_interval, known.inside) == (0.02, False, True)
    assert (random.group, random.tolerance, random.has_interval, random.inside) == (
        "killed runs: rate alone known",
        None,
        True,
        True,
    )


def test_a_comparison_knows_its_verdict() -> None:
    one = FaultComparison("a", "random", 0.5, (0.5,), 0.6, 0.51, 0.7, 0.0, 0.0)
    assert not one.inside
    assert one.difference_points == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"step_time_s": 0.0}, "calibration.step_time_s: 0.0 is not above 0"),
        ({"detection_s": []}, r"calibration.detection_s: \[\] are no durations above 0"),
        ({"restart_parts": {}}, "no field 'schedule'"),
    ],
)
def test_a_calibration_that_lacks_something_is_told(
    changed: dict[str, Any], told: str, file: Callable[..., Path]
) -> None:
    with pytest.raises(TableError, match=told) as raised:
        fault_cases(file(KILL, **changed))
    assert "faults.json: " in str(raised.value)


def test_runs_that_make_no_scenario_are_told(file: Callable[..., Path]) -> None:
    with pytest.raises(TableError, match="flood: nothing is known of incidents of the category 'flood'"):
        fault_cases(file(run(30.0, 0, incident(5.0, "flood"))))
    path = file(run(30.0, 0, incident(5.0, "kill"), mode="async"))
    tree = json.loads(path.read_text())
    del tree["calibration"]["async_checkpoint_stall_s"]
    path.write_text(json.dumps(tree))
    with pytest.raises(TableError, match="no calibration run wrote checkpoints in the mode 'async'"):
        fault_cases(path)
    tree["scenarios"][0]["repeats"][0]["struck"][0]["at_s"] = -1.0
    tree["scenarios"][0]["config"]["checkpoint"]["mode"] = "blocking"
    path.write_text(json.dumps(tree))
    with pytest.raises(TableError, match=r"kill: makes no scenario: .*failures\.incidents"):
        fault_cases(path)


@pytest.mark.parametrize("text", ["[1]", "{", '{"kind": "gpt", "schema": 1}', '{"kind": "faults", "schema": 2}'])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(TableError, match=r"other\.json"):
        fault_cases(path)
    with pytest.raises(TableError, match="No such file"):
        fault_cases(tmp_path / "absent.json")
