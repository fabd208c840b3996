"""Sentences about a predicted step that the terminal and the page share."""

from collections.abc import Mapping, Sequence
from typing import Any

from clustersim.report.numbers import FRACTION, GIB, SECONDS, TFLOPS, TOKENS_PER_S, write, write_given
from clustersim.step.memory_fit import TOLERANCE

Phase = Mapping[str, Any]


def interval_text(phase: Phase) -> str:
    """The 90 % interval of a step time, or why there is none."""
    if phase["basis"] == "measured":
        return "as measured; its parts are predicted and stretched to it"
    seconds, low, high = (float(phase[key]) for key in ("step_time_s", "step_time_low_s", "step_time_high_s"))
    ends = [write(end, SECONDS, spread=high - low, size=seconds, bare=True) for end in (low, high)]
    return f"90 %: {ends[0]} to {ends[1]}"


def time_text(phase: Phase) -> str:
    """Step time with the digits that its interval supports."""
    spread = float(phase["step_time_high_s"]) - float(phase["step_time_low_s"])
    return write(float(phase["step_time_s"]), SECONDS, spread=spread)


def rates_text(phase: Phase) -> str:
    """Throughput and utilisation."""
    return (
        f"{write(phase['tokens_per_s'], TOKENS_PER_S)}, {write(phase['model_tflops_per_gpu'], TFLOPS)} a GPU,"
        f" MFU {write(phase['mfu_fraction'], FRACTION)}, HFU {write(phase['hfu_fraction'], FRACTION)}"
    )


def memory_warning(phase: Phase) -> str:
    """What to know about a step that needs a little more memory than there is; empty when it fits."""
    total, capacity = float(phase["memory_total_bytes"]), float(phase["memory_capacity_bytes"])
    if total <= capacity:
        return ""
    return (
        f"The fullest GPU needs {write(total - capacity, GIB)} more than its {write_given(capacity, GIB)}. That is let"
        f" pass, because the memory model is only good to {TOLERANCE:.0%}: this may or may not fit."
    ).replace("%:", " %:")


def shared_extrapolations(phases: Sequence[Phase]) -> list[tuple[str, str]]:
    """What is extrapolated, and the phases it concerns where it is not every one of several."""
    concerned: dict[str, list[str]] = {}
    for phase in phases:
        for text in phase["extrapolations"]:
            concerned.setdefault(str(text), []).append(str(phase["name"]))
    every = len(phases)
    return [("" if len(names) == every else ", ".join(names), text) for text, names in concerned.items()]
