"""Every table as a file: complete rows, a source on each, nothing said twice, every value acceptable to the schema."""

import csv
import re
from importlib import resources

import pytest

from clustersim import catalog
from clustersim.scenario.schema.bill import PriceRange, Site
from clustersim.scenario.schema.corpus import Corpus
from clustersim.scenario.schema.failures import Failures
from clustersim.scenario.schema.hardware import Accelerator, Node
from clustersim.scenario.schema.mix import Mix
from clustersim.scenario.schema.model import Model

TABLES = (
    "accelerators",
    "corpora",
    "failures",
    "mixes",
    "models",
    "nodes",
    "prices",
    "published_parameters",
    "sites",
)
SECTIONS = {
    "accelerators": Accelerator,
    "corpora": Corpus,
    "failures": Failures,
    "mixes": Mix,
    "models": Model,
    "nodes": Node,
    "prices": PriceRange,
    "sites": Site,
}
JUDGEMENTS = ("modelling choice: ", "ASSUMPTION: ")


def rows(table):
    file = resources.files("clustersim.catalog") / "data" / f"{table}.csv"
    with file.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("table", catalog.tables())
def test_rows_are_complete(table):
    for row in rows(table):
        assert set(row) == {"entry", "field", "value", "source"}, row
        assert all(cell and cell == cell.strip() for cell in row.values()), row


@pytest.mark.parametrize("table", catalog.tables())
def test_every_field_is_said_once_and_every_entry_in_one_block_with_a_title(table):
    keys = [(row["entry"], row["field"]) for row in rows(table)]
    assert len(set(keys)) == len(keys)
    blocks = [
        entry
        for entry, previous in zip(keys, [None, *keys], strict=False)
        if previous is None or entry[0] != previous[0]
    ]
    assert [entry for entry, _ in blocks] == list(catalog.entries(table))
    assert all((entry, "title") in keys for entry in catalog.entries(table))


@pytest.mark.parametrize("table", TABLES)
def test_every_source_has_a_year_or_owns_up_to_a_judgement(table):
    for row in rows(table):
        assert re.search(r"\b(19|20)\d\d\b", row["source"]) or row["source"].startswith(JUDGEMENTS), row


@pytest.mark.parametrize("table", TABLES)
def test_titles_tell_entries_apart(table):
    titles = [catalog.entry(table, name).title for name in catalog.entries(table)]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(("table", "name"), [(table, name) for table in SECTIONS for name in catalog.entries(table)])
def test_entry_is_a_valid_section(table, name):
    SECTIONS[table].model_validate(catalog.entry(table, name).tree())


def test_a_world_average_is_not_called_american():
    assert catalog.entry("sites", "us-average").title == "World-average PUE on the US grid"


def test_published_parameters_speak_of_known_models():
    for name in catalog.entries("published_parameters"):
        assert catalog.entry("published_parameters", name).title == catalog.entry("models", name).title
        values = catalog.entry("published_parameters", name).values
        assert set(values) <= {"total", "active"}
        assert all(re.fullmatch(r"\d{6,}|\d+(\.\d+)?B", value.text) for value in values.values()), name
