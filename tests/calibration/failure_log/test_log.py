"""Reading a log and a fleet: what is wrong is told with its line, all at once."""

import pytest

from clustersim.calibration.failure_log.counts import counts_of
from clustersim.calibration.failure_log.fleet import read_fleet
from clustersim.calibration.failure_log.log import category_name, read_log
from clustersim.calibration.failure_log.moments import Moments
from clustersim.calibration.failure_log.rows import MOST_TOLD
from clustersim.tables.csv_lines import TableError
from tests.calibration.failure_log.logs import KINDS, Write

HEADER = "time,unit,unit_kind,category,component,effect,repaired"


def problems(write: Write, *rows: str) -> list[str]:
    path = write(*rows)
    with pytest.raises(TableError) as caught:
        read_log(path)
    return [line.replace(str(path.parent) + "/", "") for line in str(caught.value).splitlines()]


def test_a_row_as_it_is_read(write: Write) -> None:
    log = read_log(write(HEADER, '2026-03-01T12:00:00+02:00, n7 ,Node,"Fan, rear",cooling,hang,2026-03-01 11:00'))
    (failure,) = log.failures
    assert failure.repaired_s is not None
    assert failure.repaired_s - failure.t_s == 3600.0
    assert (failure.line, failure.unit, failure.kind, failure.category) == (2, "n7", "node", "Fan, rear")
    assert (failure.component, failure.effect) == ("cooling", "hang")
    assert log.moments.text(failure.t_s) == "2026-03-01T10:00:00Z"


def test_rows_come_in_the_order_of_time(write: Write) -> None:
    log = read_log(write("time_h,unit,category,host", "2,b,x,h", "1.5,a,x,h", '"1,000",c,x,h'))
    assert [(one.t_s / 3600.0, one.unit) for one in log.failures] == [(1.5, "a"), (2.0, "b"), (1000.0, "c")]
    assert log.unread == ("host",)


def test_empty_cells_say_nothing(write: Write) -> None:
    (failure,) = read_log(write(HEADER, "2026-03-01,n7,n/a,fan,-,,null")).failures
    assert (failure.kind, failure.component, failure.effect, failure.repaired_s) == (None, None, None, None)


def test_every_problem_is_told_at_once(write: Write) -> None:
    assert problems(
        write,
        HEADER,
        "2026-13-01,n1,nodes,fan,,,",
        "12.5,,node,,fans,sloww,",
        "2026-03-01,n1,node,?!,,slow,2026-02-01",
        ",n1,node,fan",
    ) == [
        "log.csv:2: column time: '2026-13-01' is not a date: write e.g. 2024-04-01 or 2024-04-01T08:30Z",
        f"log.csv:2: column unit_kind: 'nodes' is unknown, did you mean 'node'? known: {KINDS}",
        "log.csv:3: column unit: is empty: name the node, GPU ... that failed",
        "log.csv:3: column category: is empty: name what failed, in words of your own",
        "log.csv:3: column time: '12.5' is a bare number: write a date, or name the column by the unit: time_s,"
        " time_min, time_h, time_d",
        "log.csv:3: column component: 'fans' is unknown; known: gpu, hbm, nvlink, nic, cable, switch, host, psu, rack,"
        " cooling, power_feed, storage, software, data",
        "log.csv:3: column effect: 'sloww' is unknown, did you mean 'slow'? known: crash, hang, corrupt,"
        " loss_spike, slow, write_failure, checkpoint_loss",
        "log.csv:4: column category: '?!' holds neither letter nor digit",
        "log.csv:4: column repaired: '2026-02-01' is before the failure",
        "log.csv:4: column effect: a failure with the effect slow needs settings that no log has: leave the cell"
        " empty, and give effect and settings in the scenario, over the written entry",
        "log.csv:5: 4 cells under 7 columns; quote cells that hold commas",
        "log.csv:5: column time: is empty: when did it fail?",
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("",), "log.csv:1: column 'unit' is missing"),
        (("time;unit;category",), "log.csv:1: not separated by commas"),
        (("when,unit,category", "1,a,x"), "log.csv:1: column 'time' is missing: dates (ISO 8601); or numbers since"),
        (("time,time_h,unit,category",), "log.csv:1: columns time and time_h: keep one of them"),
        (("time,unit,unit,category",), "log.csv:1: column 'unit' stands there twice"),
        (("time_h,unit,category,repaired",), "log.csv:1: column 'repaired': the log's time is written otherwise; make"),
        (("time,unit,category",), "log.csv: holds no failure"),
        (("time_h,unit,category", "2026-01-01,a,x"), "'2026-01-01' is not a number; dates stand in a column"),
        (("time_h,unit,category", "1e308,a,x"), "'1e308' is more than a thousand years from the start"),
        (("time,unit,category", '2026-01-01,"a,x'), "log.csv:2: not a CSV"),
    ],
)
def test_what_is_no_log_is_told(write: Write, rows: tuple[str, ...], said: str) -> None:
    assert said in "\n".join(problems(write, *rows))


def test_many_problems_are_counted(write: Write) -> None:
    told = problems(write, "time,unit,category", *["soon,a,x"] * 100)
    assert len(told) == MOST_TOLD + 1
    assert told[-1] == f"... and {100 - MOST_TOLD} more"


def test_a_fleet_as_it_is_read(write: Write) -> None:
    path = write(
        "unit,unit_kind,in_service_d,out_of_service_d,site", "n1,node,-30,,x", "n2,node,,45,x", name="fleet.csv"
    )
    first, second = read_fleet(path, Moments("d"))
    assert (first.unit, first.in_service_s, first.out_of_service_s) == ("n1", -30 * 86400.0, None)
    assert (second.in_service_s, second.out_of_service_s) == (None, 45 * 86400.0)


def test_problems_of_a_fleet(write: Write) -> None:
    path = write("unit,unit_kind,in_service,out_of_service", "n1,,soon,", "n2,node,2026-02-01,2026-01-01",
                 name="fleet.csv")  # fmt: skip
    with pytest.raises(TableError) as caught:
        read_fleet(path, Moments())
    assert [line.partition("fleet.csv:")[2] for line in str(caught.value).splitlines()] == [
        f"2: column unit_kind: is empty: one of {KINDS}",
        "2: column in_service: 'soon' is not a date: write e.g. 2024-04-01 or 2024-04-01T08:30Z",
        "3: column out_of_service: '2026-01-01' is not after it entered service",
    ]


def test_a_unit_stands_once_in_a_fleet(write: Write) -> None:
    path = write("unit,unit_kind", "n1,node", "n1,gpu", "n1,node", name="fleet.csv")
    with pytest.raises(TableError, match=r"fleet.csv:4: column unit: node 'n1' is on line 2 too; give its second"):
        read_fleet(path, Moments())


def test_counts() -> None:
    assert counts_of(["node=2048", "gpu = 16,384"]) == ({"node": 2048, "gpu": 16384}, [])
    assert counts_of(["nodes=3", "node", "gpu=0", "rack=1.5", "pod=2", "pod=3"]) == (
        {"pod": 2},
        [
            f"--units nodes=3: unknown kind 'nodes', did you mean 'node'? known: {KINDS}",
            "--units node: '' is not a whole number, 1 to 100,000,000: write e.g. node=2048",
            "--units gpu=0: '0' is not a whole number, 1 to 100,000,000: write e.g. gpu=2048",
            "--units rack=1.5: '1.5' is not a whole number, 1 to 100,000,000: write e.g. rack=2048",
            "--units pod=3: pod is counted twice",
        ],
    )


def test_spellings_of_a_category_are_one() -> None:
    assert category_name("NIC flap") == category_name("nic-flap") == "nic_flap"
    assert category_name("Xid 79") == "xid_79"
