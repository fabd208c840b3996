"""Incidents happen when they are planned, and are undone whatever comes between."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from validation.faults.damage import damage_newest
from validation.faults.plan import Incident
from validation.faults.processes import Worker
from validation.faults.slowing import Brake
from validation.faults.strikes import Damaged, Fault, Schedule, Signalled, Slowed
from validation.gpt.manifest import FileSum, Manifest, damage, file_sum, write_manifest


class Told:
    """A fault that writes down what it is told."""

    absorbed, means = False, "telling"

    def __init__(self, incident: Incident, told: list[str]) -> None:
        self._name, self._told = f"{incident.category} {incident.at_s:g}", told

    def begin(self, _job: object, /) -> None:
        self._told.append(f"begin {self._name}")

    def tick(self, _job: object, /) -> None:
        self._told.append(f"tick {self._name}")

    def end(self) -> None:
        self._told.append(f"end {self._name}")


def test_incidents_begin_and_end_in_time() -> None:
    told: list[str] = []
    incidents = [Incident(3.0, "kill"), Incident(1.0, "straggler", lasts_s=2.5)]
    schedule = Schedule(incidents, lambda incident: Told(incident, told), clock=lambda: 50.0)
    schedule.tick(0.9, [])
    assert told == []
    schedule.tick(1.1, [])
    assert told == ["begin straggler 1", "tick straggler 1"]
    schedule.tick(3.1, [])
    assert told[2:] == ["begin kill 3", "tick straggler 1", "end kill 3"]
    schedule.tick(3.6, [])
    assert told[5:] == ["end straggler 1"]
    assert [(struck.category, struck.at_s, struck.means) for struck in schedule.struck] == [
        ("kill", 50.0, "telling"),
        ("straggler", 50.0, "telling"),
    ]


def test_what_lasts_is_ended_when_the_job_ends_and_the_rest_does_not_happen() -> None:
    told: list[str] = []
    incidents = [Incident(1.0, "disk full", lasts_s=9.0), Incident(5.0, "kill")]
    schedule = Schedule(incidents, lambda incident: Told(incident, told))
    schedule.tick(2.0, [])
    schedule.close()
    assert told[-1] == "end disk full 1"
    assert [struck.category for struck in schedule.struck] == ["disk full"]


def test_a_fault_that_fails_to_begin_is_undone() -> None:
    told: list[str] = []

    class Failing(Told):
        def begin(self, _job: object, /) -> None:
            raise OSError

    schedule = Schedule([Incident(1.0, "straggler", lasts_s=9.0)], lambda incident: Failing(incident, told))
    with pytest.raises(OSError):  # noqa: PT011 - any will do
        schedule.tick(2.0, [])
    schedule.close()
    assert told == ["end straggler 1"]


@pytest.fixture
def sleeper() -> Iterator[Worker]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield Worker(process.pid, 1, 0, time.time())
    process.kill()
    process.wait()


def test_a_kill_strikes_the_rank_it_means(sleeper: Worker) -> None:
    other = Signalled(0, signal.SIGKILL)
    other.begin([sleeper])
    assert other.absorbed
    assert sleeper.alive
    fault: Fault = Signalled(1, signal.SIGKILL)
    fault.begin([sleeper])
    assert not fault.absorbed
    until_s = time.monotonic() + 300.0
    lives = True
    while lives and time.monotonic() < until_s:
        time.sleep(0.01)
        lives = sleeper.alive
    assert not lives


def test_the_place_is_slow_whoever_works_there() -> None:
    held: list[int] = []

    class Noted:
        name = "noted"

        def hold(self, pid: int) -> None:
            held.append(pid)

        def tick(self) -> None:
            pass

        def release(self) -> None:
            held.append(0)

    def make() -> Brake:
        return Noted()

    fault = Slowed(1, make)
    fault.begin([])
    assert fault.absorbed
    fault.tick([Worker(7, 0, 0, 0.0), Worker(8, 1, 0, 0.0)])
    fault.tick([Worker(8, 1, 0, 0.0)])
    fault.tick([Worker(9, 1, 1, 0.0)])
    fault.end()
    fault.end()
    assert held == [8, 9, 0]
    assert (fault.absorbed, fault.means) == (False, "noted")


def checkpoint(folder: Path, step: int) -> Manifest:
    path = folder / f"step-{step:08d}"
    path.mkdir(parents=True)
    (path / "__0_0.distcp").write_bytes(bytes(range(256)) * 40)
    (path / ".metadata").write_bytes(b"small")
    manifest = Manifest(step, step, 1, "cpu", {}, {"__0_0.distcp": file_sum(path / "__0_0.distcp")})
    write_manifest(path, manifest)
    return manifest


def test_the_newest_checkpoint_is_damaged_so_that_the_job_notices(tmp_path: Path) -> None:
    old, new = checkpoint(tmp_path, 10), checkpoint(tmp_path, 20)
    (tmp_path / "step-00000030.partial").mkdir()
    assert damage_newest(tmp_path) == "step-00000020"
    assert "corrupt" in damage(tmp_path / "step-00000020", new, new.files)
    assert damage(tmp_path / "step-00000010", old, old.files) == ""
    assert new.files["__0_0.distcp"] == FileSum(10240, new.files["__0_0.distcp"].crc32)


def test_without_a_checkpoint_there_is_nothing_to_damage(tmp_path: Path) -> None:
    fault = Damaged(tmp_path)
    fault.begin([])
    assert fault.absorbed
