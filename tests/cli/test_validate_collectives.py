"""clustersim validate collectives: every line of a table of nccl-tests gets a prediction or a reason."""

import csv
import json
from pathlib import Path

import pytest

from tests.calibration.published import PUBLISHED
from tests.cli.conftest import Command

BANDS = PUBLISHED.parent / "bands.csv"

TABLE = """\
collective,n_gpus,gpus_per_node,nic,nvlink gen,message_bytes,time_us,algbw_gbps,busbw_gbps,source,split
all_reduce,16,8,8x400G IB,NVLink4 (H100),8589934592,41015,,,"a log, 2 nodes",test
all_gather,16,8,8x400G IB,NVLink4 (H100),1073741824,,,390,"a log, 2 nodes",test
all_reduce,8,8,,NVLink4 (H100),many,100,,,a log,fit
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "nccl.csv"
    path.write_text(TABLE, "utf-8")
    return path


def test_counts_and_errors_are_shown(clustersim: Command, table: Path) -> None:
    result = clustersim("validate", "collectives", "--data", str(table))
    assert result.returncode == 0, result.stderr
    assert "2 of 3 rows predicted, 2 of them with a measured time." in result.stdout
    assert "message_bytes is 'many'" in result.stdout
    assert "By collective" in result.stdout
    assert "\x1b" not in result.stdout


def test_json_and_csv_keep_every_line(clustersim: Command, table: Path, tmp_path: Path) -> None:
    result = clustersim("validate", "collectives", "--data", str(table), "--json", "--out", "out.csv")
    tree = json.loads(result.stdout)
    assert (tree["rows"], tree["predicted"]) == (3, 2)
    assert [item["line"] for item in tree["predictions"]] == [2, 3, 4]
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as lines:
        back = list(csv.DictReader(lines))
    assert [{name: cells[name] for name in rows[0]} for cells in back] == rows
    assert [bool(cells["predicted_time_us"]) for cells in back] == [True, True, False]
    assert all(bool(cells["predicted_time_us"]) != bool(cells["reason"]) for cells in back)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"collective\nall_reduce\n", ("nccl.csv:1", "n_gpus")),
        (b"collective,n_gpus,message_bytes\n\xff\xfe,1,2\n", ("nccl.csv", "UTF-8")),
        (b"collective,n_gpus,message_bytes,n_gpus\nall_reduce,8,1024,7\n", ("nccl.csv:1", "twice")),
    ],
)
def test_damage_is_told(clustersim: Command, table: Path, content: bytes, words: tuple[str, ...]) -> None:
    table.write_bytes(content)
    result = clustersim("validate", "collectives", "--data", str(table), "--out", "out.csv")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr
    assert not (table.parent / "out.csv").exists()


def test_without_a_single_prediction_it_fails(clustersim: Command, table: Path) -> None:
    table.write_text("collective,n_gpus,message_bytes\nbroadcast,8,1024\n", "utf-8")
    result = clustersim("validate", "collectives", "--data", str(table))
    assert result.returncode == 2
    assert "broadcast" in result.stdout


def test_a_missing_file_is_told(clustersim: Command) -> None:
    result = clustersim("validate", "collectives", "--data", "nowhere.csv")
    assert result.returncode == 2
    assert "nowhere.csv: No such file" in result.stderr


def test_one_long_line_keeps_the_others(clustersim: Command, table: Path) -> None:
    table.write_text(TABLE + "all_reduce,16,8,8x400G IB,H100,1024,9,,,a log,test,more\n", "utf-8")
    tree = json.loads(clustersim("validate", "collectives", "--data", str(table), "--json", "--out", "out.csv").stdout)
    assert (tree["rows"], tree["predicted"]) == (4, 2)
    with (table.parent / "out.csv").open(encoding="utf-8", newline="") as lines:
        assert [cells["reason"] for cells in csv.DictReader(lines)][2:] == [
            "line 4, message_bytes is 'many', not a number",
            "line 5, 12 cells under 11 columns",
        ]


@pytest.mark.parametrize("cells", ["1x0G,H100,1024,9", "8x400G,H100,1024,1e300", "0x400G IB,H100,1024,9"])
def test_extremes_are_no_traceback(clustersim: Command, table: Path, cells: str) -> None:
    table.write_text(TABLE + f"all_reduce,16,8,{cells},,,a log,test\n", "utf-8")
    result = clustersim("validate", "collectives", "--data", str(table))
    assert result.returncode == 0, result.stderr


def test_a_gate_asks_for_held_out_rows_and_their_band(clustersim: Command, table: Path) -> None:
    wide = table.with_name("bands.csv")
    wide.write_text("class,median,p90\ncollectives from 1 MiB,0.5,\nsingle node,0.1,\n", "utf-8")
    assert clustersim("validate", "collectives", "--data", str(table), "--gate", str(wide)).returncode == 0
    table.write_text(TABLE.replace(",41015,", ",9,").replace(",fit", ",test"), "utf-8")
    broken = clustersim("validate", "collectives", "--data", str(table), "--gate", str(BANDS))
    assert broken.returncode == 1
    assert "is above the band of 10.0%" in broken.stderr
    table.write_text(TABLE.replace(",test", ",fit"), "utf-8")
    blind = clustersim("validate", "collectives", "--data", str(table), "--gate", str(BANDS))
    assert blind.returncode == 1
    assert "no band was tested" in blind.stderr


def test_a_table_without_rows_is_told(clustersim: Command, table: Path) -> None:
    table.write_text(TABLE.splitlines()[0] + "\n", "utf-8")
    result = clustersim("validate", "collectives", "--data", str(table))
    assert result.returncode == 2
    assert "the table has no rows" in result.stderr
