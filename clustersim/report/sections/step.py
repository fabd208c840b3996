"""The step: how long it is in each phase, what it is made of, and the memory it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.stacked import Bar, Segment, draw_stacked
from clustersim.report.numbers import (
    DAYS,
    FRACTION,
    GIB,
    GPU_HOURS,
    SECONDS,
    TFLOPS,
    TOKENS,
    TOKENS_PER_S,
    write,
    write_given,
)
from clustersim.report.stats import show_entry
from clustersim.report.words import MEMORY_PARTS, STEP_GROUPS, STEP_PARTS, colour_of, in_order, label_of

Phase = Mapping[str, Any]
GIB_BYTES = 2.0**30


def step(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Phases, step breakdown, memory."""
    phases: Sequence[Phase] = summary.get("phases") or []
    if not phases:
        return {"phases": None, "sizes": [], "breakdown": None, "memory": None, "extrapolations": [], "conventions": []}
    return {
        "phases": [_phase_row(phase) for phase in phases],
        "sizes": _sizes(summary.get("sizes") or []),
        "columns": PHASE_COLUMNS,
        "breakdown": _breakdown_figure(phases),
        "memory": _memory_figure(phases),
        "extrapolations": _extrapolations(phases),
        "conventions": list(dict.fromkeys(str(phase["flop_convention"]) for phase in phases)),
    }


def step_time_text(phase: Phase) -> str:
    """Step time with one standard deviation of the prediction, or the word measured."""
    seconds, sigma = float(phase["step_time_s"]), float(phase.get("step_time_sigma") or 0.0)
    text = write(seconds, SECONDS, spread=2 * sigma * seconds)
    return f"{text} ± {100 * sigma:.0f} %" if sigma > 0.0 else text


@dataclass(frozen=True)
class PhaseRow:
    """One phase; each cell is a number and what stands small below it."""

    name: str
    note: str
    cells: tuple[tuple[str, str], ...]


PHASE_COLUMNS = ("layout", "sequence × batch", "step time", "tokens/s, per GPU", "MFU", "wall time", "GPU-hours")


def _sizes(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """GPUs, days and GPU-hours of each size, if the job has several."""
    if len(rows) < 2:
        return []
    return [
        (
            f"{row['gpus']:,}",
            show_entry(row["wall_days"], DAYS).full,
            show_entry(row["gpu_hours"], GPU_HOURS).p50,
        )
        for row in rows
    ]


def _extrapolations(phases: Sequence[Phase]) -> list[tuple[str, str]]:
    """Which phases each extrapolation concerns, and what it is."""
    concerned: dict[str, list[str]] = {}
    for phase in phases:
        for text in phase.get("extrapolations") or []:
            concerned.setdefault(str(text), []).append(str(phase["name"]))
    every = len(phases)
    return [("every phase" if len(names) == every else ", ".join(names), text) for text, names in concerned.items()]


def _phase_row(phase: Phase) -> PhaseRow:
    days, hours = show_entry(phase.get("wall_days"), DAYS), show_entry(phase.get("gpu_hours"), GPU_HOURS)
    tflops = write(phase["model_tflops_per_gpu"], TFLOPS)
    return PhaseRow(
        str(phase["name"]),
        f"{write(phase['tokens'], TOKENS)}{'' if phase.get('main', True) else ', not in the main run'}",
        (
            (str(phase["layout"]), f"{phase['gpus']:,} GPUs"),
            (f"{phase['sequence_length']:,} × {phase['global_batch']:,}", f"{phase['steps']:,.0f} steps"),
            (step_time_text(phase), str(phase["basis"])),
            (write(phase["tokens_per_s"], TOKENS_PER_S, bare=True), tflops),
            (write(phase["mfu_fraction"], FRACTION), f"HFU {write(phase['hfu_fraction'], FRACTION)}"),
            (days.full, days.likely),
            (hours.p50, hours.likely),
        ),
    )


def _breakdown_figure(phases: Sequence[Phase]) -> Figure:
    keys = in_order(STEP_PARTS, list({key for phase in phases for key in phase["breakdown_s"]}))
    present = [key for key in keys if any(phase["breakdown_s"].get(key) for phase in phases)]
    groups = {name: group for name, group in _groups(keys).items() if any(key in present for key in group[1])}

    def bar(phase: Phase) -> Bar:
        total = float(phase["step_time_s"])
        shares = {
            name: sum(phase["breakdown_s"].get(key, 0.0) for key in parts) / total
            for name, (_, parts) in groups.items()
        }
        segments = tuple(
            Segment(100 * shares[name], colour, f"{name}: {write(shares[name], FRACTION)}",
                    f"{100 * shares[name]:.0f}" if not colour.endswith("hatch") else "")
            for name, (colour, _) in groups.items()
        )  # fmt: skip
        return Bar(phase["name"], write(total, SECONDS), segments)

    bars = tuple(bar(phase) for phase in phases)
    rows = tuple(
        (
            phase["name"],
            *(f"{phase['breakdown_s'].get(key, 0.0):.3f}" for key in present),
            f"{phase['step_time_s']:.3f}",
        )
        for phase in phases
    )
    described = " ".join(f"{b.label}, {b.number}: {', '.join(s.title for s in b.segments if s.value)}." for b in bars)
    return figure(
        "breakdown", "What one step is made of, in % of its time", described,
        lambda width: draw_stacked(width, bars, " %", high=100.0),
        Table(("phase", *(f"{label_of(STEP_PARTS, key)} [s]" for key in present), "step [s]"), rows),
        [(colour, name) for name, (colour, _) in groups.items()],
    )  # fmt: skip


def _groups(keys: list[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Parts by colour; parts the report does not know make a group of their own."""
    known = {key for _, parts in STEP_GROUPS.values() for key in parts}
    others = tuple(key for key in keys if key not in known)
    return {**STEP_GROUPS, "other": ("grey-hatch", others)} if others else dict(STEP_GROUPS)


def _memory_figure(phases: Sequence[Phase]) -> Figure | None:
    keys = in_order(MEMORY_PARTS, list({key for phase in phases for key in phase.get("memory_bytes_per_gpu") or {}}))
    capacity = max(float(phase.get("memory_capacity_bytes") or 0.0) for phase in phases)
    if not keys or capacity <= 0.0:
        return None

    def bar(phase: Phase) -> Bar:
        memory = phase["memory_bytes_per_gpu"]
        segments = tuple(
            Segment(memory.get(key, 0.0) / GIB_BYTES, colour_of(MEMORY_PARTS, key),
                    f"{label_of(MEMORY_PARTS, key)}: {write(memory.get(key, 0.0), GIB)}")
            for key in keys
        )  # fmt: skip
        return Bar(phase["name"], write(sum(memory.values()), GIB), segments)

    bars = tuple(bar(phase) for phase in phases)
    limit = (capacity / GIB_BYTES, f"capacity {write_given(capacity, GIB)}")
    rows = tuple(
        (bar.label, *(f"{segment.value:.2f}" for segment in bar.segments), f"{bar.total:.2f}",
         f"{float(phase['memory_capacity_bytes']) / GIB_BYTES:.2f}")
        for bar, phase in zip(bars, phases, strict=True)
    )  # fmt: skip
    used = [key for index, key in enumerate(keys) if any(bar.segments[index].value for bar in bars)]
    return figure(
        "memory", "Memory of the fullest GPU",
        f"Stacked bars against a capacity of {write_given(capacity, GIB)}. "
        + " ".join(f"{bar.label}: {bar.number}." for bar in bars),
        lambda width: draw_stacked(width, bars, " GiB", limit=limit),
        Table(("phase", *(f"{label_of(MEMORY_PARTS, key)} [GiB]" for key in keys), "total [GiB]", "limit [GiB]"), rows),
        [(colour_of(MEMORY_PARTS, key), label_of(MEMORY_PARTS, key)) for key in used],
    )  # fmt: skip
