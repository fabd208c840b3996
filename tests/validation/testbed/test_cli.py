import json
from pathlib import Path

import pytest

from validation.testbed.cli import main


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    "arguments",
    [["up", "two-hosts"], ["down"], ["run", "two-hosts", "--", "true"], ["measure", "--out", "m.json"]],
)
def test_without_root_there_is_one_message(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert capsys.readouterr().err == "a testbed needs root, to make network namespaces; run it as root\n"
    assert list(tmp_path.iterdir()) == []


def test_a_missing_tool_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda tool: None if tool == "tc" else f"/sbin/{tool}")
    assert main(["up", "two-hosts"]) == 2
    assert "needs tc, which this machine lacks; install iproute2" in capsys.readouterr().err


@pytest.mark.usefixtures("nobody")
def test_list_needs_no_root(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    assert "slow-uplink: The same racks, oversubscribed 4:1" in text
    assert "  leaf0 - leaf1: 100 Mbps\n" in text


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["up", "ring"], "no topology is called 'ring'; there are: two-hosts, one-switch"),
        (["run", "ring", "--", "true"], "no topology is called 'ring'"),
        (["run", "two-hosts", "--", "no-such-program"], "'no-such-program' is not a program"),
        (["up", "x", "--file", "none.toml"], "none.toml: No such file"),
        (["measure", "--out", "m.json", "--topologies", "ring"], "no topology is called 'ring'"),
        (["measure", "--out", "m.json", "--jobs", "other"], "--jobs: other: no such file; there are the jobs"),
        (["measure", "--out", "m.json", "--repeats", "0"], "--repeats: 0; write 1 or more"),
        (["measure", "--out", "m.json", "--quiet-wait", "-1"], "--quiet-wait: -1.0; write a number of seconds"),
        (["measure", "--out", "none/m.json"], "--out none/m.json"),
        (["measure", "--out", "."], "--out .: is a folder"),
        (["show", "none.json"], "none.json: is not a measurement of this command: No such file"),
    ],
)
def test_mistakes_end_with_two_and_the_way_out(
    arguments: list[str],
    part: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert part in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["run", "two-hosts"], ["measure"], ["measure", "--out", "m", "--sections", "x"]]
)
def test_incomplete_commands(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize("content", ["{", '{"schema": 1, "kind": "gpt"}', '{"schema": 1, "kind": "testbed"}', "[]"])
def test_show_refuses_other_files(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.json"
    path.write_text(content)
    assert main(["show", str(path)]) == 2
    assert f"{path}: is not a measurement of this command" in capsys.readouterr().err


def test_show_prints_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"schema": 1, "kind": "testbed", "environment": {}, "topologies": [measured()]}))
    assert main(["show", str(path)]) == 0
    short = capsys.readouterr().out
    assert "== pair: h0-h1 200 Mbps (load 0.5)" in short
    assert "h0->h1  1         24.800  24.817    0.999  50" in short
    # 2 ms + 41 ns a byte; the ring of two moves every byte once at 24.8 MB/s.
    assert "all_reduce  h0,h1  1         2.00      41.0       40.3" in short
    assert "ddp  1.500   1.000        1.50" in short
    assert "not run: fsdp: no torch" in short
    assert main(["show", str(path), "--every-size"]) == 0
    assert "16 MiB" in capsys.readouterr().out


def measured() -> dict[str, object]:
    collectives = [
        {
            "op": "all_reduce",
            "group": ["h0", "h1"],
            "together": [["h0", "h1"]],
            "bytes": size,
            "time_s": 2e-3 + 41e-9 * size,
            "link_bytes": {"h0-h1": [size, size]},
            "busy": 0.4,
            "baseline_time_s": None,
        }
        for size in (65536, 2**24)
    ]
    stream = {
        "source": "h0",
        "target": "h1",
        "together": 1,
        "rate_bytes_s": 24.8e6,
        "expected_bytes_s": 24.817e6,
        "latency_s": 50e-6,
    }
    step = {
        "name": "ddp",
        "step_time_s": 1.5,
        "baseline_step_time_s": 1.0,
        "spread": 0.01,
        "baseline_spread": 0.02,
        "groups": {"data": [["h0", "h1"]]},
    }
    return {
        "name": "pair",
        "description": "",
        "hosts": ["h0", "h1"],
        "switches": [],
        "links": [{"a": "h0", "b": "h1", "rate_bytes_s": 25e6, "delay_s": 0.0}],
        "load": 0.5,
        "streams": [stream],
        "collectives": collectives,
        "steps": [step],
        "not_run": {"fsdp": "no torch"},
    }
