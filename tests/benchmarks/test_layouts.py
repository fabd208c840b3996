"""Speed of the search of layouts. Run with: pytest tests/benchmarks -n 0 --benchmark-enable"""

from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from clustersim.scenario import load
from clustersim.study.layouts import find_layouts, question_of

SCENARIO = Path(__file__).parents[2] / "scenarios" / "llama3-405b.yaml"


def test_all_layouts_of_405b_on_16384_gpus(benchmark: BenchmarkFixture) -> None:
    """Five seconds are allowed, process start included; and the published layout is no faster than what is found."""
    question = question_of(load(SCENARIO).scenario)
    found = benchmark.pedantic(find_layouts, (question,), rounds=1)
    assert found.own is not None
    assert found.ranked[0].step.mean_s <= found.own.step.mean_s
    assert found.counts.predicted < 1_000
