"""The file of a session: what is in it, in which order it is measured, and how it goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from validation.faults import session
from validation.faults.__main__ import main
from validation.faults.plan import Incident, Protocol, Scenario
from validation.faults.run import JobFailed
from validation.faults.session import run_session

PROTOCOL = Protocol(
    calibration=(Scenario("quiet", work_s=8.0), Scenario("single kill", (Incident(5.0, "kill"),), work_s=8.0)),
    scenarios=(
        Scenario("kill", (Incident(6.0, "kill"),), work_s=10.0),
        Scenario("full", (Incident(6.0, "disk full", lasts_s=3.0),), work_s=10.0),
        Scenario("async", (Incident(6.0, "kill"),), work_s=10.0, mode="async"),
    ),
    random=Scenario("random", work_s=20.0),
    interval_s=10.0,
)


class Machine:
    """Pretends to run scenarios: steps of 0.25 s, a wall time of 30 s, one detection and restart for every kill."""

    def __init__(self, failing: int = 0, disturbed: int = 0) -> None:
        self.ran: list[str] = []
        self.failing, self.disturbed = failing, disturbed

    def __call__(self, scenario: Scenario, _config: dict[str, Any], _on_disk: bool, /) -> dict[str, Any]:
        self.ran.append(scenario.name)
        if self.failing:
            self.failing -= 1
            message = f"{scenario.name}: exit code 1"
            raise JobFailed(message)
        self.disturbed -= 1
        kills = sum(incident.at_s < 30.0 and incident.category == "kill" for incident in scenario.incidents)
        return {
            "date": "2026-01-01", "wall_s": 30.0, "ettr": 0.5, "productive_s": 15.0, "step_time_s": 0.25,
            "lost_steps": 2 * kills, "detections_s": [0.5] * kills, "restarts_s": [4.0] * kills, "startup_s": 3.0,
            "restart_parts_s": {part: [0.8] * kills for part in ("schedule", "init", "collectives", "load", "warmup")},
            "slowdowns": [], "unplanned_ends": 0, "disturbed": self.disturbed >= 0, "checkpoint_costs_s": [0.1, 0.3],
            "checkpoints": {"persist_s": [0.2], "bytes": 1000}, "environment": {"name": "a machine"},
        }  # fmt: skip


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a session on a pretended machine where disks can be mounted, or not: ``why`` says."""

    def run(machine: Machine, names: tuple[str, ...] = PROTOCOL.names, rounds: int = 1, why: str = "") -> Any:
        monkeypatch.setattr(session, "can_mount", lambda: why)
        said: list[str] = []
        run_session(PROTOCOL, names, tmp_path / "out.json", rounds, seed=5, say=said.append, measure=machine)
        return json.loads((tmp_path / "out.json").read_text()), said

    return run


def test_a_session_measures_everything_with_calibration_in_between(go: Callable[..., Any]) -> None:
    machine = Machine()
    tree, said = go(machine, rounds=2)
    assert (machine.ran[0], machine.ran[2]) == ("quiet", "single kill")
    assert sorted([machine.ran[1], *machine.ran[3:5]]) == ["async", "full", "kill"]
    assert machine.ran[5:7] == ["random", "random"]
    assert len(machine.ran) == len(said) == 14
    assert (tree["schema"], tree["kind"], tree["environment"]["name"]) == (1, "faults", "a machine")
    assert {run["name"]: len(run["repeats"]) for run in tree["scenarios"]} == {"kill": 2, "full": 2, "async": 2}
    full = next(run for run in tree["scenarios"] if run["name"] == "full")
    assert full["incidents"] == [{"at_s": 6.0, "category": "disk full", "rank": 1, "lasts_s": 3.0}]
    # The first run is planned with 0.2 s a step; the others with the 0.25 s that it took.
    assert tree["calibration_runs"][0]["config"]["train"]["steps"] == 40
    assert full["config"]["train"]["steps"] == 40
    assert tree["calibration_runs"][1]["config"]["train"]["steps"] == 32
    assert machine.ran[7] == "quiet"


def test_the_calibration_gathers_its_own_runs_alone(go: Callable[..., Any]) -> None:
    tree, _said = go(Machine(), rounds=2)
    found = tree["calibration"]
    assert found["step_time_s"] == 0.25
    assert found["detection_s"] == [0.5, 0.5]
    assert found["restart_s"] == [4.0, 4.0]
    assert found["restart_parts"]["load"] == [0.8, 0.8]
    assert found["checkpoint_stall_s"] == pytest.approx(0.2)
    assert found["checkpoint_persist_s"] == pytest.approx(0.2)
    assert "async_checkpoint_stall_s" not in found
    assert "slowdown" not in found


def test_random_runs_have_kills_of_their_own(go: Callable[..., Any]) -> None:
    tree, _said = go(Machine(), rounds=2)
    random = tree["random"]
    assert (random["name"], random["interval_s"], random["seed"], random["incidents"]) == ("random", 10.0, 5, [])
    drawn = [[incident["at_s"] for incident in repeat["incidents"]] for repeat in random["repeats"]]
    assert len(drawn) == 4
    assert len({tuple(moments) for moments in drawn}) == 4
    assert all(moment < 30.0 for moments in drawn for moment in moments)


def test_a_session_goes_on_where_it_was_interrupted(go: Callable[..., Any]) -> None:
    go(Machine(), rounds=1)
    machine = Machine()
    tree, _said = go(machine, rounds=2)
    assert len(machine.ran) == 7
    assert all(len(run["repeats"]) == 2 for run in tree["scenarios"])


def test_disturbed_repeats_are_measured_again_and_do_not_count(go: Callable[..., Any]) -> None:
    machine = Machine(disturbed=2)
    tree, said = go(machine, names=("kill",))
    assert len(machine.ran) == 5
    assert sum(line.endswith("(disturbed)") for line in said) == 2
    assert tree["calibration"]["repeats"] == 2
    hopeless = Machine(disturbed=100)
    go(hopeless, names=("full",))
    assert hopeless.ran == ["full", "full"]


def test_only_what_is_named_is_run_beside_the_calibration(go: Callable[..., Any]) -> None:
    machine = Machine()
    go(machine, names=("kill",))
    assert sorted(machine.ran) == ["kill", "quiet", "single kill"]


def test_a_full_disk_is_skipped_where_none_can_be_mounted(go: Callable[..., Any]) -> None:
    tree, said = go(Machine(), why="only root can")
    assert "full: skipped; only root can" in said
    assert "full" not in {run["name"] for run in tree["scenarios"]}
    assert tree["protocol"]["checkpoints"] == "in a folder of the disk"


def test_a_job_that_fails_is_tried_once_more_and_then_given_up(go: Callable[..., Any]) -> None:
    machine = Machine(failing=1)
    _tree, said = go(machine, names=())
    assert machine.ran == ["quiet", "quiet", "single kill"]
    assert said[0] == "quiet: exit code 1\nquiet: once more"
    with pytest.raises(JobFailed):
        go(Machine(failing=2), names=("kill",))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--only", "nonsense"], "--only nonsense: no such run; python -m validation.faults --list"),
        ([], "--out FILE: missing"),
        (["--out", "nowhere/out.json"], "--out nowhere/out.json: no such folder"),
        (["--out", "out.json", "--rounds", "0"], "--rounds 0: nothing to run"),
    ],
)
def test_mistakes_are_told(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


def test_the_runs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--only", "hang", "random"]) == 0
    assert capsys.readouterr().out == "hang\nrandom kills\n"
