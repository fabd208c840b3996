"""On real namespaces: needs root. Sizes are chosen so that all of it takes well under a minute."""

import json
import math
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.validation.testbed.pair import PAIR
from validation.testbed import registry
from validation.testbed.bounds import ring_bound_s
from validation.testbed.cli import main
from validation.testbed.collectives import Case, measure_collectives
from validation.testbed.launch import python_module, run_everywhere
from validation.testbed.registry import Entry
from validation.testbed.requirements import UnavailableError, run
from validation.testbed.steps import Job, measure_step
from validation.testbed.streams import MeasurementError, measure_streams
from validation.testbed.testbed import brought_up, leave_up, remove
from validation.testbed.topology import Link, Topology

if TYPE_CHECKING:  # a name that pytest would take for a class of tests
    from validation.testbed.testbed import Testbed

pytestmark = pytest.mark.usefixtures("network")

SHORT_BYTES = 2_500_000
"""0.1 s at 200 Mbps."""
TRIES = 8


def of(name: str) -> Entry | None:
    """The testbed of a topology with a name that only one test uses."""
    return next((entry for entry in registry.entries() if entry.topology == name), None)


def wait_for(found: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + 300.0
    while not found():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def processes(entry: Entry) -> list[str]:
    return [pid for space in entry.namespaces for pid in run(("ip", "netns", "pids", space)).split()]


def is_running(pid: str) -> bool:
    """Whether a process exists and is more than an entry that its parent has not read yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def runner(own_file: tuple[Path, str], *job: str) -> "subprocess.Popen[bytes]":
    path, name = own_file
    command = python_module("validation.testbed", "run", name, "--file", str(path), "--", *job)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def in_a_quiet_moment(holds: Callable[[], object]) -> bool:
    """Whether something that a busy machine only ever spoils holds in one of several tries."""
    return any(holds() for _ in range(TRIES))


def test_a_stream_has_the_rate_of_its_link() -> None:
    def holds() -> bool:
        (record,) = measure_streams(bed, 3, [[("h0", "h1")]], SHORT_BYTES)
        assert record.rate_bytes_s < 1.15 * record.expected_bytes_s
        return record.rate_bytes_s > 0.85 * record.expected_bytes_s and 0.0 < record.latency_s < 0.01

    with brought_up(PAIR) as bed:
        assert in_a_quiet_moment(holds)


def test_hosts_of_different_racks_share_the_uplink(shipped: dict[str, Topology]) -> None:
    with brought_up(shipped["two-racks"]) as bed:
        cases = [[("h0", "h2")], [("h0", "h2"), ("h1", "h3")], [("h0", "h1"), ("h2", "h3")]]

        def holds() -> bool:
            alone, left, right, *inside = (one.rate_bytes_s for one in measure_streams(bed, 3, cases, SHORT_BYTES))
            assert max(alone, left + right, *inside) < 1.25 * 24.8e6
            return (
                alone == pytest.approx(24.8e6, rel=0.15)
                and left + right == pytest.approx(alone, rel=0.25)
                and inside == pytest.approx([alone, alone], rel=0.25)
            )

        assert in_a_quiet_moment(holds)


def test_an_all_reduce_takes_the_time_and_the_bytes_of_a_ring() -> None:
    pytest.importorskip("torch")
    size_bytes = 4 * 2**20
    with brought_up(PAIR) as bed:
        cases = [Case("all_reduce", (("h0", "h1"),)), Case("all_gather", (("h0", "h1"),))]

        def holds() -> bool:
            reduced, gathered = measure_collectives(bed, 2, cases, (size_bytes,))
            assert reduced.link_bytes["h0-h1"] == pytest.approx((size_bytes, size_bytes), rel=0.05)
            assert gathered.link_bytes["h0-h1"] == pytest.approx((size_bytes / 2, size_bytes / 2), rel=0.05)
            slower = reduced.time_s / ring_bound_s(PAIR, "all_reduce", ("h0", "h1"), [("h0", "h1")], size_bytes)
            assert slower > 0.95
            return slower < 2.0

        assert in_a_quiet_moment(holds)


def test_a_stream_that_finds_no_room_says_why() -> None:
    with brought_up(PAIR) as bed, pytest.raises(MeasurementError, match=r"MemoryError|OverflowError"):
        measure_streams(bed, 1, [[("h0", "h1"), ("h1", "h0")]], 2**66)


def test_steps_are_measured_with_and_without_limits_in_turns() -> None:
    # The job reports 2 s where its link is limited, and 1 s where it is not.
    script = (
        "limited=$(tc qdisc show dev eth0 | grep -c tbf); test $RANK = 0 || exit 0;"
        ' echo "{\\"config\\": {\\"parallel\\": {\\"data\\": 2, \\"tensor\\": 1, \\"pipeline\\": 1}},'
        ' \\"summary\\": {\\"step_time_s\\": $((limited + 1))}}" > $0/measurement.json'
    )
    record = measure_step(PAIR, Job("fake", lambda _, folder: ("sh", "-c", script, str(folder))), 2)
    assert [run.limited for run in record.runs] == [True, False, False, True]
    assert (record.step_time_s, record.baseline_step_time_s, record.spread) == (2.0, 1.0, 0.0)
    assert record.groups == {"data": [["h0", "h1"]]}


@pytest.mark.parametrize(
    ("script", "message"), [("echo no luck; exit 7", "exit code 7:\nno luck"), ("true", "wrote no measurement")]
)
def test_a_job_that_measures_nothing_is_an_error(script: str, message: str) -> None:
    with pytest.raises(MeasurementError, match=message):
        measure_step(PAIR, Job("bad", lambda *_: ("sh", "-c", script)), 1)


def test_measure_writes_what_it_has_and_why_the_rest_is_missing(own_file: tuple[Path, str], tmp_path: Path) -> None:
    path, name = own_file
    job, out = tmp_path / "odd.toml", tmp_path / "m.json"
    job.write_text("[train]\nglobal_batch = 3\n[parallel]\ntensor = 3\n")
    options = ["--file", str(path), "--out", str(out), "--repeats", "1", "--jobs", str(job)]
    assert main(["measure", *options, "--sections", "streams", "steps"]) == 1
    (part,) = json.loads(out.read_text())["topologies"]
    assert part["name"] == name
    assert len(part["streams"]) == 3
    assert part["steps"] == []
    assert list(part["not_run"]) == ["odd"]


def test_run_passes_on_output_environment_and_exit_code(
    own_file: tuple[Path, str], capfd: pytest.CaptureFixture[str]
) -> None:
    path, name = own_file
    script = "echo $RANK of $WORLD_SIZE at $MASTER_ADDR:$MASTER_PORT by $GLOO_SOCKET_IFNAME; exit $((RANK * 5))"
    assert main(["run", name, "--file", str(path), "--", "sh", "-c", script]) == 5
    captured = capfd.readouterr()
    assert "h0 | 0 of 2 at 10.77.0.1:29500 by eth0\n" in captured.out
    assert "h1 | 1 of 2 at 10.77.0.1:29500 by eth0\n" in captured.out
    assert captured.err == "h1 failed first, with exit code 5\n"
    assert of(name) is None


def test_processes_that_wait_for_a_failed_one_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("validation.testbed.launch.GRACE_S", 0.3)
    with brought_up(PAIR) as bed:
        begin_s = time.monotonic()
        script = "test $RANK = 0 && kill -9 $$; trap '' TERM; sleep 100"
        failure = run_everywhere(bed, ("sh", "-c", script), lambda *_: None)
        assert time.monotonic() - begin_s < 60.0
    assert failure is not None
    assert (failure.host, failure.code) == ("h0", 137)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_runner_leaves_nothing(own_file: tuple[Path, str], number: int, code: int) -> None:
    name = own_file[1]
    with runner(own_file, "sh", "-c", "sleep 1000 & sleep 1000") as process:
        wait_for(lambda: (entry := of(name)) and len(processes(entry)) == 6)
        entry = of(name)
        assert entry is not None
        assert entry.owned
        process.send_signal(number)
        assert process.wait(20) == code
        assert b"the testbed is gone" in process.communicate()[0]
    assert of(name) is None
    assert registry.namespaces_of(entry.identifier) == ()


def test_down_removes_what_a_killed_runner_left(
    own_file: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = own_file[1]
    with runner(own_file, "sleep", "1000") as process:
        wait_for(lambda: (entry := of(name)) and len(processes(entry)) == 2)
        held = of(name)
        assert held is not None
        assert main(["down", held.identifier]) == 2
        assert "belongs to a command that still runs" in capsys.readouterr().err
        process.kill()
        process.wait(20)
    entry = of(name)
    assert entry is not None
    assert not entry.owned
    orphans = processes(entry)
    assert len(orphans) == 2
    # Only this test's: the machine may hold testbeds of others.
    monkeypatch.setattr(registry, "entries", lambda: [entry])
    assert main(["down"]) == 0
    assert capsys.readouterr().out == f"{entry.identifier} is gone\n"
    assert registry.namespaces_of(entry.identifier) == ()
    assert not (registry.FOLDER / f"{entry.identifier}.json").exists()
    wait_for(lambda: not any(map(is_running, orphans)))


def test_down_removes_a_namespace_that_was_never_finished() -> None:
    identifier, lock = registry.claim("half")
    lock.close()
    (registry.NAMESPACES / f"cstb-{identifier}-h0").touch()
    assert remove(identifier)
    assert registry.namespaces_of(identifier) == ()
    assert identifier not in [entry.identifier for entry in registry.entries()]


def test_up_stays_until_down(own_file: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    path, name = own_file
    assert main(["up", name, "--file", str(path)]) == 0
    entry = of(name)
    assert entry is not None
    assert f"ip netns exec cstb-{entry.identifier}-h1 env RANK=1 WORLD_SIZE=2" in capsys.readouterr().out
    try:
        assert main(["list", "--file", str(path)]) == 0
        assert f"up: {entry.identifier} ({name}), abandoned or left up" in capsys.readouterr().out
    finally:
        assert main(["down", entry.identifier]) == 0
    assert of(name) is None
    assert main(["down", entry.identifier]) == 2
    assert f"no testbed is called {entry.identifier}" in capsys.readouterr().err


def test_two_testbeds_at_once_do_not_meet() -> None:
    with brought_up(PAIR) as one, brought_up(PAIR) as other:
        assert one.names != other.names

        def full(bed: "Testbed") -> bool:
            (record,) = measure_streams(bed, 1, [[("h1", "h0")]], SHORT_BYTES)
            return record.rate_bytes_s > 0.85 * record.expected_bytes_s

        for bed in (one, other):
            assert in_a_quiet_moment(partial(full, bed))


def test_a_delay_is_kept_or_the_kernel_is_named() -> None:
    delayed = replace(PAIR, name=f"delayed-{os.getpid()}", links=(Link("h0", "h1", 25e6, 5e-3),))
    if kernel_has("netem", "delay", "1ms"):
        with brought_up(delayed) as bed:

            def holds() -> bool:
                (record,) = measure_streams(bed, 1, [[("h0", "h1")]], SHORT_BYTES)
                assert record.latency_s > 2.5e-3
                return record.latency_s < 7.5e-3

            assert in_a_quiet_moment(holds)
    else:
        with pytest.raises(UnavailableError, match="needs the kernel's netem"):
            leave_up(delayed)
    assert of(delayed.name) is None


def kernel_has(*discipline: str) -> bool:
    with brought_up(replace(PAIR, links=(Link("h0", "h1", math.inf),))) as bed:
        space, interface = bed.names.end(bed.topology, bed.topology.links[0], "h0")
        command = ("tc", "-n", space, "qdisc", "add", "dev", interface, "root", *discipline)
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
