"""The ranking of layouts on a terminal: a table where it is wide, two lines a layout where it is not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clustersim.report._blocks import GAP, bare_table, print_blocks
from clustersim.report._plain import Plain
from clustersim.report.numbers import FRACTION, GIB, SECONDS, Unit, write

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_COLUMNS = ("", "layout", "step time", "90 %", "TFLOP/s", "MFU", "memory", "free", "bubble", "exposed")
_LEFT = ("", "layout")
_TFLOPS = Unit(decimals=0)
_SHARE = Unit(FRACTION.steps, decimals=0)
_INDENT = "   "

Row = tuple[str, Mapping[str, Any]]
"""Rank or mark, and the layout."""


def print_layouts(summary: Mapping[str, Any], console: "Console") -> None:
    """Print a search of layouts.

    Parameters
    ----------
    summary : mapping
        ``clustersim.layouts/1``.
    console : rich.console.Console
        Where to; its width, colours and encoding are respected.
    """
    plain = Plain.of(console)
    print_blocks(_blocks(summary, plain, console.width), console)


def _blocks(summary: Mapping[str, Any], plain: Plain, width: int) -> Iterator["RenderableType"]:
    yield plain.text(summary["name"], "bold")
    yield plain.text(_question(summary))
    if summary["interrupted"]:
        yield plain.text("Interrupted: the ranking is the best found so far.", "red")
    rows = _rows(summary)
    if rows:
        yield _table(rows, plain, width) or plain.text("\n".join(_lines(rows, width)))
    yield plain.text(_ties(summary) if summary["layouts"] else _nothing(summary), "" if summary["layouts"] else "red")
    yield plain.text(_own(summary))
    if summary["yaml"]:
        yield plain.text(
            "\n".join(("The fastest, to paste under training: in the scenario:", *_pasted(summary, width)))
        )
    yield plain.text(_counts(summary["counts"]))
    if summary["rejected"]:
        yield plain.text("\n".join(("Rejected:", *(f"- {_rejected(family)}" for family in summary["rejected"]))))
    if summary["not_considered"]:
        yield plain.text("Not looked at: " + "; ".join(summary["not_considered"]) + ".", "dim")
    if summary["extrapolations"]:
        beyond = "\n".join(f"- {text}" for text in summary["extrapolations"])
        yield plain.text(f"Beyond what was measured:\n{beyond}", "dim")


def _question(summary: Mapping[str, Any]) -> str:
    return (
        f"{summary['gpus']:,} GPUs, phase {summary['phase']!r}: {summary['global_batch']:,} sequences of"
        f" {summary['sequence_length']:,} tokens a step, {summary['precision']}, {summary['software']} software."
        f" The fastest setting of each TP x CP x PP x DP x EP that fits into"
        f" {write(summary['memory_capacity_bytes'], GIB)} per GPU:"
    )


def _rows(summary: Mapping[str, Any]) -> list[Row]:
    """Ranked layouts, the scenario's own in its place."""
    own, ranked = summary["own"], [(f"{row['rank']}", row) for row in summary["layouts"]]
    if own is None:
        return ranked
    if any(row["layout"] == own["layout"] for _, row in ranked):
        return [(f"{mark} own" if row["layout"] == own["layout"] else mark, row) for mark, row in ranked]
    place = len(ranked) if own["rank"] is None else own["rank"] - 1
    return [*ranked[:place], ("own", own), *ranked[place:]]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    mean_s = row["step_time_s"]
    low, high = (write(row[key], SECONDS, size=mean_s, bare=True) for key in ("step_time_low_s", "step_time_high_s"))
    return (
        row["layout"],
        write(mean_s, SECONDS),
        f"{low}–{high}",
        write(row["model_tflops_per_gpu"], _TFLOPS),
        write(row["mfu_fraction"], FRACTION),
        write(row["memory_bytes_per_gpu"], GIB),
        write(row["headroom_fraction"], _SHARE),
        write(row["bubble_fraction"], FRACTION),
        write(row["exposed_fraction"], FRACTION),
    )


def _table(rows: Sequence[Row], plain: Plain, width: int) -> "Table | None":
    """The ranking as a table; None where the terminal is too narrow for it."""
    cells = [(mark, *_cells(row)) for mark, row in rows]
    widths = [max(len(line[column]) for line in (_COLUMNS, *cells)) for column in range(len(_COLUMNS))]
    if sum(widths) + GAP * (len(widths) - 1) > width:
        return None
    table = bare_table("")
    for name in _COLUMNS:
        table.add_column(plain.text(name, "dim"), justify="left" if name in _LEFT else "right", no_wrap=True)
    for line in cells:
        table.add_row(*(plain.text(cell, "bold" if "own" in line[0] else "") for cell in line))
    return table


def _lines(rows: Sequence[Row], width: int) -> Iterator[str]:
    """A few lines for each layout, broken between figures."""
    for mark, row in rows:
        words, mean, interval, tflops, mfu, memory, free, bubble, exposed = _cells(row)
        yield from _broken(f"{mark}: {words}".split(" "), " ", width)
        figures = (
            f"{mean} ({interval}),",
            f"{tflops} TFLOP/s,",
            f"MFU {mfu},",
            f"{memory},",
            f"{free} free,",
            f"bubble {bubble},",
            f"exposed {exposed}",
        )
        yield from _broken(figures, " ", width, first=_INDENT)


def _broken(parts: Sequence[str], glue: str, width: int, first: str = "") -> Iterator[str]:
    """Lines of whole parts; those after the first are indented."""
    line = first
    for number, part in enumerate(parts):
        longer = f"{line}{glue}{part}" if number and line != _INDENT else f"{line}{part}"
        if number and len(longer) > width:
            yield line
            longer = f"{_INDENT}{part}"
        line = longer
    yield line


def _pasted(summary: Mapping[str, Any], width: int) -> Iterator[str]:
    """The lines for the scenario; settings one by one where the line would be broken."""
    for line in summary["yaml"]:
        if len(line) <= width or "{" not in line:
            yield line
            continue
        key, _, settings = line.rstrip("}").partition(" {")
        yield key
        yield from (f"  {setting}" for setting in settings.split(", "))


def _ties(summary: Mapping[str, Any]) -> str:
    percent = f"{100.0 * (summary['tie_ratio'] - 1.0):.0f} %"
    spread = f"{100.0 * summary['ranking_sigma']:.0f} %"
    tied = sum(row["ties_with_best"] for row in summary["layouts"])
    head = "Rank 1 stands alone" if tied == 1 else f"Ranks 1 to {tied} tie"
    return (
        f"{head}: published sweeps of layouts scatter by {spread} about this model, so it cannot rank step times less"
        f" than {percent} apart. The 90 % interval is that of the step time itself; layouts share most of it."
    )


def _nothing(summary: Mapping[str, Any]) -> str:
    misses = [family for family in summary["rejected"] if family["least_bytes"] is not None]
    if summary["interrupted"]:
        return "No layout was found before the interrupt."
    if not misses:
        return "No layout divides the model and the batch."
    nearest = min(misses, key=lambda family: float(family["least_bytes"]))
    return f"No layout fits. The nearest miss: {nearest['nearest']} {nearest['reason']}."


def _own(summary: Mapping[str, Any]) -> str:
    own, problems = summary["own"], "; ".join(summary["own_problems"])
    if own is None:
        return f"The scenario's own layout is not ranked: {problems}."
    slower = own["slower_than_best_fraction"]
    if not summary["layouts"]:
        place = f"would take {write(own['step_time_s'], SECONDS)} a step"
    elif slower <= 0.0:
        place = "is as fast as the fastest"
    else:
        tie = ", a tie" if own["ties_with_best"] else ""
        place = f"takes {100.0 * slower:.1f} % longer than the fastest{tie}"
    return f"The scenario's own layout {place}{f', but {problems}' if problems else ''}."


def _counts(counts: Mapping[str, int]) -> str:
    return (
        f"{counts['considered']:,} layouts: {counts['rejected_by_rule']:,} do not divide the model or the batch,"
        f" {counts['rejected_by_memory']:,} do not fit into memory, {counts['left_out_by_bound']:,} left out because"
        f" even a lower bound of their step time is too long, {counts['predicted']:,} predicted."
    )


def _rejected(family: Mapping[str, Any]) -> str:
    counted = f"{'all ' if family['whole'] else ''}{family['layouts']:,} layouts"
    nearest = f" (nearest: {family['nearest']})" if family["nearest"] else ""
    return f"{family['family']} ({counted}): {family['reason']}{nearest}"
