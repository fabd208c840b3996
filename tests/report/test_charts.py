import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.report.charts.days import draw_days
from clustersim.report.charts.fan import Fan, draw_fan
from clustersim.report.charts.figure import NARROW_PX, WIDE_PX, Table, figure
from clustersim.report.charts.intervals import Interval, draw_intervals
from clustersim.report.charts.ranges import draw_claim, draw_range
from clustersim.report.charts.scale import Scale, log_ticks, round_step, round_up, tick_text, ticks
from clustersim.report.charts.shares import draw_shares
from clustersim.report.charts.stacked import Bar, Segment, draw_stacked, draw_strip
from clustersim.report.charts.svg import number, rect, shortened, tag
from clustersim.report.charts.waterfall import Fall, draw_waterfall
from clustersim.report.stats import Stat


def _numbers(markup: str, attribute: str) -> list[float]:
    return [float(value) for value in re.findall(rf'\b{attribute}="([-\d.]+)"', markup)]


def test_scale_is_linear_or_logarithmic():
    assert Scale(0.0, 10.0, 100.0, 200.0)(5.0) == pytest.approx(150.0)
    assert Scale(1.0, 100.0, 0.0, 200.0, log=True)(10.0) == pytest.approx(100.0)
    assert Scale(3.0, 3.0, 7.0, 9.0)(3.0) == pytest.approx(7.0)


@given(st.floats(1e-6, 1e12), st.integers(2, 12))
def test_ticks_are_round_inside_and_not_too_many(high, about):
    marks = ticks(0.0, high, about)
    step = round_step(high, about)
    assert marks[0] == 0.0
    assert marks[-1] <= high * (1 + 1e-6)
    assert len(marks) <= about + 1
    assert round(float(f"{step:e}"[0])) in {1, 2, 5}
    assert round_up(high, about) >= high * (1 - 1e-6)


def test_ticks_of_powers_of_ten():
    assert log_ticks(5e9, 1.64e13) == [1e10, 1e11, 1e12, 1e13]
    assert [tick_text(value, 0.5) for value in (1.5, 2.0)] == ["1.5", "2.0"]
    assert tick_text(20000.0, 10000.0) == "20,000"


def test_names_and_values_are_escaped():
    assert "<script>" not in tag("text", "<script>", class_='"><script>')
    assert "&lt;script&gt;" in tag("text", "<script>")
    assert number(-0.01) == "0"


def test_widths_of_a_strip_are_the_shares():
    height, markup = draw_strip(200.0, (Segment(3.0, "blue", "a"), Segment(1.0, "red", "b")))
    assert height > 0.0
    assert _numbers(markup, "width") == pytest.approx([148.5, 48.5])  # 150 and 50, less the seam


@pytest.mark.parametrize("width", [WIDE_PX, NARROW_PX])
def test_stacked_bars_stay_inside_and_mark_the_limit(width):
    bars = (Bar("a long label of a phase that goes on and on and on", "6.6 s", (Segment(60.0, "blue", "x"),)),)
    height, markup = draw_stacked(width, bars, " GB", limit=(80.0, "capacity 80 GB"))
    right = max(x + w for x, w in zip(_numbers(markup, "x"), _numbers(markup, "width"), strict=False))
    assert right <= width
    assert max(_numbers(markup, "y")) <= height
    assert "capacity 80 GB" in markup


@pytest.mark.parametrize("width", [WIDE_PX, NARROW_PX])
def test_interval_marks_stand_where_the_values_are(width):
    rows = (Interval("a", "5", 0.0, 5.0, 10.0, 5.0), Interval("b", "10", 10.0, 10.0, 10.0))
    _, markup = draw_intervals(width, rows, "")
    middle, end = _numbers(markup, "cx")
    first = re.search(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', markup)
    assert first
    left, size = (float(value) for value in first.groups())
    assert middle == pytest.approx(left + size / 2, abs=0.2)
    assert end == pytest.approx(left + size, abs=0.2)
    assert markup.count("reference") == 1


def test_waterfall_links_each_end_to_the_next_start():
    falls = (
        Fall("base", "20", 0.0, 20.0),
        Fall("more", "+5", 20.0, 25.0),
        Fall("less", "-10", 25.0, 15.0),
        Fall("all", "15", 0.0, 15.0, total=True),
    )
    _, markup = draw_waterfall(WIDE_PX, falls, "M")
    bars = [tuple(map(float, bar)) for bar in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', markup)]
    assert bars[1][0] == pytest.approx(bars[0][0] + bars[0][1], abs=0.2)
    assert bars[2][0] + bars[2][1] == pytest.approx(bars[1][0] + bars[1][1], abs=0.2)
    assert bars[3][1] == pytest.approx(bars[0][1] * 15 / 20, abs=0.2)
    assert [re.search(rf"<title>{name}", markup) is not None for name in ("base", "less")] == [True, True]


def test_shares_enlarge_the_small_parts_to_the_whole_width():
    _, markup = draw_shares(
        900.0, Segment(90.0, "blue", "p", "p 90 %"), (Segment(5.0, "red", "a"), Segment(5.0, "sky", "b")), "rest"
    )
    assert _numbers(markup, "width") == pytest.approx([808.5, 43.5, 43.5, 448.5, 448.5])
    assert draw_shares(900.0, Segment(1.0, "blue", "p"), (), "rest")[1].count("<rect") == 1


def test_fan_and_days_fill_their_planes():
    fan = Fan(
        (1.0, 10.0), (1.0, 2.0), (1.5, 2.5), (2.0, 3.0), "x", "y", 0.0, 3.0, log_x=True, goal=(3.0, "goal"), end="2.5"
    )
    height, markup = draw_fan(NARROW_PX, fan)
    assert 'class="band"' in markup
    assert 'class="goal"' in markup
    assert height < draw_fan(WIDE_PX, fan)[0]
    _, columns = draw_days(
        WIDE_PX,
        ((0.0, 1.0, (Segment(1.0, "red", ""), Segment(0.0, "sky", ""))), (1.0, 2.0, (Segment(2.0, "red", ""),))),
    )
    low, high = _numbers(columns, "height")
    assert high == pytest.approx(2 * low, abs=0.2)


@pytest.mark.parametrize("log_x", [False, True])
def test_what_was_measured_leads_into_the_fan(log_x: bool) -> None:
    fan = Fan(
        (5.0, 10.0), (1.0, 2.0), (1.5, 2.5), (2.0, 3.0), "x", "y", 0.0, 3.0, log_x=log_x, end="2.5", end_below=True,
        measured=((1.0, 3.0), (5.0, 1.5)),
    )  # fmt: skip
    height, markup = draw_fan(WIDE_PX, fan)
    ((start, end),) = re.findall(r'd="M([\d.]+ [\d.]+)L([\d.]+ [\d.]+)" class="measured"', markup)
    assert f'd="M{end}L' in markup, "the median goes on where the log ends"
    assert float(start.split()[0]) == pytest.approx(40.0), "at the left edge"
    label = float(re.findall(r'y="([\d.]+)" class="value"', markup)[0])
    assert float(end.split()[1]) < height
    assert label > float(re.findall(r'cy="([\d.]+)"', markup)[0]), "below the band, which comes from above"


def test_rect_never_has_a_negative_width():
    assert 'width="0"' in rect(0.0, 0.0, -3.0, 1.0, "x")


def test_a_figure_has_both_widths_a_name_and_words():
    drawn = figure(
        "f", "Title & more", "What <it> shows", lambda width: (10.0, tag("g", f"{width:.0f}")), Table(("a",), (("1",),))
    )
    assert drawn.pictures.count('role="img"') == 2
    assert 'aria-labelledby="f-wide-title f-wide-desc"' in drawn.pictures
    assert "Title &amp; more" in drawn.pictures
    assert "What &lt;it&gt; shows" in drawn.pictures


def test_long_labels_are_cut_to_their_room():
    assert shortened("short", 300.0) == "short"
    cut = shortened("a label that is much too long", 80.0)
    assert cut.endswith("…")
    assert len(cut) <= 11


def test_range_bars_share_a_scale_and_need_a_median():
    wide, narrow = (draw_range(Stat(10.0, 10 - w, 10 - w / 2, 10.0, 10 + w / 2, 10 + w), 0.5) for w in (4.0, 2.0))
    assert _numbers(wide, "width")[0] == pytest.approx(2 * _numbers(narrow, "width")[0], abs=0.2)
    assert _numbers(wide, "cx") == _numbers(narrow, "cx") == [100.0]
    assert draw_range(Stat(0.1, 0.0, 0.0, 0.0, 1.0, 1.0), 0.5) == ""


def test_claims_are_a_diamond_a_stretch_or_an_open_end():
    forecast = (8.0, 10.0, 12.0)
    assert draw_claim((9.0, 9.0), forecast).count("<polygon") == 1
    assert draw_claim((9.0, 11.0), forecast).count('class="bound"') == 3
    assert draw_claim((9.0, None), forecast).count('class="bound"') == 2
    assert draw_claim((None, None), forecast).count('class="bound"') == 0
