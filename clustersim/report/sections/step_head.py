"""The answer of the page of a step: its time with its interval, its rates, and what the phases have in common."""

from collections.abc import Mapping
from typing import Any

from clustersim.report.numbers import FRACTION, GIB, TFLOPS, TOKENS_PER_S, write, write_given
from clustersim.report.sections.step import step
from clustersim.report.step_words import interval_text, memory_warning, rates_text, time_text


def step_head(answer: Mapping[str, Any], description: str) -> dict[str, Any]:
    """Title, answer, and the figures that compare the phases or stand for the only one."""
    phases = answer["phases"]
    pictures = step({"phases": phases})
    return {
        "title": answer["name"],
        "description": description,
        "answer": answer_text(answer).replace(" %", "\u00a0%"),
        "warnings": list(dict.fromkeys(text for phase in phases if (text := memory_warning(phase)))),
        "conventions": pictures["conventions"],
        "rows": [_row(phase) for phase in phases],
        "breakdown": pictures["breakdown"],
        "memory": pictures["memory"],
    }


def answer_text(answer: Mapping[str, Any]) -> str:
    """The step in a sentence; of several phases the shortest and the longest."""
    phases = answer["phases"]
    if len(phases) == 1:
        (phase,) = phases
        return f"A step takes {time_text(phase)} ({interval_text(phase)}): {rates_text(phase)}."
    by_time = sorted(phases, key=lambda phase: float(phase["step_time_s"]))
    shortest, longest = by_time[0], by_time[-1]
    return (
        f"A step takes {time_text(shortest)} ({shortest['name']}, {interval_text(shortest)}) to {time_text(longest)}"
        f" ({longest['name']}, {interval_text(longest)})."
    )


def _row(phase: Mapping[str, Any]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    memory, capacity = float(phase["memory_total_bytes"]), float(phase["memory_capacity_bytes"])
    cells = (
        (str(phase["layout"]), f"{phase['gpus']:,} GPUs"),
        (f"{phase['sequence_length']:,} × {phase['global_batch']:,}", f"{phase['steps']:,} steps"),
        (time_text(phase), interval_text(phase) if phase["basis"] != "measured" else "measured"),
        (write(phase["tokens_per_s"], TOKENS_PER_S, bare=True), write(phase["model_tflops_per_gpu"], TFLOPS)),
        (write(phase["mfu_fraction"], FRACTION), f"HFU {write(phase['hfu_fraction'], FRACTION)}"),
        (write(memory, GIB), f"of {write_given(capacity, GIB)}"),
    )
    return str(phase["name"]), str(phase["basis"]), cells
