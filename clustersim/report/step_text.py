"""The predicted step of each phase on a terminal: the number first, then where the time and the memory go."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clustersim.report._blocks import bare_table
from clustersim.report._plain import Plain
from clustersim.report.numbers import FRACTION, GIB, SECONDS, TFLOPS, TOKENS_PER_S, Unit, write, write_given
from clustersim.report.step_words import interval_text, memory_warning, rates_text, shared_extrapolations, time_text
from clustersim.report.words import MEMORY_PARTS, STEP_PARTS, Word, in_order, label_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

MOST_BAR = 40
LEAST_BAR = 8
_OTHER_COLUMNS = 46

_STYLES = {"blue": "blue", "sky": "cyan", "red": "red", "grey": "bright_black", "amber": "yellow", "purple": "magenta"}

Phase = Mapping[str, Any]


def print_step(answer: Mapping[str, Any], console: "Console") -> None:
    """Print the steps of a scenario: all phases in a table if there are several, then each, then what they rest on.

    Parameters
    ----------
    answer : mapping
        ``clustersim.step/1``.
    console : rich.console.Console
        Where to; its width, colours and encoding are respected.
    """
    plain = Plain.of(console)
    console.print(plain.text(answer["name"], "bold"), highlight=False)
    phases = answer["phases"]
    blocks: list[RenderableType] = [_overview(phases, plain, console.width)] if len(phases) > 1 else []
    for phase in phases:
        blocks += _blocks(phase, plain, console.width)
    for block in (*blocks, *_notes(phases, plain)):
        console.print()
        console.print(block, highlight=False)


def _overview(phases: Sequence[Phase], plain: Plain, width: int) -> "Table":
    table = bare_table("dim")
    table.add_column("phase", overflow="fold")
    columns = [name for name, _, least in _OVERVIEW if width >= least]
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for phase in phases:
        cells = [write_cell(phase) for _, write_cell, least in _OVERVIEW if width >= least]
        table.add_row(*map(plain.text, (str(phase["name"]), *cells)))
    return table


def _interval_cell(phase: Phase) -> str:
    return "measured" if phase["basis"] == "measured" else interval_text(phase).removeprefix("90 %: ")


_OVERVIEW: tuple[tuple[str, Callable[[Phase], str], int], ...] = (
    ("step", time_text, 0),
    ("90 %", _interval_cell, 60),
    ("tokens/s", lambda phase: write(phase["tokens_per_s"], TOKENS_PER_S, bare=True), 72),
    ("TFLOP/s a GPU", lambda phase: write(phase["model_tflops_per_gpu"], TFLOPS, bare=True), 80),
    ("MFU", lambda phase: write(phase["mfu_fraction"], FRACTION), 0),
    ("memory", lambda phase: write(float(phase["memory_total_bytes"]), GIB), 90),
)
"""Columns of the table of phases, and the width from which on each is there."""


def _blocks(phase: Phase, plain: Plain, width: int) -> Iterator["RenderableType"]:
    yield plain.text(_headline(phase), "bold")
    yield plain.text(_rates(phase))
    yield _parts_table("Where the step goes", phase["breakdown_s"], STEP_PARTS, SECONDS, plain, width)
    yield _parts_table(_memory_title(phase), phase["memory_bytes_per_gpu"], MEMORY_PARTS, GIB, plain, width,
                       whole=float(phase["memory_capacity_bytes"]))  # fmt: skip
    if memory_warning(phase):
        yield plain.text(memory_warning(phase), "yellow")


def _notes(phases: Sequence[Phase], plain: Plain) -> Iterator["RenderableType"]:
    """What all phases rest on, said once."""
    conventions = "; ".join(dict.fromkeys(str(phase["flop_convention"]) for phase in phases))
    yield plain.text(f"FLOPs of MFU: {conventions}. HFU adds recomputation.", "dim")
    beyond = shared_extrapolations(phases)
    if beyond:
        lines = "\n".join(f"- {names}: {text}" if names else f"- {text}" for names, text in beyond)
        yield plain.text(f"Beyond what was measured:\n{lines}", "dim")


def _headline(phase: Phase) -> str:
    text = f"{phase['name']}: {time_text(phase)} a step"
    return f"{text}, {interval_text(phase)}" if phase["basis"] == "measured" else f"{text} ({interval_text(phase)})"


def _rates(phase: Phase) -> str:
    schedule = f", {phase['schedule']}" if phase["schedule"] else ""
    return (
        f"{phase['layout']} on {phase['gpus']:,} GPUs{schedule}; {phase['global_batch']:,} sequences of"
        f" {phase['sequence_length']:,} tokens.\n{rates_text(phase)}."
    )


def _memory_title(phase: Phase) -> str:
    total, capacity = float(phase["memory_total_bytes"]), float(phase["memory_capacity_bytes"])
    share = write(total / capacity, FRACTION)
    return f"Memory of the fullest GPU: {write(total, GIB)}, {share} of {write_given(capacity, GIB)}"


def _parts_table(
    title: str,
    parts: Mapping[str, float],
    words: dict[str, Word],
    unit: Unit,
    plain: Plain,
    width: int,
    *,
    whole: float | None = None,
) -> "RenderableType":
    """Parts with a bar each, on one scale; shares are those of ``whole``, or of their sum."""
    from rich.console import Group

    shown = [key for key in in_order(words, list(parts)) if parts[key] > 0.0]
    total, largest = whole or sum(parts.values()), max((parts[key] for key in shown), default=1.0)
    bar_width = max(LEAST_BAR, min(MOST_BAR, width - _OTHER_COLUMNS))
    table = bare_table()
    for justify in ("left", "right", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    for key in shown:
        cells = _cells(label_of(words, key), parts[key], parts[key] / total, unit)
        style = _STYLES.get(words[key].colour.removesuffix("-hatch"), "green") if key in words else "green"
        table.add_row(*map(plain.text, cells), plain.text(plain.bar(parts[key] / largest, bar_width), style))
    return Group(plain.text(title, "bold"), table)


def _cells(label: str, value: float, share: float, unit: Unit) -> Sequence[str]:
    return label, write(value, unit), write(share, FRACTION)
