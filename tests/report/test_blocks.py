"""Blocks as a terminal shows them."""

from io import StringIO

from rich.console import Console

from clustersim.report._blocks import bare_table, print_blocks


def shown(header: str | None) -> str:
    table = bare_table(header)
    for name in ("one", "two"):
        table.add_column(name)
    table.add_row("a", "bb")
    console = Console(file=StringIO(), width=40)
    print_blocks([table, "after"], console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_a_bare_table_has_no_rules_and_two_spaces_between_columns() -> None:
    assert shown("") == "one  two\na    bb\n\nafter\n"
    assert shown(None) == "a  bb\n\nafter\n"
