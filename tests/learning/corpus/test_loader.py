"""What the steps ask of the store and the nodes."""

import math
from pathlib import Path

import pytest

import clustersim as cs
from clustersim.learning.corpus import PhaseLoad, phase_loads
from clustersim.learning.corpus.loader import outlasting_stalls_per_day, starved_time
from clustersim.run.loading import starved_share
from clustersim.run.plan import LoadingPlan, StallsPlan

SCENARIOS = Path(__file__).parents[3] / "scenarios"
PICTURES = "corpus={loader: {bytes_per_token: 2 kB}}"
STORE = "cluster.storage={bandwidth: 500 MB/s}"


def loads(*settings: str, name: str = "quickstart") -> tuple[PhaseLoad, ...]:
    plan = cs.load(SCENARIOS / f"{name}.yaml", settings)
    return phase_loads(plan.scenario, plan.run_plan)


def test_the_data_of_llama_3_405b_never_hold_it_up() -> None:
    """About 2.7M tokens a second, 11 MB/s, against the 2 TB/s that its store sustains (arXiv 2407.21783)."""
    found = {load.phase: load for load in loads("corpus={}", "cluster.storage={bandwidth: 2 TB/s}", name="llama3-405b")}
    main = found["16M batch"]
    low, mid, high = main.demand_bytes_s
    assert low < mid < high
    assert mid == pytest.approx(11e6, rel=0.1)
    assert main.tightest == "store"
    assert main.supply_bytes_s["store"] / high > 1e5
    assert all(load.starved == (0.0, 0.0, 0.0) for load in found.values())


def test_pictures_from_a_small_store_hold_the_steps_up_as_long_as_the_bytes_take() -> None:
    plan = cs.load(SCENARIOS / "quickstart.yaml", [PICTURES, STORE, "checkpoint.kind=blocking"])
    (load,) = phase_loads(plan.scenario, plan.run_plan)
    assert load.tightest == "store"
    assert load.slowdown[1] == pytest.approx(load.demand_bytes_s[1] / 500e6)
    assert load.slowdown[0] < load.slowdown[1] < load.slowdown[2], "faster steps ask for more"
    assert load.reads_per_s == pytest.approx(load.demand_bytes_s[1] / 2e3 / 8192)


def test_supplies_are_told_in_bytes_that_the_steps_use() -> None:
    """Documents of 1,200 tokens are 4.8 kB, read in blocks of 48 kB: a tenth of what is read is used."""
    (load,) = loads(
        "corpus={loader: {order: documents, block: 48 kB, node_bandwidth: 1 GB/s, cpu: {cores: 2, speed: 5 MB/s}}}",
        "cluster.storage={bandwidth: 20 GB/s, reads: 1000}",
    )
    assert load.supply_bytes_s == pytest.approx({"network": 0.8e9, "cpu": 80e6, "store": 2e9, "reads": 4.8e6})
    assert load.tightest == "reads"
    assert load.read_bytes_s == pytest.approx(10.0 * load.demand_bytes_s[1])


def test_stalls_starve_as_the_buffer_says_and_others_add_to_it() -> None:
    settings = ["corpus={loader: {stalls: {every: 10 min, lasts: 1 min}}}", "checkpoint.kind=blocking"]
    plan = cs.load(SCENARIOS / "quickstart.yaml", [*settings, "cluster.storage={bandwidth: 10 GB/s}"])
    step_s = plan.steps[0].mean_s
    supply = 10e9 / (4.0 * 512 * 8192 / step_s)
    expected = starved_share(supply, 2.0 * step_s, StallsPlan(600.0, 60.0))
    assert starved_time(plan.run_plan, 0, step_s) == pytest.approx(expected)
    busy = "cluster.storage={bandwidth: 10 GB/s, tenants: [{name: a, demand: 1 TB/s, pause: 1 h, busy: 1 h}]}"
    shared = cs.load(SCENARIOS / "quickstart.yaml", [*settings, busy])
    half = starved_share(supply / 2.0, 2.0 * step_s, StallsPlan(600.0, 60.0))
    assert starved_time(shared.run_plan, 0, step_s) == pytest.approx(0.5 * (expected + half))


def test_stalls_that_outlast_what_is_read_ahead() -> None:
    loading = LoadingPlan((), 3, StallsPlan(3540.0, 60.0))
    assert outlasting_stalls_per_day(loading, 20.0) == pytest.approx(24.0 * math.exp(-1.0))
    assert outlasting_stalls_per_day(LoadingPlan((), 3), 20.0) == 0.0


def test_without_a_corpus_there_is_nothing_to_say() -> None:
    assert loads() == ()
