import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.bill import PhaseWork, gpu_hours_bridge

FLOPS_6ND = 6.0 * 405e9


def phase(
    *, main=True, tokens=15.6e12, step_time_s=5.777, tokens_per_step=16 * 2**20, gpus=16384, states=None
) -> PhaseWork:
    productive_s = tokens / tokens_per_step * step_time_s
    return PhaseWork(
        main, tokens, FLOPS_6ND, step_time_s, tokens_per_step, gpus, states or {"productive": productive_s}
    )


def labels(rows):
    return {row["label"]: row["gpu_hours"] for row in rows}


def test_405b_at_400_tflops_takes_26_3_million_gpu_hours():
    rows = gpu_hours_bridge([phase()], reference_flops_per_gpu_s=400e12, reported_gpu_hours=30.84e6)
    assert phase().flops_per_token * 15.6e12 == pytest.approx(3.79e25, rel=1e-3)
    assert rows[0]["label"] == "compute alone, 400 TFLOP/s per GPU"
    assert rows[0]["gpu_hours"] == pytest.approx(26.3e6, rel=2e-3)
    assert [row["kind"] for row in rows] == ["part"] * 4 + ["total", "difference", "reported"]
    assert rows[-1]["gpu_hours"] == 30.84e6
    assert rows[-3]["gpu_hours"] + rows[-2]["gpu_hours"] == pytest.approx(30.84e6)


def test_parts_by_hand():
    hour = 3600.0
    early = PhaseWork(True, 1e9, 1e3, 1.0, 1e6, 10, {"productive": 1000.0, "restart": hour, "recompute": hour})
    late = PhaseWork(True, 1e9, 1e3, 0.5, 1e6, 10, {"productive": 500.0, "checkpoint": hour})
    tail = PhaseWork(False, 1e8, 1e3, 1.0, 1e6, 5, {"productive": 100.0, "waiting": hour})
    rows = labels(gpu_hours_bridge([early, late, tail]))
    # The fastest main phase makes 1e3 * 1e6 / (0.5 * 10) = 2e8 FLOP/s a GPU; 2e12 FLOP at that are 1e4 GPU-seconds.
    assert rows["compute alone, 0 TFLOP/s per GPU"] == pytest.approx(1e4 / hour)
    assert rows["slower phases (small batch, bubbles)"] == pytest.approx((10_000 + 5_000 - 10_000) / hour)
    assert rows["interruptions and lost work"] == pytest.approx(30.0)
    assert rows["long-context and annealing phases"] == pytest.approx(5 * 100 / hour + 5.0)


def test_slow_steps_have_a_part_of_their_own():
    hour = 3600.0
    states = {"productive": 1000.0, "restart": hour, "slowed": 2 * hour}
    rows = labels(gpu_hours_bridge([PhaseWork(True, 1e9, 1e3, 1.0, 1e6, 10, states)]))
    assert rows["slow steps"] == pytest.approx(20.0)
    assert rows["interruptions and lost work"] == pytest.approx(10.0)
    assert rows["forecast total"] == pytest.approx(30.0 + 10_000 / hour)


def test_a_plan_faster_than_the_reference_says_so():
    rows = labels(gpu_hours_bridge([phase()], reference_flops_per_gpu_s=300e12))
    assert rows["phases faster than that"] < 0.0


def test_without_a_report_the_bridge_ends_with_the_total():
    assert gpu_hours_bridge([phase()])[-1]["kind"] == "total"


seconds = st.floats(0.0, 1e8)
phases = st.builds(
    PhaseWork,
    main=st.booleans(),
    tokens=st.floats(1e6, 1e14),
    flops_per_token=st.floats(1e6, 1e13),
    step_time_s=st.floats(0.01, 1e3),
    tokens_per_step=st.floats(1e3, 1e9),
    gpus=st.integers(1, 10**6),
    seconds_by_state=st.fixed_dictionaries({"productive": seconds, "recompute": seconds, "restart": seconds}),
)


@given(st.lists(phases, max_size=4), st.none() | st.floats(1e12, 1e16))
def test_parts_sum_exactly_to_the_total_and_the_total_is_every_gpu_hour(others, reference):
    plan = [phase(), *others]
    rows = gpu_hours_bridge(plan, reference)
    parts = [row["gpu_hours"] for row in rows if row["kind"] == "part"]
    (total,) = (row["gpu_hours"] for row in rows if row["kind"] == "total")
    assert sum(parts) == total
    largest = max(abs(part) for part in parts)
    everything = sum(each.gpus * sum(each.seconds_by_state.values()) / 3600.0 for each in plan)
    assert total == pytest.approx(everything, rel=1e-9, abs=1e-9 * largest)
