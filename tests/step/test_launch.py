"""What a pass takes when the host launches its kernels while the device works."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.schema.model import Model
from clustersim.step.launch import (
    ATTENTION_LAUNCHES,
    DENSE_LAUNCHES,
    EXPERT_LAUNCHES,
    ROUTED_LAUNCHES,
    UNFUSED_SOFTMAX_LAUNCHES,
    launch_bound_s,
    layer_launches,
    routing_wait_s,
)
from clustersim.step.options import Options
from tests.step import step_cases as cases
from tests.step.ideal import ideal, ideal_job

TIMES = st.floats(1e-6, 1e3)
ROUNDING = 1e-12


def test_balanced_passes_by_hand() -> None:
    # The norm of power 5 of (1, 1), and of (2, 1): (32 + 1) ** (1 / 5).
    assert launch_bound_s(1.0, 1.0) == pytest.approx(1.148698, rel=1e-6)
    assert launch_bound_s(2.0, 1.0) == pytest.approx(2.012346, rel=1e-6)


@given(TIMES, TIMES)
def test_a_pass_lies_between_the_longer_and_the_sum(device_s: float, host_s: float) -> None:
    both_s = launch_bound_s(device_s, host_s)
    assert max(device_s, host_s) * (1 - ROUNDING) <= both_s <= (device_s + host_s) * (1 + ROUNDING)


@given(TIMES, TIMES)
def test_device_and_host_may_change_places(device_s: float, host_s: float) -> None:
    assert launch_bound_s(device_s, host_s) == launch_bound_s(host_s, device_s)


@given(TIMES, TIMES, st.floats(1e-3, 1e3), st.booleans())
def test_twice_the_layers_take_twice_the_time(device_s: float, host_s: float, factor: float, blocking: bool) -> None:
    scaled_s = launch_bound_s(factor * device_s, factor * host_s, blocking=blocking)
    assert scaled_s == pytest.approx(factor * launch_bound_s(device_s, host_s, blocking=blocking), rel=1e-9)


@given(TIMES, TIMES, TIMES)
def test_more_work_never_takes_less_time(device_s: float, host_s: float, more_s: float) -> None:
    once_s = launch_bound_s(device_s, host_s) * (1 - ROUNDING)
    assert launch_bound_s(device_s + more_s, host_s) >= once_s
    assert launch_bound_s(device_s, host_s + more_s) >= once_s


@given(TIMES, TIMES)
def test_a_blocking_host_adds_in_full(device_s: float, host_s: float) -> None:
    assert launch_bound_s(device_s, host_s, blocking=True) == device_s + host_s


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize(("device_s", "host_s"), [(3.0, 0.0), (0.0, 3.0)])
def test_alone_each_takes_its_own_time(device_s: float, host_s: float, blocking: bool) -> None:
    assert launch_bound_s(device_s, host_s, blocking=blocking) == 3.0
    assert launch_bound_s(0.0, 0.0, blocking=blocking) == 0.0


def test_a_host_of_no_weight_is_not_seen() -> None:
    assert launch_bound_s(1.0, 1e-3) == pytest.approx(1.0, abs=1e-14)


def launches(model: Model = cases.LLAMA3_8B, *, mixture: bool = False, fused: bool = True, **changes: Any) -> float:
    sizes = changes.pop("layout", {})
    return layer_launches(ideal_job(model, efficiency=ideal(**changes), **sizes), mixture, fused_softmax=fused)


def test_kernels_of_a_dense_layer_are_counted() -> None:
    assert launches() == ATTENTION_LAUNCHES + DENSE_LAUNCHES
    assert launches(fused=False) == launches() + UNFUSED_SOFTMAX_LAUNCHES
    assert launches(layout={"tensor_parallel": 8}) == launches()


def test_every_local_expert_has_its_own_kernels() -> None:
    every, quarter = (
        launches(cases.MIXTRAL, mixture=True, layout={"data_parallel": 8, "expert_parallel": ranks}) for ranks in (1, 4)
    )
    assert every - quarter == EXPERT_LAUNCHES[False] * 6
    assert quarter == ATTENTION_LAUNCHES + ROUTED_LAUNCHES + EXPERT_LAUNCHES[False] * 2


def test_narrow_experts_launch_their_conversions() -> None:
    narrow = launches(cases.MIXTRAL, mixture=True, cast_traffic=4.0)
    assert narrow - launches(cases.MIXTRAL, mixture=True) == 8 * (EXPERT_LAUNCHES[True] - EXPERT_LAUNCHES[False])


def test_graphs_replay_what_they_hold() -> None:
    assert launches(options=Options(graphs=True)) == 0.0
    experts = launches(cases.MIXTRAL, mixture=True, options=Options(graphs=True))
    assert experts == 0.5 * ROUTED_LAUNCHES + EXPERT_LAUNCHES[False] * 8
    assert launches(cases.MIXTRAL, mixture=True, options=Options(full_graphs=True)) == 0.0


def test_the_host_that_waits_for_the_router_starts_from_an_empty_queue() -> None:
    # Half of 40 routing kernels and 8 x 4 of experts take 52 ms at 1 ms each, less what the experts compute.
    waiting = ideal_job(cases.MIXTRAL, efficiency=ideal(launch_s=1e-3))
    assert routing_wait_s(waiting, 0.0) == pytest.approx(52e-3)
    assert routing_wait_s(waiting, 20e-3) == pytest.approx(32e-3)
    assert routing_wait_s(waiting, 60e-3) == 0.0


@pytest.mark.parametrize("options", [Options(token_drop=True), Options(full_graphs=True)])
def test_a_known_number_of_tokens_spares_the_wait(options: Options) -> None:
    knowing = ideal_job(cases.MIXTRAL, efficiency=ideal(launch_s=1e-3, options=options))
    assert routing_wait_s(knowing, 0.0) == 0.0
