"""The runs, as data."""

import statistics
from itertools import pairwise

import pytest

from validation.faults.plan import FULL, LASTING, SMALL, STOPPING, Protocol, random_incidents
from validation.gpt.config_file import config_from_tables

PROTOCOLS = pytest.mark.parametrize("protocol", [FULL, SMALL], ids=["full", "small"])


@PROTOCOLS
@pytest.mark.parametrize("step_s", [0.02, 0.2, 3.0])
def test_every_run_is_a_job_that_can_be_run(protocol: Protocol, step_s: float) -> None:
    for scenario in (*protocol.calibration, *protocol.scenarios, protocol.random):
        tables = scenario.config(step_s)
        config, problems = config_from_tables(tables)
        assert config is not None, problems
        assert config.train.steps >= 2 * config.checkpoint.every_steps
        assert config.parallel.world == 2


def test_work_and_interval_follow_the_step_time() -> None:
    tables = FULL.scenarios[0].config(0.16)
    assert tables["train"]["steps"] == 375
    assert tables["checkpoint"]["every_steps"] == 10


@PROTOCOLS
def test_names_are_unique_and_incidents_possible(protocol: Protocol) -> None:
    assert len(set(protocol.names)) == len(protocol.names) >= 8
    for scenario in (*protocol.calibration, *protocol.scenarios):
        assert list(scenario.incidents) == sorted(scenario.incidents, key=lambda incident: incident.at_s)
        for incident in scenario.incidents:
            assert (incident.lasts_s > 0.0) == (incident.category in LASTING)
            assert incident.rank in (0, 1)


def test_every_kind_of_incident_is_compared() -> None:
    done = {incident.category for scenario in FULL.scenarios for incident in scenario.incidents}
    assert done == {*STOPPING, *LASTING, "bad checkpoint"}
    assert any(scenario.mode == "async" and scenario.incidents for scenario in FULL.scenarios)


def test_names_are_chosen_by_their_beginning() -> None:
    assert FULL.only(("straggler",)) == ("straggler", "straggler, then kill")
    assert FULL.only(()) == FULL.names
    assert FULL.only(("nothing",)) == ()


def test_random_kills_are_a_poisson_process() -> None:
    kills = list(random_incidents(10.0, 3, 50_000.0))
    gaps_s = [after.at_s - before.at_s for before, after in pairwise(kills)]
    # 5,000 gaps: four standard errors of the mean and of the standard deviation of an exponential law.
    assert statistics.fmean(gaps_s) == pytest.approx(10.0, abs=4 * 10.0 / 5000**0.5)
    assert statistics.stdev(gaps_s) == pytest.approx(10.0, abs=4 * 10.0 * (2 / 5000) ** 0.5)
    assert {kill.rank for kill in kills} == {0, 1}
    assert kills == list(random_incidents(10.0, 3, 50_000.0)) != list(random_incidents(10.0, 4, 50_000.0))
