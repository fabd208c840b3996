"""Brakes, small disks and the search for processes, with what is done where the system does not allow them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from validation.faults import disk
from validation.faults.disk import NoMount, can_mount, empty, fill, small_disk
from validation.faults.processes import MARK, Worker, end_all, marked, workers
from validation.faults.slowing import DutyCycle, Quota, brake
from validation.faults.watching import Attempt, Heartbeat, Watcher

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found as Linux shows them")

SLEEP = "import time; time.sleep(600)"


@pytest.fixture
def start() -> Iterator[Callable[..., int]]:
    """Start a sleeping process with an environment; returns its number."""
    started: list[subprocess.Popen[bytes]] = []

    def run(code: str = SLEEP, **environment: str) -> int:
        process = subprocess.Popen(
            [sys.executable, "-c", code], env={**os.environ, **environment}, start_new_session=True
        )
        started.append(process)
        return process.pid

    yield run
    for process in started:
        process.kill()
        process.wait()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def eventually(holds: Callable[[], bool]) -> bool:
    until_s = time.monotonic() + 300.0
    while not holds() and time.monotonic() < until_s:
        time.sleep(0.01)
    return holds()


def test_without_cgroups_a_process_is_stopped_and_let_go_in_turn(tmp_path: Path, start: Callable[..., int]) -> None:
    held = brake(tmp_path / "none", tmp_path / "neither")
    assert isinstance(held, DutyCycle)
    assert held.name == "SIGSTOP for 70 of every 100 ms"
    pid = start()
    held.hold(pid)
    seen: set[bool] = set()

    def both() -> bool:
        held.tick()
        seen.add(state_of(pid) == "T")
        return len(seen) == 2

    assert eventually(both)
    held.release()
    assert eventually(lambda: state_of(pid) != "T")


def test_a_cgroup_without_the_controller_is_not_used(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"has no cpu\.max"):
        Quota(tmp_path, "cpu.max", "50000 100000")
    assert list(tmp_path.iterdir()) == []


def test_a_quota_holds_the_process_and_leaves_no_group(start: Callable[..., int]) -> None:
    held = brake()
    if not isinstance(held, Quota):
        pytest.skip("no cgroup with a quota of processor time can be made here")
    pid = start()
    held.hold(pid)
    group = f"validation-faults-{os.getpid()}"
    assert group in Path(f"/proc/{pid}/cgroup").read_text()
    held.release()
    assert group not in Path(f"/proc/{pid}/cgroup").read_text()


def test_a_dead_process_is_no_trouble_to_a_brake(start: Callable[..., int]) -> None:
    pid = start()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    for held in (brake(), DutyCycle()):
        held.hold(pid)
        held.tick()
        held.release()


def test_only_root_has_a_small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "only root can mount" in can_mount()
    with pytest.raises(NoMount, match="run the driver as root"), small_disk(tmp_path, 1 << 20):
        pass


def test_a_mount_that_is_refused_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    refused = subprocess.CompletedProcess([], 32, "", "mount: permission denied")
    monkeypatch.setattr(disk, "_called", lambda _command: refused)
    with pytest.raises(NoMount, match="permission denied"), small_disk(tmp_path, 1 << 20):
        pass


def test_a_full_disk_takes_nothing_until_it_is_emptied(tmp_path: Path) -> None:
    why = can_mount()
    if why:
        pytest.skip(why)
    with contextlib.suppress(KeyboardInterrupt), small_disk(tmp_path, 1 << 20) as folder:
        fill(folder)
        with pytest.raises(OSError, match="No space left"):
            (folder / "more").write_bytes(b"0" * 8192)
        empty(folder)
        (folder / "more").write_bytes(b"0" * 8192)
        raise KeyboardInterrupt
    assert str(tmp_path) not in Path("/proc/mounts").read_text()


AGENT = """
import os, subprocess, sys
children = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True,
            env={**os.environ, "RANK": str(rank), "TORCHELASTIC_RESTART_COUNT": "2"}) for rank in (1, 0)]
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
for child in children:
    child.wait()
"""


def test_the_processes_of_an_agent_are_found_followed_and_ended(start: Callable[..., int]) -> None:
    mark = uuid.uuid4().hex
    agent = start(AGENT, **{MARK: mark})
    assert eventually(lambda: len(workers(agent)) == 2)
    job = workers(agent)
    assert [(worker.rank, worker.attempt) for worker in job] == [(0, 2), (1, 2)]
    assert all(abs(worker.started_s - time.time()) < 20.0 for worker in job)
    watcher = Watcher(agent)
    assert len(watcher.look()) == 2
    job[0].kill()
    assert eventually(lambda: len(watcher.look()) == 1)
    assert watcher.attempts[0].gone_s == float("inf")
    job[1].kill()
    assert eventually(lambda: not watcher.look())
    assert time.time() - watcher.attempts[0].gone_s < 5.0
    assert len(list(marked(mark))) >= 1  # the child that is no worker
    end_all(mark)
    assert list(marked(mark)) == []


def test_silence_kills_a_job_that_trains_and_not_one_that_starts(tmp_path: Path, start: Callable[..., int]) -> None:
    log, pid = tmp_path / "log.jsonl", start()
    job = [Worker(pid, 0, 0, time.time())]
    attempt = Attempt(0, time.time() - 10.0, float("inf"))
    heartbeat = Heartbeat(log, 5.0)
    heartbeat.tick(attempt, job)  # no log yet
    at_s = time.time() - 9.0
    log.write_text(f'{{"event": "start", "time_s": {at_s}}}\n')
    heartbeat.tick(attempt, job)
    assert heartbeat.kills == []
    with log.open("a") as file:
        file.write(f'{{"event": "step", "time_s": {at_s}}}\n{{"torn')
    heartbeat.tick(attempt, job)
    assert len(heartbeat.kills) == 1
    assert eventually(lambda: state_of(pid) == "Z")
    heartbeat.tick(attempt, job)  # what was just killed is not killed again
    assert len(heartbeat.kills) == 1
    assert not heartbeat.completed
    log.write_text('{"event": "end", "time_s": 1.0, "reason": "completed"}\n')
    assert heartbeat.completed


def test_a_word_of_the_attempt_before_is_no_sign_of_life(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(f'{{"event": "step", "time_s": {time.time() - 50.0}}}\n')
    heartbeat = Heartbeat(log, 5.0)
    heartbeat.tick(Attempt(1, time.time() - 20.0, float("inf")), [Worker(2**22 - 1, 0, 1, 0.0)])
    assert heartbeat.kills == []
