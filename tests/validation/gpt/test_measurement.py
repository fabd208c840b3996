"""The measurement file: what the contract asks for, and the arithmetic of its summary."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tests.validation.gpt.launch import TINY, read_events
from validation.gpt.config import JobConfig
from validation.gpt.config_file import read_config
from validation.gpt.measurement import interquartile_range, summarise

Train = Callable[..., int]
EVALUATED = ("evaluation", "copying", "evaluation", "evaluation", "copying")
"""At steps 2, 3, 4, 6 and 6."""


def config_with(tmp_path: Path, *settings: str) -> JobConfig:
    path = tmp_path / "config.toml"
    path.write_text(TINY)
    return read_config(path, settings)


def record(step: int, time_s: float, profiled: bool = False) -> dict[str, Any]:
    return {"section": "step", "step": step, "time_s": time_s, "data_s": time_s / 4, "load": 0.5, "profiled": profiled}


def test_the_summary_skips_first_and_profiled_steps(tmp_path: Path) -> None:
    config = config_with(tmp_path, "measure.skip_steps=1", "train.steps=9")
    times = [50.0, 1.0, 2.0, 99.0, 3.0, 4.0, 5.0]
    steps = [record(number, time_s, profiled=time_s == 99.0) for number, time_s in enumerate(times, 1)]
    summary = summarise(config, steps, [30, 70], [{"send": {}}, {}])
    assert (summary["step_time_s"], summary["iqr_s"], summary["repeats"]) == (3.0, 2.0, 5)
    assert summary["tokens_per_s"] == 4 * 16 / 3.0
    assert (summary["data_s"], summary["load"], summary["peak_memory_bytes"]) == (0.75, 0.5, 70)
    assert (summary["collectives"], summary["collectives_by_process"]) == ({"send": {}}, [{"send": {}}, {}])


def test_a_summary_of_nothing(tmp_path: Path) -> None:
    summary = summarise(config_with(tmp_path), [], [1], [{}])
    assert (summary["step_time_s"], summary["iqr_s"], summary["repeats"], summary["load"]) == (None, None, 0, None)
    assert interquartile_range([1.0]) is None


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Output of a run that does everything there is to be measured."""
    from validation.gpt.__main__ import main

    root = tmp_path_factory.mktemp("measured")
    (root / "tiny.toml").write_text(TINY)
    settings = (
        "checkpoint.every_steps=2",
        "measure.skip_steps=1",
        "measure.trace_steps=2",
        "measure.evaluate_every=2",
        "measure.evaluate_sequences=4",
        "measure.copying_every=3",
        "train.steps=6",
    )
    words = [word for setting in settings for word in ("--set", setting)]
    assert main([str(root / "tiny.toml"), "--out", str(root / "out"), *words]) == 0
    return root / "out"


def test_the_measurement_holds_what_the_contract_says(finished: Path) -> None:
    measurement = json.loads((finished / "measurement.json").read_text())
    assert (measurement["schema"], measurement["kind"], measurement["parameters"]) == (1, "gpt", 19616)
    assert set(measurement["config"]) == {"model", "train", "parallel", "data", "checkpoint", "measure"}
    assert {"date", "torch", "python", "device", "name", "cpus", "backend", "cuda"} <= set(measurement["environment"])
    sections = [record["section"] for record in measurement["records"]]
    assert sections == ["start", *["step"] * 6, *["checkpoint"] * 3, *EVALUATED]
    steps = [record for record in measurement["records"] if record["section"] == "step"]
    parts = {"data_s", "forward_s", "backward_s", "clip_s", "optimizer_s"}
    assert all({"step", "time_s", "loss", "gradient_norm", "load"} | parts <= set(step) for step in steps)
    summary = measurement["summary"]
    assert {"step_time_s", "iqr_s", "tokens_per_s", "load", "collectives"} | parts <= set(summary)
    assert summary["peak_memory_bytes"] > 50e6
    assert not (finished / "measurement.json.part").exists()


def test_the_log_holds_what_the_contract_says(finished: Path) -> None:
    events = read_events(finished)
    by_name = {event["event"]: event for event in events}
    assert [event["event"] for event in events[:2]] == ["start", "ready"]
    assert {"world", "config", "environment"} <= set(by_name["start"])
    assert {"process_group_s", "build_s", "load_s", "import_s"} <= set(by_name["ready"])
    assert {"step", "step_s", "learning_rate", "tokens", "memory_bytes", "load", "loss"} <= set(by_name["step"])
    assert by_name["step"]["tokens"] == 6 * 4 * 16
    assert {"step", "blocking_s", "persist_s", "bytes", "mode"} <= set(by_name["checkpoint"])
    assert [event["step"] for event in events if event["event"] == "evaluation"] == [2, 4, 6]
    assert [event["step"] for event in events if event["event"] == "copying"] == [3, 6]
    assert (events[-1]["event"], events[-1]["reason"]) == ("end", "completed")


def test_a_trace_of_the_chosen_steps(finished: Path) -> None:
    trace = json.loads((finished / "trace-rank-0.json").read_text())
    updates = [event for event in trace["traceEvents"] if event.get("name", "").startswith("Optimizer.step#")]
    assert len([event for event in updates if event["ph"] == "X"]) == 2
    assert [event["profiled"] for event in read_events(finished) if event["event"] == "step"] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]


def test_without_probes_there_is_no_evaluation(train: Train, tmp_path: Path) -> None:
    assert train(tmp_path / "out") == 0
    assert {event["event"] for event in read_events(tmp_path / "out")} == {"start", "ready", "step", "end"}
    assert not (tmp_path / "out" / "checkpoints").exists()
