"""The board: rings, bands without cases, measurements, and the tree that everything is written from."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clustersim.calibration.cases import Case
from clustersim.calibration.rows import TableError
from clustersim.study.executor import Serial
from clustersim.study.scoreboard import COMPARISONS, Board, board_tree, run_board
from clustersim.study.scoreboard import board as module
from clustersim.study.scoreboard.tree import rounded
from tests.study.scoreboard.boards import case, small_data, write_bands


def small(data: Path, *rings: str) -> Board:
    return run_board(data, Serial(), rings or ("published", "real"))


@pytest.fixture
def two_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module,
        "GROUPS",
        {"a": lambda: iter([case("a", tolerance=1.0)]), "b": lambda: iter([case("b", tolerance=0.5)])},
    )


@pytest.mark.usefixtures("two_groups")
def test_bands_are_held_against_their_ring(tmp_path: Path) -> None:
    write_bands(tmp_path, "theory,a,cases outside,0,x", "theory,b,cases outside,0,y", "published,a,cases outside,0,")
    board = small(tmp_path, "theory")
    assert [(verdict.band.case, verdict.holds, verdict.cases) for verdict in board.verdicts] == [
        ("a", True, 1),
        ("b", False, 1),
    ]
    assert [verdict.band.source for verdict in board.exceeded] == ["y"]
    assert [ring.name for ring in board.rings] == ["theory"]


@pytest.mark.usefixtures("two_groups")
def test_a_band_without_a_case_is_an_error(tmp_path: Path) -> None:
    path = write_bands(
        tmp_path, "theory,c,cases outside,0,", "theory,a,cases outside,0,", "theory,a,coverage at least,0.5,"
    )
    with pytest.raises(TableError) as caught:
        small(tmp_path, "theory")
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{path}:2: no case behind the band 'c', cases outside")
    assert second.startswith(f"{path}:4: no case behind the band 'a', coverage at least")


def test_a_missing_table_is_named_by_the_band_that_needs_it(tmp_path: Path) -> None:
    data = small_data(tmp_path / "validation", "published,memory per GPU,median error,0.1,")
    with pytest.raises(TableError, match=r"'memory per GPU'.*not there: .*memory.csv"):
        small(data, "published")


def test_every_held_out_row_is_a_case(tmp_path: Path) -> None:
    data = small_data(tmp_path / "validation", "published,step times*,not predicted,1,")
    board = small(data, "published")
    (ring,) = board.rings
    by_name = {one.name.partition(":")[0]: one for one in ring.cases}
    assert list(by_name) == ["GOLD-1", "GOLD-2", "OPEN", "BAD"]
    assert by_name["GOLD-1"].group == "step times: dense 16-bit A100/H100"
    assert by_name["GOLD-1"].expected == 3.1
    assert by_name["GOLD-1"].name == "GOLD-1: Llama 3 8B, 64 h100-sxm, bf16"
    low, found, high = (getattr(by_name["GOLD-1"], name) for name in ("low", "found", "high"))
    assert low < found < high
    assert found / low == pytest.approx(high / found)
    assert by_name["BAD"].found is None
    assert "'abc' is not a whole number" in by_name["BAD"].note
    assert by_name["OPEN"].found is not None
    assert by_name["OPEN"].expected is None
    assert [path.name for path in ring.files] == ["throughput.csv"]
    assert {path.name for path in ring.absent} >= {"memory.csv", "llama3-405b.yaml"}
    assert board.verdicts[0].found == 1.0


def test_rings_run_in_their_order_and_tell_their_progress(tmp_path: Path) -> None:
    data = small_data(tmp_path / "validation", "published,step times*,not predicted,1,")
    told: list[tuple[int, int]] = []
    board = run_board(data, Serial(), ("real", "published"), lambda done, total: told.append((done, total)))
    assert [ring.name for ring in board.rings] == ["published", "real"]
    assert told == [(done, len(told)) for done in range(1, len(told) + 1)]


@pytest.fixture
def campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    def compare(path: Path) -> list[Case]:
        runs = json.loads(path.read_text("utf-8"))["runs"]
        return [case("campaign", run["name"], expected=run["step_time_s"], found=1.0) for run in runs]

    monkeypatch.setitem(COMPARISONS, "campaign", compare)


def write_measurement(data: Path, name: str, tree: Any) -> None:
    folder = data / "measurements"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(tree if isinstance(tree, str) else json.dumps(tree), "utf-8")


def test_without_measurements_nothing_fails(tmp_path: Path) -> None:
    write_bands(tmp_path, "real,campaign,worst error,0.15,")
    board = small(tmp_path, "real")
    assert board.verdicts == ()
    assert [band.case for band in board.untested] == ["campaign"]
    assert board.rings[0].measurements == ()


@pytest.mark.usefixtures("campaign")
def test_a_kind_with_a_comparison_is_compared_and_others_are_listed(tmp_path: Path) -> None:
    write_bands(tmp_path, "real,campaign,worst error,0.15,")
    write_measurement(tmp_path, "b.json", {"kind": "campaign", "runs": [{"name": "one", "step_time_s": 1.25}]})
    write_measurement(tmp_path, "a.json", {"kind": "gpt"})
    write_measurement(tmp_path, "c.json", [1])
    board = small(tmp_path, "real")
    other, found, bare = board.rings[0].measurements
    assert (found.kind, len(found.cases), found.note) == ("campaign", 1, "")
    assert (other.kind, other.cases) == ("gpt", ())
    assert other.note == (
        "files of the kind 'gpt' have no comparison with predictions; there is one for campaign, faults, miniature, "
        "testbed"
    )
    assert "without a kind" in bare.note
    assert board.verdicts[0].found == pytest.approx(0.2)
    assert len(board.exceeded) == 1


@pytest.mark.usefixtures("campaign")
def test_a_band_whose_measurement_is_gone_is_an_error_where_others_are_there(tmp_path: Path) -> None:
    write_bands(tmp_path, "real,campaign,worst error,0.15,")
    write_measurement(tmp_path, "a.json", {"kind": "gpt"})
    with pytest.raises(TableError, match="no case behind the band 'campaign'"):
        small(tmp_path, "real")


@pytest.mark.usefixtures("campaign")
@pytest.mark.parametrize("tree", ["{", {"kind": "campaign"}, {"kind": "campaign", "runs": [3]}])
def test_a_broken_measurement_is_named(tmp_path: Path, tree: Any) -> None:
    write_bands(tmp_path)
    write_measurement(tmp_path, "a.json", tree)
    with pytest.raises(TableError, match=r"a\.json: "):
        small(tmp_path, "real")


def test_the_tree_holds_every_case_and_no_place_of_this_machine(tmp_path: Path) -> None:
    data = small_data(
        tmp_path / "validation", "published,step times*,not predicted,1,x", "published,step times*,worst source,9,"
    )
    board = small(data)
    tree = board_tree(board)
    text = json.dumps(tree, allow_nan=False)
    assert str(tmp_path) not in text
    published, real = tree["rings"]
    names = [one["name"] for group in published["groups"] for one in group["every_case"]]
    assert names == [one.name for one in board.rings[0].cases]
    assert published["cases"] == 4
    group = next(one for one in published["groups"] if one["name"].endswith("A100/H100"))
    assert [source["name"] for source in group["sources"]] == ["a paper", "another paper"]
    assert group["intervals"] == 2
    assert published["files"][0]["file"] == "validation/published/throughput.csv"
    assert len(published["files"][0]["sha256"]) == 64
    assert "scenarios/llama3-405b.yaml" in published["absent"]
    assert real["measurements"] == []
    assert tree["bands"][0] | {"found": None} == {
        "ring": "published", "case": "step times*", "statistic": "not predicted", "words": "rows without a prediction",
        "side": "most", "share": False, "limit": 1.0, "source": "x", "found": None, "cases": 4, "holds": True,
    }  # fmt: skip


def test_numbers_of_the_tree() -> None:
    assert rounded(1.23456789) == 1.23457
    assert rounded(1.23456789, exact=True) == 1.23456789
    assert rounded(405853388800.0) == 405853388800.0
    assert rounded(None) is None
    assert rounded(float("nan")) is None
    assert rounded(float("inf")) is None


def test_an_interrupt_leaves_no_half_of_a_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> Iterator[Case]:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "GROUPS", {"a": interrupted})
    write_bands(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        small(tmp_path, "theory")
