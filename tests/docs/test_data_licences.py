"""The page on licences: it names every table that is shipped, and no other; every row of theirs has its source."""

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "data-licences.md").read_text(encoding="utf-8")
TABLES = sorted([*(ROOT / "validation" / "published").glob("*.csv"), *(ROOT / "clustersim/catalog/data").glob("*.csv")])
WITHOUT = {"whole_runs.csv": "claim"}
"""Tables whose rows explain something that has its source elsewhere, and the column that says what."""


def test_every_table_is_on_the_page_and_nothing_else_is() -> None:
    assert set(re.findall(r"`(\w+\.csv)`", PAGE)) == {table.name for table in TABLES}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"{table.parent.name}/{table.name}")
def test_every_row_has_its_source(table: Path) -> None:
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    column = WITHOUT.get(table.name, "source")
    assert rows
    assert [number for number, row in enumerate(rows, start=2) if not (row[column] or "").strip()] == []


def test_licences_that_rows_name_are_those_of_the_page() -> None:
    upstream = {
        cells[1].strip().split(",")[0].split(" ")[0].rpartition("/")[2]: cells[2].strip()
        for cells in (line.split("|") for line in PAGE.splitlines() if line.startswith("| "))
        if cells[2].strip() in {"MIT", "Apache-2.0"}
    }
    assert len(upstream) == 8
    named = 0
    for table in TABLES:
        text = table.read_text(encoding="utf-8")
        for name, licence in upstream.items():
            for found in re.findall(
                rf"{re.escape(name)}\b[^()\"]{{0,20}}\(?[^()\"]{{0,20}}\b(MIT|Apache-2\.0)\b", text
            ):
                assert found == licence, (table.name, name)
                named += 1
    assert named > 1000
