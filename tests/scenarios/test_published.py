"""What was published of whole runs against the forecasts of their scenarios, number by number.

``validation/published/whole_runs.csv`` lists each claim of each scenario with what the forecast makes of it. A miss is
in that list with its reason, and is held to it: one that is mended fails here as loudly as a new one.
"""

import math
from functools import cache

import pytest

import clustersim as cs
from clustersim.study.executor import Serial
from clustersim.study.scoreboard.published.record import RECORD, read_record
from clustersim.study.scoreboard.published.scenarios import FOLDER, published_scenarios, run_name
from tests.scenarios.conftest import SCENARIOS
from validation.whole_runs import Row, read_rows, rows_of

REPLICATIONS = 20
COMMITTED_REPLICATIONS = 200

KNOWN = read_record(SCENARIOS.parent / "validation" / RECORD)
PATHS = {run_name(path): path for path in published_scenarios(SCENARIOS)}
COMMITTED = {(row.run, row.claim): row for row in read_rows()}


@cache
def forecast(run: str) -> dict[str, Row]:
    return {row.claim: row for row in rows_of(PATHS[run], Serial(), REPLICATIONS)}


def error_of_the_median(committed: Row) -> float:
    """Standard error of the difference of two medians, from the committed interval, as of a normal law."""
    sigma = (committed.high - committed.low) / 3.29
    return math.sqrt(math.pi / 2 * (1 / REPLICATIONS + 1 / COMMITTED_REPLICATIONS)) * sigma


@pytest.mark.parametrize(("run", "claim"), KNOWN, ids=" ".join)
def test_a_published_number_is_met_or_missed_as_is_known(run: str, claim: str) -> None:
    row, known, committed = forecast(run)[claim], KNOWN[run, claim], COMMITTED[run, claim]
    found = "agrees" if row.agrees else "above" if row.median > row.published else "below"
    assert found == known.forecast, f"{row.median:g} {row.unit} [{row.low:g}, {row.high:g}] for {row.published:g}"
    assert committed.agrees == row.agrees
    # A count is a whole number, and so is its median.
    allowed = 4 * error_of_the_median(committed) + (0.5 if row.unit == "" else 0.0)
    again = "run python -m validation.whole_runs, then python -m validation.tables"
    assert row.median == pytest.approx(committed.median, abs=max(allowed, 1e-4 * committed.median)), again
    assert row.published == pytest.approx(committed.published, rel=1e-5), again
    assert (row.step, row.unit, row.relation, row.source) == (
        committed.step, committed.unit, committed.relation, committed.source,
    ), again  # fmt: skip


@pytest.mark.parametrize("run", PATHS)
def test_every_claim_of_a_published_run_is_known(run: str) -> None:
    """A claim of a range is two bounds."""
    claims = cs.load(PATHS[run]).scenario.claims
    bounds = [1 if claim.equals is not None else 2 - claim.bounds().count(None) for claim in claims]
    assert sum(bounds) == sum(known == run for known, _claim in KNOWN)


def test_nothing_else_is_known() -> None:
    assert {run for run, _claim in KNOWN} == set(PATHS)
    assert set(COMMITTED) == set(KNOWN)


@pytest.mark.parametrize("run", [run for run in PATHS if run.startswith(FOLDER)])
def test_a_scenario_opens_with_its_arithmetic(run: str) -> None:
    comment = [line for line in PATHS[run].read_text("utf-8").splitlines() if line.startswith("#")]
    assert PATHS[run].read_text("utf-8").startswith("\n".join(comment[:3]))
    assert any(line.startswith("#   ") and "=" in line for line in comment)
