"""The predicted step of each phase on a terminal: the number first, then where the time and the memory go."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clustersim.report._plain import Plain
from clustersim.report.numbers import FRACTION, GIB, SECONDS, TFLOPS, TOKENS_PER_S, Unit, write, write_given
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
    """Print the steps of a scenario.

    Parameters
    ----------
    answer : mapping
        ``clustersim.step/1``.
    console : rich.console.Console
        Where to; its width, colours and encoding are respected.
    """
    plain = Plain.of(console)
    console.print(plain.text(answer["name"], "bold"), highlight=False)
    for phase in answer["phases"]:
        for block in _blocks(phase, plain, console.width):
            console.print()
            console.print(block, highlight=False)


def _blocks(phase: Phase, plain: Plain, width: int) -> Iterator["RenderableType"]:
    yield plain.text(_headline(phase), "bold")
    yield plain.text(_rates(phase))
    yield _parts_table("Where the step goes", phase["breakdown_s"], STEP_PARTS, SECONDS, plain, width)
    yield _parts_table(_memory_title(phase), phase["memory_bytes_per_gpu"], MEMORY_PARTS, GIB, plain, width,
                       whole=float(phase["memory_capacity_bytes"]))  # fmt: skip
    yield plain.text(f"FLOPs of MFU: {phase['flop_convention']}. HFU adds recomputation.", "dim")
    if phase["extrapolations"]:
        beyond = "\n".join(f"- {text}" for text in phase["extrapolations"])
        yield plain.text(f"Beyond what was measured:\n{beyond}", "dim")


def _headline(phase: Phase) -> str:
    seconds, low, high = (float(phase[key]) for key in ("step_time_s", "step_time_low_s", "step_time_high_s"))
    text = f"{phase['name']}: {write(seconds, SECONDS, spread=high - low)} a step"
    if phase["basis"] == "measured":
        return f"{text}, as measured; its parts are predicted and stretched to it"
    ends = [write(end, SECONDS, spread=high - low, size=seconds, bare=True) for end in (low, high)]
    return f"{text} (90 %: {ends[0]} to {ends[1]})"


def _rates(phase: Phase) -> str:
    schedule = f", {phase['schedule']}" if phase["schedule"] else ""
    return (
        f"{phase['layout']} on {phase['gpus']:,} GPUs{schedule}; {phase['global_batch']:,} sequences of"
        f" {phase['sequence_length']:,} tokens.\n{write(phase['tokens_per_s'], TOKENS_PER_S)},"
        f" {write(phase['model_tflops_per_gpu'], TFLOPS)} a GPU, MFU {write(phase['mfu_fraction'], FRACTION)},"
        f" HFU {write(phase['hfu_fraction'], FRACTION)}."
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
) -> "Table":
    """Parts with a bar each, on one scale; shares are those of ``whole``, or of their sum."""
    from rich.table import Table

    shown = [key for key in in_order(words, list(parts)) if parts[key] > 0.0]
    total, largest = whole or sum(parts.values()), max((parts[key] for key in shown), default=1.0)
    bar_width = max(LEAST_BAR, min(MOST_BAR, width - _OTHER_COLUMNS))
    table = Table(
        box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False,
        title=plain.text(title, "bold"), title_justify="left", title_style="",
    )  # fmt: skip
    for justify in ("left", "right", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    for key in shown:
        cells = _cells(label_of(words, key), parts[key], parts[key] / total, unit)
        style = _STYLES.get(words[key].colour.removesuffix("-hatch"), "green") if key in words else "green"
        table.add_row(*map(plain.text, cells), plain.text(plain.bar(parts[key] / largest, bar_width), style))
    return table


def _cells(label: str, value: float, share: float, unit: Unit) -> Sequence[str]:
    return label, write(value, unit), write(share, FRACTION)
