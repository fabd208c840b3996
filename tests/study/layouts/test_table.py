"""The table of predicted layouts in a file: whole or not at all."""

import csv
from pathlib import Path

import pytest

from clustersim.study.layouts import Found, find_layouts
from clustersim.study.layouts.table import check_csv, write_csv
from tests.study.layouts.layout_cases import question


@pytest.fixture(scope="module")
def found() -> Found:
    return find_layouts(question(), 2)


def test_every_predicted_layout_is_a_row(found: Found, tmp_path: Path) -> None:
    write_csv(found, tmp_path / "found.csv")
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [int(row["rank"]) for row in rows] == list(range(1, len(found.predicted) + 1))
    assert float(rows[0]["step_time_s"]) == found.ranked[0].step.mean_s
    assert rows[0]["layout"].startswith("TP")


def test_nothing_half_written_is_left(found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "found.csv").write_text("earlier", "utf-8")

    def broken(*_: object, **__: object) -> None:
        message = "disk full"
        raise OSError(message)

    monkeypatch.setattr(csv.DictWriter, "writerows", broken)
    with pytest.raises(OSError, match="disk full"):
        write_csv(found, tmp_path / "found.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["found.csv"]
    assert (tmp_path / "found.csv").read_text("utf-8") == "earlier"


def test_a_place_that_cannot_be_written_is_known_before_the_search(tmp_path: Path) -> None:
    check_csv(tmp_path / "found.csv")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        check_csv(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        check_csv(tmp_path / "nowhere" / "found.csv")
