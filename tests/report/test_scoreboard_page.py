"""The page and the terminal of the scoreboard: offline, well formed, the answer first, every case there."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from clustersim.report.scoreboard_figures import MOST_PERCENT, distance_figure, error_figure, spread_figure
from clustersim.report.scoreboard_page import render_board
from clustersim.report.scoreboard_text import print_board
from clustersim.report.scoreboard_words import allowed_text, answer, figure_text, share_text, verdict_sentence
from clustersim.study.scoreboard.bands import Band, Verdict
from clustersim.study.scoreboard.board import Board, Ring
from clustersim.study.scoreboard.measurements import Measurement
from clustersim.study.scoreboard.tree import board_tree
from tests.report.test_page import parse, text_of
from tests.report.test_page import test_page_is_well_formed_with_unique_ids_and_no_dead_reference as well_formed
from tests.report.test_page import test_page_needs_nothing_from_outside as offline
from tests.study.scoreboard.boards import case

HOSTILE = "</title><script>alert(1)</script>{{ 7*7 }}"

THEORY = (
    case("repairs", "wait", found=10.5, tolerance=4.0, standard_error=1.0),
    case("bubbles", "GPipe", found=10.0, tolerance=1e-8, unit=""),
    case("bounds", "ring", relation="at least", tolerance=1e-8),
)
PUBLISHED = (
    *(case("step times: dense", f"D{index}", found=10.0 + index / 10, low=9.0, high=12.0) for index in range(14)),
    case("step times: dense", "far", found=20.0, low=15.0, high=25.0, source="another paper"),
    case("step times: dense", "open", found=None, note="not printed"),
    case("whole runs: one", "wall time", unit="days", found=12.0, low=11.0, high=13.0, note="In words."),
    case("whole runs: one", "share, at most", unit="fraction", expected=0.96, found=0.97, relation="at most"),
)


def board(*measurements: Measurement, bands: tuple[Band, ...] | None = None) -> Board:
    rings = (
        Ring("theory", THEORY),
        Ring("published", PUBLISHED, absent=(Path("validation/published/memory.csv"),)),
        Ring("real", tuple(one for found in measurements for one in found.cases), measurements=measurements),
    )
    chosen = bands if bands is not None else (
        Band("theory", "repairs", "cases outside", 0.0, "four standard errors", ""),
        Band("published", "step times: dense", "median error", 0.2, "a target", ""),
        Band("published", "step times*", "coverage at most", 0.9, "a target", ""),
        Band("published", "whole runs: one: wall*", "cases outside", 0.0, "a target", ""),
    )  # fmt: skip
    by_name = {ring.name: ring.cases for ring in rings}
    verdicts = tuple(
        Verdict(band, band.kind.of(band.of(by_name[band.ring])), len(band.of(by_name[band.ring]))) for band in chosen
    )
    untested = (Band("real", "campaign", "worst error", 0.15, "", ""),)
    return Board(Path("validation"), rings, verdicts, untested, ())


def tree(*measurements: Measurement, bands: tuple[Band, ...] | None = None) -> dict[str, Any]:
    return board_tree(board(*measurements, bands=bands))


@pytest.fixture(scope="module")
def page() -> str:
    return render_board(tree())


def check(page: str) -> None:
    """What every page must be, as the report of a run is."""
    for must in (well_formed, offline):
        cast("Callable[[str], None]", must)(page)
    assert "script" not in parse(page).tags


def test_the_page_is_whole_and_needs_nothing(page: str) -> None:
    check(page)


def test_the_answer_stands_first_and_says_what_does_not_hold(page: str) -> None:
    text = text_of(page)
    assert text.index("2 of 4 bands hold, 2 do not.") < text.index("Bands")
    assert (
        "Step times: 93.3 % of 16 cases lie inside the 90 % interval of their prediction; the band is at most 90.0 %. "
        "The intervals are too wide." in text
    )
    assert "Whole runs: one: wall: 1 of 1 case outside; the band is at most 0." in text
    assert page.count('class="warning"') == 3  # and one for the missing table
    assert "Not there, so not compared: validation/published/memory.csv." in text


def test_single_numbers_outside_are_named(page: str) -> None:
    text = text_of(page)
    assert "whole runs: one: wall time: 12 days, expected 10 days" in text
    assert "whole runs: one: share: 97.0 %, expected at most 96.0 %" in text
    assert "step times: dense: far" not in text


def test_every_case_is_there_the_bad_ones_too(page: str) -> None:
    rows = re.findall(r'<tr><th scope="row"><span class="first">(.*?)</span>.*?</tr>', page)
    for one in (*THEORY, *PUBLISHED):
        assert one.name in rows
    assert re.search(r"far</span>.*?outside</span>.*?\+100\.0 %", page)
    assert re.search(r"open</span><span class=\"fine break\">a paper – not printed</span>.*?not predicted", page)


def test_what_decides_is_said(page: str) -> None:
    text = text_of(page)
    assert "± 4 s, standard error 1 s" in text
    assert "exactly" in text
    assert "11 to 13 days" in text
    assert "at most that" in text


def test_sources_of_a_large_group_have_their_errors(page: str) -> None:
    cells = ("1", "100.0 %", "100.0 %", "100.0 %", "+100.0 %", "0.0 %", "1 of 1")
    row = "".join(f'<td class="n">{cell}</td>' for cell in cells)
    assert f'<tr><th scope="row">another paper</th>{row}</tr>' in page


def test_figures_have_words_and_their_data(page: str) -> None:
    figures = re.findall(r"<figure id=.*?</figure>", page, re.DOTALL)
    assert len(figures) == 3
    for figure in figures:
        assert len(re.findall(r'class="picture (wide|narrow)"', figure)) == 2
        assert len(re.findall(r"<title [^>]+>[^<]{8,}</title><desc [^>]+>[^<]{20,}</desc>", figure)) == 2
        assert figure.count("<tr>") >= 2


def test_points_beyond_the_figure_stand_at_its_edge() -> None:
    groups = tree()["rings"][1]["groups"]
    figure = error_figure("errors", "Errors", groups[:1])
    assert figure is not None
    assert f"1 beyond {MOST_PERCENT:.0f} % stand at the edge" in figure.description
    assert len(figure.table.rows) == 15
    assert str(figure.pictures).count("h0") == 30
    assert error_figure("errors", "Errors", []) is None
    assert spread_figure("spread", [], []) is None
    assert distance_figure(groups) is None


def test_the_spread_knows_the_band_of_the_median() -> None:
    whole = tree()
    figure = spread_figure("spread", whole["rings"][1]["groups"], whole["bands"])
    assert figure is not None
    # Errors of 0 to 13 % and 100 %: 1 % at a tenth, 7 % in the middle, 13 % at nine tenths.
    assert figure.table.rows[0] == ("step times: dense", "1.0 %", "7.0 %", "13.0 %", "20.0 %")
    assert figure.table.rows[1][4] == "–"


def test_measurements_are_listed() -> None:
    files = (
        Measurement(Path("validation/measurements/a.json"), "campaign", (case("campaign", "one", tolerance=2.0),)),
        Measurement(Path("validation/measurements/b.json"), "gpt", (), "files of the kind 'gpt' have no comparison"),
    )
    page = render_board(tree(*files))
    check(page)
    text = text_of(page)
    assert "2 files of measurements, 1 of them compared." in text
    assert "validation/measurements/b.jsongpt0files of the kind 'gpt' have no comparison" in text
    assert "campaign: 1 case" in text
    assert 'id="figure-real-errors"' in page
    assert 'id="figure-real-spread"' in page


def test_without_measurements_it_is_said(page: str) -> None:
    text = text_of(page)
    assert "No measurements: the folder measurements holds no file." in text
    assert "Bands without a measurement behind them: campaign." in text


def test_text_of_the_tables_is_escaped() -> None:
    rings = (Ring("published", (case(HOSTILE, HOSTILE, source=HOSTILE, note=HOSTILE, unit=HOSTILE),)),)
    band = Band("published", HOSTILE, "median error", 0.01, HOSTILE, "")
    hostile = board_tree(Board(Path("validation"), rings, (Verdict(band, 0.1, 1),), (), ()))
    page = render_board(hostile)
    check(page)
    assert "{{ 7*7 }}" in page


def test_the_same_tree_gives_the_same_bytes(page: str) -> None:
    assert render_board(tree()) == page


@pytest.mark.parametrize(
    ("found", "said"),
    [([0.0], "The one band holds."), ([0.0, 0.0], "All 2 bands hold."), ([], "No band was tested."),
     ([0.0, 1.0], "1 of 2 bands hold, 1 does not."), ([1.0, 1.0], "0 of 2 bands hold, 2 do not.")],
)  # fmt: skip
def test_the_answer(found: list[float], said: str) -> None:
    bands = [{"holds": not value} for value in found]
    assert answer({"bands": bands, "bands_exceeded": sum(not band["holds"] for band in bands)}) == said


def test_an_error_that_is_too_large_in_words() -> None:
    band = Band("published", "final losses", "worst error", 0.015, "", "")
    verdict = board_tree(Board(Path("v"), (), (Verdict(band, 0.02, 4),), (), ()))["bands"][0]
    assert (
        verdict_sentence(verdict) == "Final losses: the largest error of 4 cases is 2.0 %; the band is at most 1.5 %."
    )


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [(None, "s", "–"), (0.0, "", "0"), (1234.5, "s", "1,234 s"), (12.345, "s", "12.35 s"), (0.5, "fraction", "50.0 %"),
     (3.8e25, "FLOP", "3.8e+25 FLOP"), (-3.25, "", "−3.25"), (1e-9, "s", "1e-09 s"), (1236.0, "GiB", "1,236 GiB")],
)  # fmt: skip
def test_numbers(value: float | None, unit: str, said: str) -> None:
    assert figure_text(value, unit) == said


def test_shares() -> None:
    assert share_text(-0.1234, signed=True) == "−12.3 %"
    assert share_text(0.1, signed=True) == "+10.0 %"
    assert share_text(-0.0001, signed=True) == "0.0 %"
    assert share_text(None) == "–"


def test_nothing_decides_over_a_bare_case() -> None:
    (bare,) = board_tree(Board(Path("v"), (Ring("published", (case(),)),), (), (), ()))["rings"][0]["groups"]
    assert allowed_text(bare["every_case"][0]) == ""


def printed(whole: dict[str, Any], encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    print_board(whole, Console(file=stream, width=160))
    return raw.getvalue().decode(encoding)


def test_the_terminal_has_every_band() -> None:
    lines = [re.sub(r"\s+", " ", line).strip() for line in printed(tree()).splitlines()]
    assert lines[0] == "2 of 4 bands hold, 2 do not."
    assert "✓ holds published step times: dense median error 7.0 % at most 20.0 % 16" in lines
    assert "✕ exceeded published step times share inside the 90 % interval 93.3 % at most 90.0 % 16" in lines
    assert "published: 18 cases, 3 outside, 1 not predicted" in lines
    assert "real: No measurements: the folder measurements holds no file." in lines
    assert "not there, so not compared: validation/published/memory.csv" in lines


def test_a_terminal_without_marks_gets_letters() -> None:
    text = printed(tree(), "ascii")
    assert "+ holds" in text
    assert "x exceeded" in text
