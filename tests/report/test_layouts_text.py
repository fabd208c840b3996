"""The ranking of layouts as text: whole at any width, honest about ties and misses."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from clustersim.report.layouts_text import print_layouts
from tests.report.layouts_summary import OWN, layouts_summary, row

GOLDEN = Path(__file__).with_name("layouts.txt")


def printed(summary: Any, width: int = 160, encoding: str = "utf-8", **options: Any) -> str:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding=encoding, newline="\n", write_through=True) as file:
        print_layouts(summary, Console(file=file, width=width, **options))
        return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [60, 160])
def test_the_text_is_as_agreed(width: int) -> None:
    """Two widths in one file; write it anew by hand when the wording changes."""
    parts = dict(part.split("\n", 1) for part in GOLDEN.read_text("utf-8").split("=== ") if part)
    assert [line.rstrip() for line in printed(layouts_summary(), width).splitlines()] == parts[str(width)].splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 120, 160])
def test_no_line_is_wider_than_the_terminal_and_none_is_cut(width: int) -> None:
    lines = printed(layouts_summary(), width).splitlines()
    assert max(len(line) for line in lines) <= width
    assert not [line for line in lines if "…" in line]


def test_a_narrow_terminal_says_as_much_as_a_wide_one() -> None:
    narrow, wide = (" ".join(printed(layouts_summary(), width).split()) for width in (60, 160))
    for words in (
        "TP1 CP1 PP2 VPP4 DP8 ZeRO1 mb1 recompute full of 2 layers tp-cp-pp-dp",
        "2.10 s",
        "60.0 GiB",
        "12.5 %",
    ):
        assert words in narrow
        assert words in wide


def test_what_is_pasted_is_never_broken_inside_a_setting() -> None:
    narrow = printed(layouts_summary(), 60).splitlines()
    start = narrow.index("layout:")
    assert narrow[start - 1] == "software: megatron"
    assert narrow[start + 1 : start + 5] == [
        "  data_parallel: 16",
        "  micro_batch: 2",
        "  recompute: full",
        "  recompute_layers: 3",
    ]


def test_ties_are_counted_from_the_best() -> None:
    assert "Ranks 1 to 2 tie" in printed(layouts_summary())
    alone = layouts_summary(layouts=[row(1, "TP1", 2.0), row(2, "TP2", 3.0)])
    assert "Rank 1 stands alone" in printed(alone)


def test_the_own_layout_stands_in_its_place() -> None:
    lines = [line for line in printed(layouts_summary()).splitlines() if " s  " in line]
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "own"]
    between = layouts_summary(own=row(3, "TP4", 2.3))
    marks = [line.split()[0] for line in printed(between).splitlines() if " s  " in line]
    assert marks == ["1", "2", "own", "3"]
    best = layouts_summary(own=row(1, layouts_summary()["layouts"][0]["layout"], 2.0))
    text = printed(best)
    assert "1 own" in text
    assert "is as fast as the fastest" in text


def test_an_own_layout_that_does_not_fit_says_so() -> None:
    text = printed(layouts_summary(own=OWN, own_problems=["it needs 90.0 GiB per GPU, the device has 80.0 GiB"]))
    assert "takes 50.0 % longer than the fastest, but it needs 90.0 GiB" in text
    gone = printed(layouts_summary(own=None, own_problems=["it uses 8 GPUs, not 16"]))
    assert "is not ranked: it uses 8 GPUs, not 16." in gone


def test_nothing_fits_names_the_nearest_miss() -> None:
    text = printed(layouts_summary(layouts=[], own=None, own_problems=["too big"], yaml=None))
    assert "No layout fits. The nearest miss: TP1 CP1 PP1 VPP1 DP16 ZeRO0 mb4 recompute full needs 88.0 GiB" in text
    without = printed(layouts_summary(layouts=[], own=None, own_problems=["too big"], yaml=None, rejected=[]))
    assert "No layout divides the model and the batch." in without


def test_an_interrupted_search_says_so() -> None:
    assert "Interrupted" in printed(layouts_summary(interrupted=True))
    nothing = layouts_summary(interrupted=True, layouts=[], own=None, own_problems=["x"], yaml=None)
    assert "No layout was found before the interrupt." in printed(nothing)


def test_any_encoding_can_show_it() -> None:
    text = printed(layouts_summary(name="Größe — \x1b[31mred"), encoding="ascii")
    assert "1.67-2.40" in text
    assert "\x1b" not in text


def test_colours_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1m" in printed(layouts_summary(), force_terminal=True)
    assert "\x1b[3" not in printed(layouts_summary(interrupted=True), force_terminal=True, no_color=True)
    assert "\x1b" not in printed(layouts_summary())
