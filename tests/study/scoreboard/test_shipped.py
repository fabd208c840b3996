"""The board of this checkout, whole runs with few replications: every band has its cases."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from clustersim.calibration.theory import GROUPS
from clustersim.report.scoreboard_page import render_board
from clustersim.study.executor import Serial
from clustersim.study.scoreboard import Board, board_tree, published, run_board
from clustersim.study.scoreboard.bands import read_scoreboard_bands
from clustersim.study.scoreboard.published.record import RECORD, read_record
from clustersim.study.scoreboard.published.scenarios import scenario_cases
from tests.report.test_scoreboard_page import check

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def board() -> Iterator[Board]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(published, "scenario_cases", partial(scenario_cases, settings=("study.replications=6",)))
        yield run_board(ROOT / "validation", Serial(), ("published", "real"))


def test_every_band_of_the_checkout_has_cases(board: Board) -> None:
    assert board.rings[0].absent == ()
    assert len(board.verdicts) > 25
    assert all(verdict.cases for verdict in board.verdicts)
    assert all(verdict.band.source for verdict in board.verdicts)


def test_the_held_out_rows_keep_their_bands(board: Board) -> None:
    """Errors, not coverage: how wide intervals are is another question, and whole runs have few replications here."""
    errors = [verdict for verdict in board.verdicts if verdict.band.statistic.endswith("error")]
    assert len(errors) >= 11
    assert [verdict.band.case for verdict in errors if not verdict.holds] == []


def test_names_tell_the_cases_of_a_group_apart(board: Board) -> None:
    for ring in board.rings:
        names = [(case.group, case.name) for case in ring.cases]
        assert len(set(names)) == len(names)


def test_the_page_of_it_is_whole(board: Board) -> None:
    page = render_board(board_tree(board))
    check(page)
    cases = [case for ring in board.rings for case in ring.cases]
    assert {ring.name for ring in board.rings if ring.cases} == {"published", "real"}
    assert page.count('<details class="group-cases') == len({case.group for case in cases})
    assert page.count('<td class="allowed">') == len(cases)


@pytest.mark.parametrize(
    ("group", "use"), [("whole runs: published/*", "test"), ("whole runs, fitted: published/*", "fit")]
)
def test_as_many_whole_runs_may_miss_as_are_explained(group: str, use: str) -> None:
    bands = read_scoreboard_bands(ROOT / "validation" / "scoreboard.csv")
    known = read_record(ROOT / "validation" / RECORD)
    missed = [run for (run, _claim), one in known.items() if one.use == use and one.forecast != "agrees"]
    (limit,) = (band.limit for band in bands if band.case == group)
    assert limit == sum(run.startswith("published/") for run in missed)


def test_every_group_of_theory_has_a_band() -> None:
    bands = read_scoreboard_bands(ROOT / "validation" / "scoreboard.csv")
    assert {band.case for band in bands if band.ring == "theory"} == set(GROUPS)
    assert {band.limit for band in bands if band.ring == "theory"} == {0.0}
