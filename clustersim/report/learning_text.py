"""What a run learns, on a terminal: the loss, what emerges, the corpus and the optimizer's loop."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clustersim.report._blocks import bare_table, print_blocks
from clustersim.report._plain import Plain
from clustersim.report._terminal_tables import claims_table
from clustersim.report.charts.figure import Table as Data
from clustersim.report.sections.capability import capability
from clustersim.report.sections.corpus import corpus
from clustersim.report.sections.learning import learning
from clustersim.report.sections.optimizer import INTERVAL, optimizer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_OF_LEARNING = frozenset({"loss", "cost_of_a_tenth", "score", "transition", "corpus_share", "divergence", "steps"})
"""Claims that speak of learning."""

_LOSS_ROWS = 8
_WIDE = 130
"""Columns of a terminal that the widest table takes."""


def print_learning(summary: Mapping[str, Any], console: "Console") -> None:
    """Print what the run learns.

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
    entry = summary["learning"]
    yield plain.text(summary["scenario"]["name"], "bold")
    yield from _loss(summary, plain)
    yield from _capability(entry, plain)
    yield from _corpus(entry, plain)
    yield from _optimizer(entry, plain, width)
    claims = [claim for claim in summary.get("claims") or [] if claim["quantity"] in _OF_LEARNING]
    if claims:
        yield plain.text("Claims, held against the forecast", "bold")
        yield claims_table(claims, plain)


def _loss(summary: Mapping[str, Any], plain: Plain) -> Iterator["RenderableType"]:
    shown = learning(summary)
    if not shown["picture"]:
        yield plain.text("The run ends before any law of the loss speaks.")
        return
    where = f"on {shown['corpus']} with the tokenizer {shown['tokenizer']}, by the law {shown['law']}."
    if shown["ends"]:
        final = shown["final"]
        yield plain.text(f"Final loss {final.full} nats per token (P10 to P90: {final.likely}), {where}", "bold")
    else:
        yield plain.text(
            f"No final loss: the run ends after {shown['tokens']}, before the law of final losses speaks. "
            f"The loss on the way, {where}",
            "bold",
        )
    yield _table(_thinned(shown["picture"].table), plain)
    if shown["worth"]:
        yield plain.text("What a tenth of a nat is worth from there on", "bold")
        yield _table(shown["worth"], plain)
    if shown["forms"]:
        yield _table(shown["forms"], plain)
    yield _points(shown["notes"], plain)
    yield from _own_log(shown["own_log"], plain)
    yield from _against(shown["against"], plain)


def _own_log(shown: Mapping[str, Any] | None, plain: Plain) -> Iterator["RenderableType"]:
    if not shown:
        return
    yield plain.text("From the run's own log", "bold")
    yield plain.text(shown["lead"])
    if shown["picture"]:
        seen, curve = (_thinned(shown[name]) for name in ("seen", "curve"))
        yield _table(Data(seen.columns, (*seen.rows, *curve.rows)), plain)
        yield _facts(shown["facts"], plain)
    if shown["caveats"]:
        yield _points(shown["caveats"], plain)


def _against(shown: Mapping[str, Any] | None, plain: Plain) -> Iterator["RenderableType"]:
    if not shown:
        return
    yield plain.text("Beside other models", "bold")
    yield plain.text(shown["lead"])
    yield _table(shown["models"], plain)
    yield plain.text(shown["forms_lead"])
    yield _table(shown["forms"], plain)
    yield _points(shown["caveats"], plain)


def _capability(entry: Mapping[str, Any], plain: Plain) -> Iterator["RenderableType"]:
    shown = capability(entry.get("capability"), entry.get("tokens"))
    if not shown:
        return
    yield plain.text("What emerges", "bold")
    yield _table(shown["picture"].table, plain)
    for sentence in shown["sentences"]:
        yield plain.text(sentence)
    yield _points(shown["caveats"], plain)


def _corpus(entry: Mapping[str, Any], plain: Plain) -> Iterator["RenderableType"]:
    shown = corpus(entry.get("training_corpus"))
    if not shown:
        return
    yield plain.text(f"The corpus: {shown['name']}", "bold")
    if shown["picture"]:
        yield _table(shown["picture"].table, plain)
    if shown["facts"]:
        yield _facts(shown["facts"], plain)
    for table in (shown["mix"], shown["loads"]):
        if table:
            yield _table(table, plain)
    yield _points(shown["caveats"], plain)


def _optimizer(entry: Mapping[str, Any], plain: Plain, width: int) -> Iterator["RenderableType"]:
    shown = optimizer(entry.get("optimizer"), entry.get("schedule"))
    if not shown:
        return
    yield plain.text("The optimizer's loop", "bold")
    yield _facts(shown["facts"], plain)
    what_if = shown["what_if"] if width >= _WIDE else _without(shown["what_if"], INTERVAL)
    yield _table(what_if, plain)
    yield _points(shown["caveats"], plain)


def _without(data: Data, column: str) -> Data:
    kept = [index for index, name in enumerate(data.columns) if name != column]
    rows = tuple(tuple(row[index] for index in kept) for row in data.rows)
    return Data(tuple(data.columns[index] for index in kept), rows, data.words)


def _thinned(data: Data) -> Data:
    """Some rows of a long table, its ends among them."""
    last = len(data.rows) - 1
    kept = sorted({round(last * index / (_LOSS_ROWS - 1)) for index in range(_LOSS_ROWS)})
    return Data(data.columns, tuple(dict.fromkeys(data.rows[index] for index in kept)), data.words)


def _table(data: Data, plain: Plain) -> "Table":
    table = bare_table("")
    for index, name in enumerate(data.columns):
        table.add_column(plain.text(name, "dim"), justify="left" if index < data.words else "right")
    for row in data.rows:
        table.add_row(*(plain.text(cell) for cell in row))
    return table


def _facts(rows: Iterable[Sequence[str]], plain: Plain) -> "Table":
    table = bare_table()
    for name, value, note in rows:
        table.add_row(plain.text(name), plain.text(value, "bold"), plain.text(note, "dim"))
    return table


def _points(lines: Sequence[str], plain: Plain) -> "RenderableType":
    return plain.text("\n".join(f"- {line}" for line in lines), "dim")
