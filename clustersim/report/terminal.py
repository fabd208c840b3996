"""The forecast on a terminal: the answer first; good at 60 columns, in a pipe and without colour."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clustersim.report._blocks import print_blocks
from clustersim.report._plain import Plain
from clustersim.report.answer import answer, cut_short, unfinished
from clustersim.report.numbers import COUNT, FRACTION, SECONDS, write_given
from clustersim.report.stats import show_entry
from clustersim.report.words import UNCERTAINTY, in_order, label_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def print_summary(summary: Mapping[str, Any], console: "Console") -> None:
    """Print the forecast.

    Parameters
    ----------
    summary : mapping
        ``clustersim.summary/1``.
    console : rich.console.Console
        Where to; its width, colours and encoding are respected.
    """
    plain = Plain.of(console)
    print_blocks(_blocks(summary, plain, console.width), console)


def _blocks(summary: Mapping[str, Any], plain: Plain, width: int) -> Iterator["RenderableType"]:
    from clustersim.report._terminal_tables import categories_table, claims_table, headline_table, states_table

    yield plain.text(summary["scenario"]["name"], "bold")
    yield plain.text(answer(summary), "bold")
    for warning in (unfinished(summary), cut_short(summary)):
        if warning:
            yield plain.text(warning, "red")
    yield headline_table(summary, plain)
    yield plain.text(_how_sure(summary))
    yield states_table(summary, plain, width)
    categories = categories_table(summary, plain)
    if categories:
        yield categories
    for window in summary.get("windows") or []:
        yield plain.text(_window(window))
    if summary.get("checkpointing"):
        yield plain.text(_checkpoints(summary))
    claims = summary.get("claims") or []
    if claims:
        yield plain.text("Claims, held against the forecast", "bold")
        yield claims_table(claims, plain)
    beyond = summary.get("extrapolations") or []
    if beyond:
        yield plain.text("Beyond what was measured:\n" + "\n".join(f"- {text}" for text in beyond), "dim")


def _how_sure(summary: Mapping[str, Any]) -> str:
    share = summary.get("uncertainty_share") or {}
    runs = f"{summary['replications']} replications, seed {summary['seed']}."
    if not share:
        return runs
    keys = in_order(UNCERTAINTY, list(share))
    parts = ", ".join(f"{label_of(UNCERTAINTY, key)} {100 * share[key]:.0f} %" for key in keys)
    return f"{runs} The spread of the finish date: {parts}."


def _window(window: Mapping[str, Any]) -> str:
    """The window in a sentence, with the published number where all categories have one."""
    unexpected = show_entry(window.get("unexpected_interruptions"), COUNT)
    planned = show_entry(window.get("planned_interruptions"), COUNT)
    effective = show_entry(window.get("effective_training_time_fraction"), FRACTION)
    counts = [row.get("published") for row in window.get("by_category") or []]
    published = f"; published {sum(counts):.0f}" if counts and None not in counts else ""
    return (
        f"{window['name']}: {unexpected.p50} unexpected interruptions (5–95 %: {unexpected.wide}{published}), "
        f"{planned.p50} planned ({planned.wide}), effective training time {effective.full} ({effective.wide})."
    )


def _checkpoints(summary: Mapping[str, Any]) -> str:
    plan = summary["checkpointing"]
    count = show_entry(summary["headline"].get("checkpoints"), COUNT)
    every, stall = write_given(plan.get("interval_s"), SECONDS), write_given(plan.get("stall_s"), SECONDS)
    return f"{count.p50} checkpoints ({count.likely}), planned every {every}; training waits {stall} for each."
