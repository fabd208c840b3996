"""The written table: what it keeps, what it follows, and that writing it again changes nothing."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from shutil import copytree

import pytest

from clustersim.calibration.fitted import SHARED, Fit, kept
from clustersim.calibration.free import FREE
from clustersim.calibration.store import write_table
from clustersim.calibration.throughput import evaluate, fit, fitted_cards
from clustersim.catalog import entry
from clustersim.catalog import reader as catalog_reader
from clustersim.step.efficiency import TABLE, calibrated_table
from tests.calibration.published import FITTED_TABLES, published_rows, published_steps

Written = Mapping[tuple[str, str], tuple[str, str]]
DATA = ", ".join(FITTED_TABLES)


def written(path: Path) -> Written:
    with path.open(encoding="utf-8", newline="") as lines:
        return {(row["entry"], row["field"]): (row["value"], row["source"]) for row in csv.DictReader(lines)}


def keep(path: Path) -> Path:
    """Write the catalogue's table as ``clustersim calibrate throughput --keep`` does."""
    rows, result = published_steps(), kept(calibrated_table(), FREE)
    write_table(path, result, fitted_cards(rows), evaluate(rows, result.table), DATA)
    return path


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The catalogue with this table as it would be written today; the packaged one again afterwards."""
    folder = tmp_path / "data"
    with as_file(files("clustersim.catalog") / "data") as packaged:
        copytree(packaged, folder)
    first = keep(folder / f"{TABLE}.csv")
    monkeypatch.setattr(catalog_reader, "_data", lambda: folder)
    catalog_reader._read.cache_clear()
    calibrated_table.cache_clear()
    yield first
    catalog_reader._read.cache_clear()
    calibrated_table.cache_clear()


def test_a_written_table_reproduces_itself_byte_for_byte(catalogue: Path, tmp_path: Path) -> None:
    assert keep(tmp_path / "again.csv").read_bytes() == catalogue.read_bytes()


def test_the_catalogue_is_what_keeping_it_writes(tmp_path: Path) -> None:
    packaged = files("clustersim.catalog") / "data" / f"{TABLE}.csv"
    assert keep(tmp_path / "table.csv").read_bytes() == packaged.read_bytes()


def test_values_that_follow_the_reference_stack_are_written_with_it(tmp_path: Path) -> None:
    result = fit(published_rows(), free=[item for item in FREE if item.key == ("stack-megatron", "straggle")])
    write_table(tmp_path / "table.csv", result, {}, {}, "rows.csv")
    table = written(tmp_path / "table.csv")
    followers = {key for key, (_, source) in table.items() if source == SHARED}
    assert len(followers) > 20
    for name, field in followers:
        assert table[name, field][0] == table["stack-megatron", field][0]


def test_a_parameter_that_is_free_no_more_loses_label_and_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = ("hopper", "gemm_bf16")
    fewer = tuple(item for item in FREE if item.key != gone)
    monkeypatch.setattr("clustersim.calibration.store.FREE", fewer)
    write_table(tmp_path / "table.csv", kept(calibrated_table(), fewer), {}, {}, "rows.csv")
    table = written(tmp_path / "table.csv")
    value, source = table[gone]
    assert float(value) == calibrated_table()["hopper"]["gemm_bf16"]
    assert source == "assumed: what an earlier fit found; no longer fitted"
    assert not any((gone[0], f"{note}.{gone[1]}") in table for note in ("low", "high", "rows"))


def test_a_free_parameter_without_rows_keeps_what_an_earlier_fit_wrote(tmp_path: Path) -> None:
    write_table(tmp_path / "table.csv", Fit({}, calibrated_table()), {}, {}, "rows.csv")
    table, values = written(tmp_path / "table.csv"), entry(TABLE, "hopper").values
    for field in ("gemm_bf16", "low.gemm_bf16", "high.gemm_bf16", "rows.gemm_bf16"):
        assert table["hopper", field] == (values[field].text, values[field].source)


def test_classes_say_how_many_models_stand_behind_them(tmp_path: Path) -> None:
    scores = evaluate(published_rows())
    few = {"hopper-bf16-dense": replace(scores["hopper-bf16-dense"], models_test=3)}
    write_table(tmp_path / "table.csv", kept(calibrated_table(), FREE), {}, few, "rows.csv")
    table = written(tmp_path / "table.csv")
    assert table["class-hopper-bf16-dense", "models_test"][0] == "3"
    assert table["class-hopper-bf16-dense", "sigma"][1].endswith(
        "16 test rows of 3 models, published step times (rows.csv)"
    )
