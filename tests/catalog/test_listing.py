import pytest

from clustersim import catalog
from clustersim.catalog.listing import list_entries, list_tables, list_values


def test_tables_with_their_counts():
    rows = {row.table: row for row in list_tables()}
    assert set(rows) == set(catalog.tables())
    assert rows["accelerators"].entries == len(catalog.entries("accelerators"))
    assert rows["accelerators"].holds.startswith("GPUs")


def test_accelerators_with_headline_columns():
    listing = list_entries("accelerators")
    assert listing.columns[:3] == ("peak.bf16", "peak.fp8", "memory")
    rows = {row.entry: row for row in listing.rows}
    assert rows["h100-sxm"].title == "NVIDIA H100 SXM 80 GB"
    assert rows["h100-sxm"].headline[:3] == ("989.4 TFLOP/s", "1978.9 TFLOP/s", "80 GiB")
    assert rows["a100-80gb"].headline[1] == ""


def test_failures_show_how_many_categories_they_have_and_their_other_names():
    listing = list_entries("failures")
    rows = {row.entry: row.headline for row in listing.rows}
    assert listing.columns == ("categories", "also")
    assert rows["llama3-405b"] == ("18", "llama3-2024")
    assert rows["meta-rsc1"] == ("1", "rsc-1")
    assert rows["glm-130b"] == ("1", "")


@pytest.mark.parametrize("table", catalog.tables())
def test_every_headline_column_says_something_in_its_table(table):
    listing = list_entries(table)
    for index, column in enumerate(listing.columns):
        assert any(row.headline[index] for row in listing.rows), column
    assert [row.entry for row in listing.rows] == list(catalog.entries(table))


def test_prices_and_sites_with_headline_columns():
    prices = {row.entry: row.headline for row in list_entries("prices").rows}
    assert prices["h100-2025"] == ("$1.70/GPU-hour", "$2.50/GPU-hour", "$4.50/GPU-hour")
    sites = {row.entry: row.headline for row in list_entries("sites").rows}
    assert sites["jean-zay"][:2] == ("1.2", "57 g/kWh")


def test_a_table_without_other_names_has_no_column_for_them():
    assert list_entries("sites").columns == ("pue", "carbon_intensity", "energy_price")


def test_values_of_an_entry():
    rows = list_values("accelerators", "h100-sxm")
    assert ("tdp", "700 W") in [(row.field, row.value) for row in rows]
    assert all(row.source for row in rows)
    assert list_values("failures", "titan") == list_values("failures", "titan-k20x")


def test_unknown_names():
    with pytest.raises(catalog.UnknownTable):
        list_entries("acelerators")
    with pytest.raises(catalog.UnknownEntry):
        list_values("accelerators", "h100-smx")
