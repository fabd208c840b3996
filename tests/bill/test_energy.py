import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.bill import NodePower, job_energy_j, mean_power_w, site_energy_j, spare_energy_j

H100_NODE = NodePower(training_w=7750.0, idle_w=2000.0)
STATES = (
    "productive", "recompute", "checkpoint", "detect", "restart", "waiting", "rollback", "maintenance", "slowed",
)  # fmt: skip
by_state = st.dictionaries(st.sampled_from(STATES), st.floats(0.0, 1e8), max_size=len(STATES))


def test_two_nodes_by_hand():
    seconds = {"productive": 3600.0, "recompute": 600.0, "rollback": 300.0, "checkpoint": 60.0, "restart": 240.0}
    # training 4500 s, waiting 300 s, and 100 s for the slowest
    assert job_energy_j(seconds | {"slowed": 100.0}, 2, H100_NODE) == pytest.approx(2 * (4500 * 7750 + 400 * 2000))


def test_spares_idle_for_the_whole_run():
    assert spare_energy_j(86400.0, 40, H100_NODE) == pytest.approx(86400 * 40 * 2000)


def test_llama3_405b_energy_is_of_the_published_size():
    # 30.84M GPU-hours on 8-GPU nodes of 7.75 kW, PUE 1.1: 32.9 GWh, the site around GPUs that alone draw 21.6 GWh.
    node_hours = 30.84e6 / 8
    energy_j = site_energy_j(job_energy_j({"productive": node_hours * 3600.0}, 1, H100_NODE), 1.1)
    assert energy_j / 3.6e12 == pytest.approx(32.86, abs=0.01)


def test_mean_power():
    assert mean_power_w(7200.0, 3600.0) == 2.0
    assert mean_power_w(0.0, 0.0) == 0.0


@given(by_state, by_state, st.integers(1, 10_000))
def test_energy_is_additive_over_time_and_nodes(first, second, nodes):
    both = {state: first.get(state, 0.0) + second.get(state, 0.0) for state in {*first, *second}}
    apart = job_energy_j(first, nodes, H100_NODE) + job_energy_j(second, nodes, H100_NODE)
    assert job_energy_j(both, nodes, H100_NODE) == pytest.approx(apart, rel=1e-9, abs=1e-6)
    assert job_energy_j(first, nodes, H100_NODE) == pytest.approx(nodes * job_energy_j(first, 1, H100_NODE), rel=1e-9)


@given(by_state)
def test_energy_lies_between_all_idle_and_all_training(seconds):
    total_s = sum(seconds.values())
    energy_j = job_energy_j(seconds, 1, H100_NODE)
    assert total_s * 2000.0 * (1 - 1e-9) <= energy_j <= total_s * 7750.0 * (1 + 1e-9)
