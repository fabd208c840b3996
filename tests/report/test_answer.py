import pytest

from clustersim.report import render
from clustersim.report.answer import answer, cut_short, finish_dates, unfinished
from clustersim.report.dates import write_date


def test_answer_says_when_how_much_and_how_sure(summary):
    assert answer(summary) == (
        "Finishes 18 Jul 2024 (P10–P90: 13 Jul to 23 Jul), 30.8M GPU-hours (28.9M to 32.8M), $78M ($68M to $88M)."
    )
    assert unfinished(summary) == ""
    assert cut_short(summary) == ""


@pytest.mark.parametrize(
    ("finished", "opening"),
    [
        (199, "Finishes 18 Jul 2024 (P10–P90: 13 Jul to 23 Jul)"),
        (150, "Finishes 18 Jul 2024 (P10–P90: 13 Jul to after the deadline)"),
        (90, "Most likely does not finish: 90 of 200 replications reached the end within the deadline."),
        (0, "Does not finish: none of 200 replications reached the end within the deadline."),
    ],
)
def test_answer_claims_no_date_that_the_deadline_hides(summary, finished, opening):
    summary["finished_replications"] = finished
    assert answer(summary).startswith(opening)
    assert unfinished(summary).startswith(f"{200 - finished} of 200 replications did not finish within the deadline.")
    assert f"{200 - finished} of 200 replications did not finish" in render(summary)


def test_an_interrupted_study_says_so(summary):
    summary |= {"replications": 120, "finished_replications": 120}
    assert cut_short(summary) == "The study was interrupted after 120 of 200 replications."
    assert "interrupted after 120 of 200" in render(summary)


def test_the_year_stands_where_it_is_needed(summary):
    summary["headline"]["finish_date"] |= {"p50": "2024-12-28", "p10": "2024-12-20", "p90": "2025-01-11"}
    assert finish_dates(summary["headline"]) == {"p10": "20 Dec 2024", "p50": "28 Dec 2024", "p90": "11 Jan 2025"}


def test_short_runs_are_told_with_the_time_of_day(summary):
    summary["headline"]["wall_time_days"] = dict.fromkeys(summary["headline"]["wall_time_days"], 0.4)
    summary["headline"]["finish_date"] |= {"p50": "2024-05-01T09:36:00+00:00", "p10": "2024-05-01"}
    dates = finish_dates(summary["headline"])
    assert dates["p50"] == "1 May 2024, 09:36"
    assert dates["p10"] == "1 May"
    assert write_date(None) == "–"


def test_without_a_deadline_it_is_the_simulation_that_gave_up(summary):
    summary |= {"finished_replications": 0, "time_limit": "patience"}
    assert "reached the end within 20 times its undisturbed length" in answer(summary)
    assert "deadline" not in answer(summary) + unfinished(summary)
