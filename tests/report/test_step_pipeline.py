"""The picture of a pipeline: in its frame, to scale, cut where it would be unreadable."""

import re

import pytest

from clustersim.report.charts.figure import NARROW_PX, WIDE_PX
from clustersim.report.charts.pipeline import Lane, Piece, draw_pipeline, shown_ranks, windows
from clustersim.report.sections.step_pipeline import pipeline_figure
from clustersim.step.pipeline import even_work, timeline
from clustersim.step.step_timeline import AfterWork, StepTimeline
from tests.step.pipeline.cases import schedule


def shown(stages: int = 2, micro_batches: int = 2, chunks: int = 1) -> StepTimeline:
    drawn = timeline(schedule("1f1b", stages, micro_batches, chunks), even_work(1.0, 2.0, stages, chunks))
    update = AfterWork("optimizer", drawn.total_s, drawn.total_s + 0.5)
    return StepTimeline(drawn, ((),) * stages, (update,) * stages)


def boxes(markup: str) -> list[list[float]]:
    return [[float(v) for v in found] for found in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-", markup)]


def test_a_step_by_hand() -> None:
    # two ranks, two micro-batches, forward 1 s, backward 2 s: 9 s, of which each rank stands idle for 3 s
    figure = pipeline_figure("pipeline-0", shown(), 10.0)
    assert figure.table.rows == (
        ("0", "2.000", "4.000", "0.000", "3.000", "2"),
        ("1", "2.000", "4.000", "0.000", "3.000", "1"),
    )
    assert "Rank 0 stands idle for 3.00 s" in figure.description
    assert [label for _, label in figure.legend] == [
        "forward", "backward", "bubble", "optimizer", "host, stragglers and losses, not known task by task",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [WIDE_PX, NARROW_PX])
@pytest.mark.parametrize(("stages", "micro_batches", "chunks"), [(1, 4, 1), (2, 2, 1), (16, 32, 4), (4, 200, 1)])
def test_everything_is_inside_the_picture(width: float, stages: int, micro_batches: int, chunks: int) -> None:
    drawn = pipeline_figure("p", shown(stages, micro_batches, chunks), None)
    pictures = re.findall(r'viewBox="0 0 (\d+) (\d+)".*?</svg>', drawn.pictures)
    assert [int(w) for w, _ in pictures] == [WIDE_PX, NARROW_PX]
    for picture, (w, h) in zip(drawn.pictures.split("</svg>"), pictures, strict=False):
        for x, y, across, down in boxes(picture):
            assert 0.0 <= x <= x + across <= int(w) + 0.2
            assert 0.0 <= y <= y + down <= int(h)
    assert width in (WIDE_PX, NARROW_PX)


def test_slices_of_a_rank_do_not_overlap_and_are_to_scale() -> None:
    lane = Lane(0, (Piece(0.0, 1.0, "blue", inside="0"), Piece(1.0, 3.0, "green", inside="0"), Piece(3, 4, "grey")))
    _, markup = draw_pipeline(WIDE_PX, [lane], 4.0, 0.0)
    (a, b, c) = boxes(markup)
    assert b[2] + 0.6 == pytest.approx(2 * (a[2] + 0.6), abs=0.2)
    assert a[0] + a[2] <= b[0]
    assert b[0] + b[2] <= c[0] + 0.1


def test_a_long_step_is_cut_to_its_beginning_middle_and_end() -> None:
    drawn = shown(4, 200)
    lanes = [
        Lane(rank, tuple(Piece(one.start_s, one.end_s, "blue", inside="0") for one in row))
        for rank, row in enumerate(drawn.timeline.ranks)
    ]
    total_s = drawn.timeline.total_s
    first, middle, last = windows(lanes, total_s, 0.0, 36)
    assert first[0] == 0.0
    assert first[1] == pytest.approx(36 * 1.5)
    assert first[1] < middle[0] < middle[1] < last[0]
    assert last[1] == total_s
    assert windows(lanes, total_s, 0.0, 400) == [(0.0, total_s)]
    assert "Shown are the beginning" in pipeline_figure("p", drawn, None).description
    assert "Shown are" not in pipeline_figure("p", shown(), None).description


def test_many_ranks_are_sampled() -> None:
    assert shown_ranks(3) == [0, 1, 2]
    picked = shown_ranks(128)
    assert (len(picked), picked[0], picked[-1]) == (32, 0, 127)
    figure = pipeline_figure("p", shown(40, 40), None)
    assert len(figure.table.rows) == 40
    assert "rank 39" in figure.pictures


def test_the_picture_stays_small() -> None:
    assert len(pipeline_figure("p", shown(16, 64, 8), None).pictures) < 150_000
