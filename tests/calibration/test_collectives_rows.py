"""Tables of measured collectives: what is read, what is refused, what is kept."""

from pathlib import Path

import pytest

from clustersim.calibration.collectives import (
    BadTable,
    measured_collective,
    predict_collectives,
    read_collectives,
)
from clustersim.calibration.collectives.score import worst_collectives

HEADER = "collective,n_gpus,gpus_per_node,nic,nvlink gen,message_bytes,time_us,algbw_gbps,busbw_gbps,source"


def table(tmp_path: Path, *lines: str, header: str = HEADER) -> Path:
    path = tmp_path / "measured.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def test_a_line_is_typed_and_kept_whole(tmp_path: Path) -> None:
    path = table(
        tmp_path, "alltoall,16,8,8x400G IB,NVLink4,1048576,128.8,8.14,7.63,a log,x", header=f"{HEADER},weather"
    )
    (row,) = read_collectives(path)
    assert (row.collective, row.ranks, row.gpus_per_node, row.size_bytes) == ("all_to_all", 16, 8, 1048576.0)
    assert row.time_s == pytest.approx(128.8e-6)
    assert (row.line, row.cells["weather"], row.problems) == (2, "x", ())


@pytest.mark.parametrize("name", ["all_reduce", "AllReduce", "all-reduce", "allreduce_perf", "ALL REDUCE"])
def test_names_of_a_collective(name: str) -> None:
    assert measured_collective({"collective": name, "n_gpus": "2", "message_bytes": "1"}, 2).collective == "all_reduce"


def test_time_follows_from_either_bandwidth() -> None:
    cells = {"collective": "all_reduce", "n_gpus": "8", "message_bytes": "8000000000"}
    # 8 GB at 200 GB/s; 8 GB x 2 x 7/8 at 350 GB/s.
    assert measured_collective(cells | {"algbw_gbps": "200"}, 2).time_s == pytest.approx(0.04)
    assert measured_collective(cells | {"busbw_gbps": "350"}, 2).time_s == pytest.approx(0.04)
    gather = measured_collective(cells | {"collective": "all_gather", "busbw_gbps": "175"}, 2)
    assert gather.time_s == pytest.approx(0.04)
    assert measured_collective(cells, 2).time_s is None
    # A bandwidth that was rounded to nothing says nothing, and is no reason not to predict.
    assert measured_collective(cells | {"busbw_gbps": "0.00"}, 2).problems == ()


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"n_gpus": "many"}, "n_gpus is 'many', not a number"),
        ({"n_gpus": "7.5"}, "n_gpus is 7.5, not a whole number"),
        ({"n_gpus": "1"}, "n_gpus is 1: a collective needs two"),
        ({"n_gpus": ""}, "n_gpus is empty"),
        ({"message_bytes": ""}, "message_bytes is empty"),
        ({"message_bytes": "-3"}, "message_bytes is '-3', not a positive number"),
        ({"collective": "gossip"}, "collective 'gossip' is not modelled"),
        ({"nic": "1x0G"}, "nic '1x0G' gives a node no bandwidth"),
        ({"nic": "0x400G IB"}, "nic '0x400G IB' gives a node no bandwidth"),
        ({"n_gpus": "1,5"}, "n_gpus is '1,5', not a number"),
        ({"n_gpus": "1e300"}, "n_gpus is '1e300', not a positive number up to 10,000,000"),
        ({"gpus_per_node": "eight"}, "gpus_per_node is 'eight', not a number"),
    ],
)
def test_an_unusable_cell_is_named(cells: dict[str, str], problem: str) -> None:
    good = {"collective": "all_reduce", "n_gpus": "8", "message_bytes": "1024"}
    assert problem in measured_collective(good | cells, 2).problems


def test_missing_columns_are_all_named(tmp_path: Path) -> None:
    path = table(tmp_path, "all_reduce,8", header="collective,gpus")
    with pytest.raises(BadTable) as caught:
        read_collectives(path)
    assert str(caught.value).splitlines() == [
        f"{path}:1: column 'n_gpus' is missing",
        f"{path}:1: column 'message_bytes' is missing",
    ]


def test_a_line_longer_than_the_header_is_named(tmp_path: Path) -> None:
    path = table(tmp_path, "all_reduce,8,1024", "all_reduce,8,1024,9", header="collective,n_gpus,message_bytes")
    rows = read_collectives(path)
    assert [row.problems for row in rows] == [(), ("4 cells under 3 columns",)]


def test_a_column_that_stands_there_twice_is_told(tmp_path: Path) -> None:
    path = table(tmp_path, "all_reduce,8,1024,9", header="collective,n_gpus,message_bytes,n_gpus")
    with pytest.raises(BadTable, match=r"measured\.csv:1: column 'n_gpus' stands there twice"):
        read_collectives(path)


def test_a_measurement_that_is_no_number_keeps_nobody_from_predicting() -> None:
    cells = {"collective": "all_reduce", "n_gpus": "8", "message_bytes": "1,024", "nvlink gen": "NVLink4"}
    row = measured_collective(cells | {"time_us": "fast"}, 7)
    assert (row.problems, row.size_bytes, row.time_s) == ((), 1024.0, None)
    (item,) = predict_collectives([row])
    assert item.time_s is not None
    assert "time_us is 'fast'" in item.cells()["filled"]


@pytest.mark.parametrize(
    "cells", [{"time_us": "1e300"}, {"time_us": "1e-300"}, {"message_bytes": "1e14"}, {"n_gpus": "1e7"}]
)
def test_extremes_are_ranked_without_an_error(cells: dict[str, str]) -> None:
    row = {"collective": "all_reduce", "n_gpus": "8", "message_bytes": "1024", "nvlink gen": "H100", "time_us": "9"}
    items = predict_collectives([measured_collective(row | cells, 2), measured_collective(row, 3)])
    assert all((item.time_s is None) == bool(item.reason) for item in items)
    assert len(worst_collectives(items)) >= 1


def test_a_reason_comes_with_its_line() -> None:
    (item,) = predict_collectives(
        [measured_collective({"collective": "gossip", "n_gpus": "8", "message_bytes": "1"}, 7)]
    )
    assert item.cells()["reason"] == "line 7, collective 'gossip' is not modelled"


def test_empty_file_and_byte_order_mark(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(BadTable, match="column 'collective' is missing"):
        read_collectives(empty)
    marked = tmp_path / "marked.csv"
    marked.write_text("collective,n_gpus,message_bytes\nall_reduce,8,1024\n", encoding="utf-8-sig")
    assert read_collectives(marked)[0].ranks == 8


@pytest.mark.parametrize("name", ["nvlink gen", "nvlink_gen", "nvlink"])
def test_either_name_of_the_link_column(name: str) -> None:
    cells = {"collective": "all_reduce", "n_gpus": "8", "message_bytes": "1024", name: "NVLink3"}
    assert measured_collective(cells, 2).text("nvlink gen") == "NVLink3"
