"""The step: how long it is in each phase, what it is made of, and the memory it needs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.stacked import Bar, Segment, draw_stacked
from clustersim.report.numbers import (
    BYTES,
    DAYS,
    FRACTION,
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
GB = 1e9


def step(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Phases, step breakdown, memory."""
    phases: Sequence[Phase] = summary.get("phases") or []
    if not phases:
        return {"phases": None, "breakdown": None, "memory": None, "extrapolations": [], "conventions": []}
    return {
        "phases": _phase_table(phases),
        "breakdown": _breakdown_figure(phases),
        "memory": _memory_figure(phases),
        "extrapolations": [(phase["name"], text) for phase in phases for text in phase.get("extrapolations") or []],
        "conventions": list(dict.fromkeys(str(phase["flop_convention"]) for phase in phases)),
    }


def step_time_text(phase: Phase) -> str:
    """Step time with one standard deviation of the prediction, or the word measured."""
    seconds, sigma = float(phase["step_time_s"]), float(phase.get("step_time_sigma") or 0.0)
    text = write(seconds, SECONDS, spread=2 * sigma * seconds)
    return f"{text} ± {100 * sigma:.0f} %" if sigma > 0.0 else text


_PHASE_ROWS: tuple[tuple[str, Callable[[Phase], str]], ...] = (
    ("part of the main run", lambda phase: "yes" if phase.get("main", True) else "no"),
    ("layout", lambda phase: str(phase["layout"])),
    ("GPUs", lambda phase: f"{phase['gpus']:,}"),
    ("tokens", lambda phase: write(phase["tokens"], TOKENS, bare=True)),
    ("sequence × batch", lambda phase: f"{phase['sequence_length']:,} × {phase['global_batch']:,}"),
    ("steps", lambda phase: f"{phase['steps']:,.0f}"),
    ("step time", lambda phase: step_time_text(phase)),
    ("basis", lambda phase: str(phase["basis"])),
    ("tokens/s", lambda phase: write(phase["tokens_per_s"], TOKENS_PER_S, bare=True)),
    ("model TFLOP/s per GPU", lambda phase: write(phase["model_tflops_per_gpu"], TFLOPS, bare=True)),
    ("MFU", lambda phase: write(phase["mfu_fraction"], FRACTION)),
    ("HFU", lambda phase: write(phase["hfu_fraction"], FRACTION)),
    ("wall time, P50", lambda phase: show_entry(phase.get("wall_days"), DAYS).full),
    ("wall time, P10–P90", lambda phase: show_entry(phase.get("wall_days"), DAYS).likely),
    ("GPU-hours, P50", lambda phase: show_entry(phase.get("gpu_hours"), GPU_HOURS).p50),
)


def _phase_table(phases: Sequence[Phase]) -> Table:
    """One column a phase: phases are few, what is said of them is much."""
    columns = ("", *(str(phase["name"]) for phase in phases))
    return Table(columns, tuple((label, *(text(phase) for phase in phases)) for label, text in _PHASE_ROWS))


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
            Segment(memory.get(key, 0.0) / GB, colour_of(MEMORY_PARTS, key),
                    f"{label_of(MEMORY_PARTS, key)}: {write(memory.get(key, 0.0), BYTES)}")
            for key in keys
        )  # fmt: skip
        return Bar(phase["name"], write(sum(memory.values()), BYTES), segments)

    bars = tuple(bar(phase) for phase in phases)
    rows = tuple(
        (bar.label, *(f"{segment.value:.2f}" for segment in bar.segments), f"{bar.total:.2f}",
         f"{float(phase['memory_capacity_bytes']) / GB:.2f}")
        for bar, phase in zip(bars, phases, strict=True)
    )  # fmt: skip
    used = [key for index, key in enumerate(keys) if any(bar.segments[index].value for bar in bars)]
    return figure(
        "memory", "Memory of the fullest GPU",
        f"Stacked bars against a capacity of {write_given(capacity, BYTES)}. "
        + " ".join(f"{bar.label}: {bar.number}." for bar in bars),
        lambda width: draw_stacked(width, bars, " GB", limit=(capacity / GB, f"capacity {write_given(capacity, BYTES)}")),
        Table(("phase", *(f"{label_of(MEMORY_PARTS, key)} [GB]" for key in keys), "total [GB]", "capacity [GB]"), rows),
        [(colour_of(MEMORY_PARTS, key), label_of(MEMORY_PARTS, key)) for key in used],
    )  # fmt: skip
