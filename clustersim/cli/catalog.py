"""``clustersim catalog``: what the catalogue holds, and from where."""

import json
from typing import Annotated

import typer

from clustersim.cli.options import AsJson
from clustersim.cli.terminal import closable_output, console, fail


def catalog(
    table: Annotated[str | None, typer.Argument(help="A table, e.g. accelerators.", show_default=False)] = None,
    name: Annotated[
        str | None, typer.Argument(help="An entry of the table, e.g. h100-sxm.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the catalogue: its tables, a table's entries, or an entry's values with their sources."""
    from clustersim.catalog import UnknownEntry

    try:
        columns, rows = _rows(table, name)
    except UnknownEntry as error:
        fail(str(error))
    with closable_output():
        if as_json:
            typer.echo(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], indent=1, ensure_ascii=False))
            return
        from clustersim.report.listing import print_rows

        print_rows(columns, rows, console())


def _rows(table: str | None, name: str | None) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    from clustersim.catalog.listing import TableRow, ValueRow, list_entries, list_tables, list_values

    if table is None:
        return TableRow._fields, list(list_tables())
    if name is not None:
        return ValueRow._fields, list(list_values(table, name))
    listing = list_entries(table)
    return ("entry", "title", *listing.columns), [(row.entry, row.title, *row.headline) for row in listing.rows]
