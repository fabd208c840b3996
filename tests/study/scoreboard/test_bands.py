"""Bands: how they are read, what they look at, and when they hold."""

from pathlib import Path

import pytest

from clustersim.calibration.rows import TableError
from clustersim.study.scoreboard.bands import Band, Verdict, read_class_bands, read_scoreboard_bands
from clustersim.study.scoreboard.statistics import STATISTICS
from tests.study.scoreboard.boards import case, write_bands

ROOT = Path(__file__).parents[3]


def band(pattern: str, statistic: str = "cases outside", limit: float = 0.0) -> Band:
    return Band("theory", pattern, statistic, limit, "", "")


def test_a_table_is_read(tmp_path: Path) -> None:
    path = write_bands(tmp_path, 'theory,"a, b",median error,0.05,a target', "real,*,cases outside,2,")
    first, second = read_scoreboard_bands(path)
    assert (first.ring, first.case, first.statistic, first.limit) == ("theory", "a, b", "median error", 0.05)
    assert (first.source, first.place) == ("a target", f"{path}:2")
    assert second.limit == 2.0


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    path = write_bands(
        tmp_path,
        "theori,a,median error,0.05,",
        "theory,a,mean error,0.05,",
        "theory,,median error,-1,",
        "theory,a,median error,nan,",
        "theory,b,median error,0.05,",
        "theory,b,median error,0.06,",
    )
    with pytest.raises(TableError) as caught:
        read_scoreboard_bands(path)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[1] for line in lines] == ["2", "3", "4", "4", "5", "7"]
    assert "'theori' is not one of theory, published, real" in lines[0]
    assert "'mean error' is not one of median error" in lines[1]
    assert "column case: empty" in lines[2]
    assert "'-1' is not a number from 0 on" in lines[3]
    assert "'nan'" in lines[4]
    assert "twice" in lines[5]


@pytest.mark.parametrize("text", ["ring,case\ntheory,a\n", ""])
def test_a_table_without_its_columns(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scoreboard.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(TableError, match=r"scoreboard.csv:1: lacks the columns .*limit"):
        read_scoreboard_bands(path)


def test_no_table() -> None:
    with pytest.raises(TableError, match="No such file"):
        read_scoreboard_bands(Path("nowhere.csv"))


def test_a_band_means_a_group_or_one_case() -> None:
    cases = [case("step times: dense"), case("step times: moe"), case("whole", "wall time"), case("whole", "energy")]
    assert band("step times: dense").of(cases) == cases[:1]
    assert band("step times*").of(cases) == cases[:2]
    assert band("whole").of(cases) == cases[2:]
    assert band("whole: wall time").of(cases) == cases[2:3]
    assert band("*").of(cases) == cases
    assert band("steps").of(cases) == []


def test_statistics_by_hand() -> None:
    cases = [
        case(found=10.1, low=9.0, high=11.0),
        case(found=8.0, low=7.0, high=9.0, source="another"),
        case(found=10.5, low=9.5, high=11.5),
        case(found=None),
        case(found=5.0, relation="at least"),
    ]
    found = {name: statistic.of(cases) for name, statistic in STATISTICS.items()}
    assert found == pytest.approx(
        {
            "median error": 0.05,
            "p90 error": 0.2,
            "worst error": 0.2,
            "worst source": 0.2,
            "coverage at least": 2 / 3,
            "coverage at most": 2 / 3,
            "cases outside": 2.0,
            "not predicted": 1.0,
        }
    )


@pytest.mark.parametrize("name", STATISTICS)
def test_nothing_gives_no_number(name: str) -> None:
    assert STATISTICS[name].of([]) != STATISTICS[name].of([])


@pytest.mark.parametrize(
    ("statistic", "found", "holds"),
    [
        ("median error", 0.05, True),
        ("median error", 0.0501, False),
        ("coverage at least", 0.05, True),
        ("coverage at least", 0.049, False),
        ("median error", float("nan"), False),
        ("coverage at least", float("nan"), False),
    ],
)
def test_a_limit_is_kept_when_it_is_reached(statistic: str, found: float, holds: bool) -> None:
    assert Verdict(band("*", statistic, 0.05), found, 3).holds is holds


def test_the_gates_of_step_times_and_collectives_are_bands_too(tmp_path: Path) -> None:
    bands = read_class_bands(ROOT / "validation" / "bands.csv")
    found = {(one.case, one.statistic): one.limit for one in bands}
    assert found["step times: dense 16-bit A100/H100", "median error"] == 0.05
    assert found["step times: dense 16-bit A100/H100", "p90 error"] == 0.15
    assert found["collectives from 1 MiB", "median error"] == 0.10
    assert ("step times: mixture of experts", "p90 error") not in found
    assert all(one.source.startswith("target") for one in bands)
    wrong = tmp_path / "bands.csv"
    wrong.write_text("class,median,p90\ndense,0.1,\n", "utf-8")
    with pytest.raises(TableError, match=r"bands\.csv:2: column class: 'dense'"):
        read_class_bands(wrong)
