"""The scoreboard on a terminal: every band with what was found, then in words what does not hold."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clustersim.report._blocks import bare_table
from clustersim.report._plain import Plain
from clustersim.report.scoreboard_words import (
    EXCEEDED,
    HOLDS,
    answer,
    band_name,
    band_value,
    cases_text,
    exceeded,
    limit_text,
    measurement_text,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_STYLES = {"good": "green", "bad": "red"}


def print_board(tree: Mapping[str, Any], console: "Console") -> None:
    """Print a scoreboard.

    Parameters
    ----------
    tree : mapping
        ``clustersim.scoreboard/1``.
    console : rich.console.Console
        Where to; its width, colours and encoding are respected.
    """
    plain = Plain.of(console)
    console.print(plain.text(answer(tree), "bold"))
    for sentence in exceeded(tree):
        console.print(plain.text(sentence, "red"))
    if tree["bands"]:
        console.print()
        console.print(_table(tree, plain))
    console.print()
    for line in _rings(tree):
        console.print(plain.text(line))


def _table(tree: Mapping[str, Any], plain: Plain) -> "Table":
    table = bare_table("dim")
    table.add_column("band", no_wrap=True)
    for name, side in (("ring", "left"), ("what", "left"), ("statistic", "left"), ("found", "right")):
        table.add_column(name, justify="right" if side == "right" else "left", overflow="fold")
    table.add_column("limit", justify="right", no_wrap=True)
    table.add_column("cases", justify="right", no_wrap=True)
    for band in tree["bands"]:
        mark, word, tone = HOLDS if band["holds"] else EXCEEDED
        cells = (
            band["ring"], band_name(band), band["words"], band_value(band, band["found"]), limit_text(band),
            f"{band['cases']:,}",
        )  # fmt: skip
        table.add_row(plain.text(f"{mark} {word}", _STYLES[tone]), *map(plain.text, cells))
    return table


def _rings(tree: Mapping[str, Any]) -> Iterator[str]:
    for ring in tree["rings"]:
        if ring["name"] == "real":
            yield f"real: {measurement_text(ring)}"
            yield from (f"  {one['file']}: {one['note'] or cases_text(one['cases'])}" for one in ring["measurements"])
        else:
            outside = sum(group["outside"] for group in ring["groups"])
            missing = sum(group["not_predicted"] for group in ring["groups"])
            told = f", {missing:,} not predicted" if missing else ""
            yield f"{ring['name']}: {cases_text(ring['cases'])}, {outside:,} outside{told}"
        yield from (f"  not there, so not compared: {name}" for name in ring["absent"])
