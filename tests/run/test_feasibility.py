"""Plans that cannot run, and the numbers that say so."""

from pathlib import Path

import pytest

import clustersim as cs

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def problems(name: str, *settings: str) -> list[str]:
    with pytest.raises(cs.ScenarioError) as caught:
        cs.load(SCENARIOS / f"{name}.yaml", settings)
    return str(caught.value).splitlines()


def test_a_write_that_takes_longer_than_the_interval() -> None:
    """8.03e9 parameters x 14 bytes = 112 GB; at 1 GB/s that is 112 s, and 60 s apart need 1.87 GB/s."""
    (line,) = problems("quickstart", "checkpoint.write_bandwidth=1 GB/s", "checkpoint.interval=60 s")
    assert line.startswith("--set checkpoint.interval: a checkpoint of 0.112 TB takes 112 s to write")
    assert "write_bandwidth of 1.87 GB/s" in line


def test_the_same_write_is_possible_when_the_interval_follows_from_it() -> None:
    plan = cs.load(SCENARIOS / "quickstart.yaml", ["checkpoint.write_bandwidth=100 MB/s"]).run_plan
    assert plan.checkpoint.interval_s >= plan.checkpoint.write_s


def test_phases_of_different_size() -> None:
    (line,) = problems("llama3-405b", "training.phases[9].layout.data_parallel=4")
    assert "phase 'annealing' uses 8,192 GPUs, the job 16,384" in line
    assert "llama3-405b.yaml" in line or line.startswith("--set")
