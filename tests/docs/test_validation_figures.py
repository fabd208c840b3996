"""The figures of the validation page: what is committed is what would be drawn, alone and readable."""

import re
from functools import lru_cache
from xml.etree import ElementTree as Tree

import pytest

from tests.docs.snippets import ROOT
from validation.families import Family, Point, strong_families, weak_families
from validation.figures import FOLDER, drawings, main
from validation.panels import apart
from validation.ranking import rankings

FILES = sorted(path.name for path in FOLDER.iterdir())
PICTURES = [name for name in FILES if name.endswith(".svg")]
SVG = "{http://www.w3.org/2000/svg}"


@lru_cache(maxsize=1)
def drawn() -> dict[str, str]:
    return dict(drawings())


@pytest.mark.parametrize("name", FILES)
def test_the_committed_file_is_what_would_be_drawn(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == drawn()[name], "run python -m validation.figures"


def test_every_figure_is_committed() -> None:
    assert sorted(drawn()) == FILES


def test_check_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_stands_alone(name: str) -> None:
    text = drawn()[name]
    root = Tree.fromstring(text)  # our own file
    assert root.tag == f"{SVG}svg"
    assert [child.tag for child in root][:3] == [f"{SVG}title", f"{SVG}desc", f"{SVG}style"]
    assert "prefers-color-scheme: dark" in text
    used = set(re.findall(r"var\((--\w+)\)", text))
    light, _, dark = text.partition("@media")
    assert all(f"{colour}:" in light and f"{colour}:" in dark for colour in used)
    assert not re.search(r"href|url\(|<script|<image", text)


@pytest.mark.parametrize("name", PICTURES)
def test_every_word_is_inside_its_picture(name: str) -> None:
    root = Tree.fromstring(drawn()[name])
    width = float(root.attrib["width"])
    for group in root.iter(f"{SVG}g"):
        for panel in group.findall(f"{SVG}g"):
            left = 20.0 + float(panel.attrib["transform"].split("(")[1].split()[0])
            for text in panel.iter(f"{SVG}text"):
                reach = {"end": 0.0, "middle": 0.5}.get(text.attrib.get("text-anchor", ""), 1.0)
                assert left + float(text.attrib["x"]) + reach * 6.6 * len(text.text or "") < width, text.text


@pytest.mark.parametrize("name", PICTURES)
def test_each_page_that_shows_a_picture_says_what_it_is(name: str) -> None:
    pages = "".join((ROOT / "validation" / page).read_text("utf-8") for page in ("README.md", "learning.md"))
    assert re.search(rf"!\[[^\]]+\]\(figures/{name}\)", pages)


def test_the_slope_of_a_family_by_hand() -> None:
    # Llama 3.1 8B of the 25.02 recipes in BF16: the same 16 sequences a GPU take longer on 128 GPUs than on 8
    family = next(
        one
        for one in weak_families()
        if (one.model, one.stack, one.precision) == ("Llama 3.1 8b", "nemo-25.02", "bf16")
    )
    rows = (ROOT / "validation/published/throughput.csv").read_text("utf-8").splitlines()
    header = rows[0].split(",")
    times = {}
    for row in rows[1:]:
        if ",Llama 3.1 8b," in row and ",nemo-25.02," in row and ",bf16," in row:
            cells = dict(zip(header, row.split(","), strict=False))
            times[int(cells["n_gpus"])] = float(cells["step_time_s"])
    assert [point.gpus for point in family.points] == sorted(times)
    assert family.published_change == pytest.approx(times[8] / times[128] - 1.0, abs=1e-9)


def test_change_and_split_of_a_family() -> None:
    points = (Point(8, 100.0, 90.0, True), Point(16, 80.0, 99.0, False))
    family = Family("m", "g", "bf16", "s", "k", points)
    assert (family.published_change, family.predicted_change) == pytest.approx((-0.2, 0.1))
    assert family.held_out == "some"


def test_strong_families_are_those_of_2021() -> None:
    found = {(one.model, "zero3" in one.stack): [point.gpus for point in one.points] for one in strong_families()}
    assert found[("GPT-529.6B", True)] == [640, 1120, 2240]
    assert set(found) == {(model, zero) for model in ("GPT-174.6B", "GPT-529.6B") for zero in (False, True)}


def test_labels_keep_apart() -> None:
    assert apart([8, 9, 64, 512]) == [8, 64, 512]


def test_rankings_lose_nothing_below_zero() -> None:
    for one in rankings():
        assert 0.0 <= one.loss <= one.worst_loss
        assert 0.5 < one.right <= 1.0
