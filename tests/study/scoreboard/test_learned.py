"""What runs learned on the scoreboard: rows, bands and what is not held against them."""

from pathlib import Path

import pytest

from clustersim.calibration.rows import TableError
from clustersim.study.scoreboard.published.learned import (
    CORPORA,
    SCHEDULE_ERRORS,
    SCHEDULES,
    SCORE_ERRORS,
    SCORES,
    corpus_cases,
    schedule_cases,
    score_cases,
)
from clustersim.study.scoreboard.statistics import coverage

PUBLISHED = Path(__file__).parents[3] / "validation" / "published"


def test_curves_of_other_schedules_keep_their_target() -> None:
    cases = list(schedule_cases(PUBLISHED / "schedule_curves.csv"))
    points = [case for case in cases if case.group == SCHEDULES]
    means = [case for case in cases if case.group == SCHEDULE_ERRORS]
    assert len(means) == 9
    assert all(case.inside for case in means)
    assert max(case.found or 0.0 for case in means) > 0.002, "an error of nothing would be that of a fit"
    assert 0.85 <= coverage(points) <= 0.95
    assert not any("cosine_24000" in case.name for case in points), "fitted"


def test_scores_keep_their_target() -> None:
    cases = list(score_cases(PUBLISHED / "capability.csv"))
    scores = [case for case in cases if case.group == SCORES]
    assert 0.85 <= coverage(scores) <= 0.95
    left_out = [case for case in cases if case.group == SCORE_ERRORS]
    assert len(left_out) == 21
    assert all(case.inside for case in left_out)


def test_corpora_chain_to_their_published_sizes() -> None:
    cases = list(corpus_cases(PUBLISHED / "corpora.csv"))
    assert {case.group for case in cases} == {CORPORA}
    assert all(case.inside for case in cases)
    assert "fineweb, tokens" in {case.name for case in cases}


def test_a_curve_that_is_not_on_its_schedule_is_found_out(tmp_path: Path) -> None:
    text = (PUBLISHED / "schedule_curves.csv").read_text("utf-8")
    head, *rows = text.splitlines()
    moved = [row.replace(",2.", ",3.") if row.startswith("400M,wsd_20000_24000") else row for row in rows]
    path = tmp_path / "curves.csv"
    path.write_text("\n".join([head, *moved]) + "\n", encoding="utf-8")
    broken = [case for case in schedule_cases(path) if case.group == SCHEDULE_ERRORS and not case.inside]
    assert [case.name for case in broken] == ["400M, wsd_20000_24000"]


@pytest.mark.parametrize("read", [schedule_cases, score_cases, corpus_cases])
def test_another_table_is_refused(tmp_path: Path, read) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(TableError):
        list(read(path))
