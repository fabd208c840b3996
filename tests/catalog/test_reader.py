import subprocess
import sys
from pathlib import Path

import pytest

from clustersim import catalog


def test_public_names():
    assert catalog.__all__ == ["Entry", "UnknownEntry", "UnknownTable", "Value", "entries", "entry", "names", "tables"]


def test_tables_are_the_files_in_the_data_folder():
    expected = {"accelerators", "failures", "models", "nodes", "prices", "published_parameters", "sites"}
    assert expected <= set(catalog.tables())
    assert list(catalog.tables()) == sorted(catalog.tables())


def test_entries_keep_the_order_of_the_file():
    names = catalog.entries("accelerators")
    assert names.index("v100-16gb") < names.index("a100-80gb") < names.index("h100-sxm")
    assert len(set(names)) == len(names)


def test_entry_has_values_with_sources_and_a_title():
    entry = catalog.entry("accelerators", "h100-sxm")
    assert (entry.name, entry.table, entry.title) == ("h100-sxm", "accelerators", "NVIDIA H100 SXM 80 GB")
    assert entry.values["peak.bf16"].text == "989.4 TFLOP/s"
    assert "white paper" in entry.values["peak.bf16"].source
    assert "title" not in entry.values
    assert entry.tree()["peak"]["fp8"] == "1978.9 TFLOP/s"


def test_an_entry_is_found_by_its_other_names_and_keeps_its_own():
    assert catalog.entry("failures", "rsc-1") is catalog.entry("failures", "meta-rsc1")
    assert catalog.entry("failures", "rsc-1").also == ("rsc-1",)
    assert "also" not in catalog.entry("failures", "meta-rsc1").values
    assert "rsc-1" not in catalog.entries("failures")


@pytest.mark.parametrize("table", catalog.tables())
def test_names_are_those_of_the_entries_and_then_their_others(table):
    own = catalog.entries(table)
    found = catalog.names(table)
    assert found[: len(own)] == own
    assert len(set(found)) == len(found)
    assert set(found[len(own) :]) == {other for name in own for other in catalog.entry(table, name).also}


@pytest.mark.parametrize(
    ("table", "name", "match"),
    [
        ("accelerators", "h100-smx", "h100-sxm"),
        ("accelerators", "H100_SXM", "h100-sxm"),
        ("models", "llama3-405", "llama3-405b"),
        ("models", "lama3-405b", "llama3-405b"),
        ("failures", "llama-3-405b", "llama3-405b"),
        ("failures", "opt-2012", "opt-2021"),
    ],
)
def test_unknown_entry_suggests_what_was_meant(table, name, match):
    with pytest.raises(catalog.UnknownEntry) as error:
        catalog.entry(table, name)
    assert error.value.close_matches[0] == match
    assert len(error.value.close_matches) <= 3
    assert str(error.value).startswith(f"{table} has no entry '{name}', did you mean '{match}'")
    assert isinstance(error.value, KeyError)


def test_unknown_entry_without_a_match_says_where_to_look():
    with pytest.raises(catalog.UnknownEntry, match="list them with: clustersim catalog models") as error:
        catalog.entry("models", "zzzzzzzz")
    assert error.value.close_matches == ()


def test_unknown_table():
    with pytest.raises(catalog.UnknownTable, match="no table 'acelerators', did you mean 'accelerators'"):
        catalog.entries("acelerators")
    with pytest.raises(catalog.UnknownTable, match=r"the tables are: accelerators, .*failures"):
        catalog.entry("zzzzzzzz", "h100-sxm")


def test_reading_one_table_imports_nothing_heavy_and_no_other_table():
    script = (
        "import sys, clustersim.catalog as c\n"
        "c.entry('accelerators', 'h100-sxm').tree()\n"
        "from clustersim.catalog import reader\n"
        "heavy = {'numpy', 'scipy', 'pydantic', 'yaml', 'pyarrow'} & set(sys.modules)\n"
        "print(reader._read.cache_info().currsize, heavy)"
    )
    root = Path(catalog.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "1 set()"
