"""The step on a terminal and as JSON values."""

import io
import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import clustersim as cs
from clustersim.report.step_answer import step_answer
from clustersim.report.step_text import print_step
from clustersim.step.step_time import BREAKDOWN_KEYS

SCENARIO = Path(__file__).parents[2] / "scenarios" / "quickstart.yaml"


@cache
def plan() -> cs.Plan:
    return cs.load(SCENARIO)


def answer(**changes: Any) -> dict[str, Any]:
    steps = [replace(step, **changes) for step in plan().steps]
    return step_answer(plan().scenario, steps)


def printed(shown: dict[str, Any], width: int = 100, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding=encoding, newline="\n", write_through=True) as file:
        print_step(shown, Console(file=file, width=width))
        return raw.getvalue().decode(encoding)


def test_values_are_those_of_the_prediction() -> None:
    (phase,) = answer(mean_s=8.0, prediction_sigma=0.1, mfu=0.5)["phases"]
    assert phase["step_time_s"] == 8.0
    assert phase["step_time_low_s"] == pytest.approx(8.0 / math.exp(0.1645))
    assert phase["step_time_high_s"] == pytest.approx(8.0 * math.exp(0.1645))
    assert tuple(phase["breakdown_s"]) == BREAKDOWN_KEYS
    assert sum(phase["memory_bytes_per_gpu"].values()) == pytest.approx(phase["memory_total_bytes"])
    assert phase["schedule"] is None


def test_one_phase_can_be_picked() -> None:
    shown = step_answer(plan().scenario, plan().steps, "pre-training")
    assert [phase["name"] for phase in shown["phases"]] == ["pre-training"]
    with pytest.raises(ValueError, match="no phase is called 'tail'; there are 'pre-training'"):
        step_answer(plan().scenario, plan().steps, "tail")


def test_the_number_stands_first_with_its_interval() -> None:
    lines = printed(answer(mean_s=8.0, prediction_sigma=0.1)).splitlines()
    assert lines[0] == plan().scenario.name
    assert lines[2] == "pre-training: 8.0 s a step (90 %: 6.8 to 9.4)"


def test_a_measured_step_has_no_interval() -> None:
    text = printed(answer(mean_s=8.0, prediction_sigma=0.0, basis="measured"))
    assert "pre-training: 8.00 s a step, as measured; its parts are predicted and stretched to it" in text


def test_bars_are_as_long_as_their_parts() -> None:
    parts = dict.fromkeys(BREAKDOWN_KEYS, 0.0) | {"compute_ffn": 4.0, "bubble": 2.0}
    rows = {line[:15].strip(): line.count("█") for line in printed(answer(breakdown_s=parts)).splitlines()}
    assert rows["feed-forward"] == 40
    assert rows["pipeline bubble"] == 20
    assert "attention" not in rows


def test_memory_is_held_against_the_device() -> None:
    text = printed(answer())
    total = sum(plan().steps[0].memory.as_dict().values())
    assert f"Memory of the fullest GPU: {total / 2**30:.1f} GiB, {100 * total / (80 * 2**30):.1f} % of 80 GiB" in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = printed(answer(), width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text


def test_any_encoding_will_do() -> None:
    text = printed(answer(), encoding="ascii")
    assert "####" in text


def test_extrapolations_are_listed() -> None:
    assert "Beyond what was measured:\n- a shape" in printed(answer(extrapolations=("a shape",)))
    assert "Beyond" not in printed(answer(extrapolations=()))


def three() -> dict[str, Any]:
    shown = answer(mean_s=8.0, prediction_sigma=0.1, extrapolations=("a shape",))
    (one,) = shown["phases"]
    named = [one | {"name": name} for name in ("early", "middle", "late")]
    named[2] = named[2] | {"extrapolations": ["a shape", "a length"], "basis": "measured"}
    return shown | {"phases": named}


def test_several_phases_stand_in_a_table_first() -> None:
    lines = [line.rstrip() for line in printed(three(), 80).splitlines()]
    assert lines[2].split() == ["phase", "step", "90", "%", "tokens/s", "TFLOP/s", "a", "GPU", "MFU"]
    assert lines[3].startswith("early")
    assert "6.8 to 9.4" in lines[3]
    assert "measured" in lines[5]
    assert [line.split(":")[0] for line in lines if " a step" in line] == ["early", "middle", "late"]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_table_of_phases_fits(width: int) -> None:
    text = printed(three(), width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text


def test_notes_are_said_once() -> None:
    text = printed(three(), 120)
    assert text.count("FLOPs of MFU") == 1
    assert text.count("a shape") == 1
    assert "- late: a length" in text


def test_memory_beyond_the_device_is_said() -> None:
    shown = answer()
    assert "more than its" not in printed(shown)
    (phase,) = shown["phases"]
    full = {**phase, "memory_total_bytes": 84 * 2**30}
    text = printed(shown | {"phases": [full]}, 200)
    assert "The fullest GPU needs 4.0 GiB more than its 80 GiB." in text
    assert "good to 10 %: this may or may not fit" in text
