"""The history of a run: rows that fit its length, cells that add up."""

from dataclasses import replace

import pytest

from clustersim.run import metrics, simulate
from clustersim.study.history import history
from tests.run.plans import KILL, NODE, failure, recorded, script, small_plan


def test_a_crash_in_cells_of_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restart to 60, crash at 212, back at 302, first step of new work at 342."""
    script(monkeypatch, node=[failure(212.0, evict=False)])
    drawn = history(simulate(small_plan(), 0))
    assert (drawn["row_hours"], drawn["cell_hours"]) == (pytest.approx(1 / 6), pytest.approx(1 / 360))
    (row,) = drawn["rows"]
    percent = {state: [int(one) for one in text.split()] for state, text in row["percent"].items()}
    assert percent["restart"][:7] == [100] * 6 + [0]
    assert percent["detect"][20:26] == [0, 80, 100, 100, 20, 0]
    assert percent["recompute"][20:23] == [50, 20, 0]
    assert "productive" not in percent
    assert {len(cells) for cells in percent.values()} == {60}
    assert drawn["failures"] == {"hours": [pytest.approx(212 / 3600)], "category": ["node"]}
    assert row["hours"]["detect"] == pytest.approx(30 / 3600)


def test_the_last_cell_is_full_of_what_it_has() -> None:
    """The run ends at 325 s with five seconds of checkpoint: all that there is of its last cell."""
    (row,) = history(simulate(small_plan(categories=()), 0))["rows"]
    assert row["percent"]["checkpoint"].split()[31:34] == ["0", "100", "0"]


@pytest.mark.parametrize(
    ("days", "row_hours", "rows"),
    [
        (0.1, 1 / 6, 15),
        (0.5, 1, 12),
        (3.0, 6, 12),
        (14.0, 24, 14),
        (90.0, 168, 13),
        (400.0, 672, 15),
        (9000.0, 8736, 25),
    ],
)
def test_rows_fit_the_length_of_the_run(days: float, row_hours: float, rows: int) -> None:
    plan = small_plan(steps=10, **recorded((70.0, KILL)))
    records = simulate(plan, 0)
    scale = days * 86400.0 / records.end_s
    times = {name: c * scale if name in ("start_s", "end_s") else c for name, c in records.intervals.items()}
    longer = replace(records, intervals=times, end_s=records.end_s * scale)
    drawn = history(longer)
    assert drawn["row_hours"] == pytest.approx(row_hours)
    assert len(drawn["rows"]) == rows
    spent = [sum(row["hours"].get(state, 0.0) for row in drawn["rows"]) for state in ("productive", "restart")]
    by_state = metrics.time_by_state_s(longer)
    assert spent == pytest.approx([by_state[state] / 3600.0 for state in ("productive", "restart")])


def test_only_failures_that_stop_the_job_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, node=[failure(212.0, evict=False), failure(220.0, evict=False), failure(230.0, 4)])
    assert history(simulate(small_plan(warm=1), 0))["failures"]["category"] == ["node"]


def test_a_run_of_no_length_has_an_empty_row() -> None:
    assert history(simulate(small_plan(categories=(NODE,), deadline_s=1e-9), 0))["rows"] == [
        {"start_hours": 0.0, "hours": {}, "percent": {}}
    ]
