"""What a step waits for the link to host memory."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.step.compute import PassTime
from clustersim.step.efficiency import ADAM_BYTES
from clustersim.step.job import Job
from clustersim.step.offload import host_update_s, offload_time
from clustersim.step.stage import stage_times, update_s
from clustersim.workload.activations import layer_activation_elements
from tests.step import step_cases as cases
from tests.step.ideal import ideal, ideal_job

NOTHING = PassTime(0.0, 0.0)
LINK_BYTES_S = 64e9


def job(**sizes: Any) -> Job:
    return replace(ideal_job(**sizes), host_link_bytes_s=LINK_BYTES_S)


def copy_s(of: Job) -> float:
    """Everything one layer keeps, 16 bits each, over the link."""
    elements = layer_activation_elements(of.model, of.layout, mixture=False, recompute=of.layout.recompute)
    return elements * 4096 * 2 / LINK_BYTES_S


def test_without_work_to_hide_behind_the_copies_take_their_time_in_both_passes() -> None:
    of = job(offload="activations")
    assert offload_time(of, 0.0, 0.0, mixture=False) == PassTime(copy_s(of), copy_s(of))


def test_behind_long_passes_the_copies_hide() -> None:
    assert offload_time(job(offload="activations"), 10.0, 10.0, mixture=False) == NOTHING


@given(forward=st.floats(0.0, 0.1), backward=st.floats(0.0, 0.1), factor=st.floats(1.0, 10.0))
def test_a_faster_link_never_waits_longer(forward: float, backward: float, factor: float) -> None:
    of = job(offload="activations")
    faster = replace(of, host_link_bytes_s=factor * LINK_BYTES_S)
    slow, fast = (offload_time(each, forward, backward, mixture=False) for each in (of, faster))
    assert fast.forward_s <= slow.forward_s <= copy_s(of)
    assert fast.backward_s <= slow.backward_s <= copy_s(of)
    assert slow.forward_s >= copy_s(of) - forward - 1e-12


@pytest.mark.parametrize(("layers", "share"), [(None, 1.0), (2, 0.25), (8, 1.0), (12, 1.0)])
def test_some_layers_of_a_stage_are_offloaded(layers: int | None, share: float) -> None:
    of = job(offload="activations", offload_layers=layers, pipeline_parallel=4)
    assert offload_time(of, 0.0, 0.0, mixture=False).forward_s == pytest.approx(share * copy_s(of))


def test_recomputation_leaves_less_to_copy() -> None:
    whole, inputs = (job(offload="activations", recompute=kind) for kind in ("none", "full"))
    # The input of the layer alone: 4,096 values a token.
    assert offload_time(inputs, 0.0, 0.0, mixture=False).forward_s == pytest.approx(4096 * 4096 * 2 / LINK_BYTES_S)
    assert offload_time(whole, 0.0, 0.0, mixture=False).forward_s > 5 * 4096 * 4096 * 2 / LINK_BYTES_S


@pytest.mark.parametrize("kind", ["none", "optimizer"])
def test_activations_that_stay_copy_nothing(kind: str) -> None:
    assert offload_time(job(offload=kind), 0.0, 0.0, mixture=False) == NOTHING


def test_without_a_link_nothing_is_copied() -> None:
    of = replace(job(offload="activations"), host_link_bytes_s=None)
    assert offload_time(of, 0.0, 0.0, mixture=False) == NOTHING
    assert host_update_s(1e9, of) == 0.0


@pytest.mark.parametrize(("width", "gradient_bytes"), [("fp32", 4.0), ("bf16", 2.0)])
def test_optimizer_in_host_memory_by_hand(width: str, gradient_bytes: float) -> None:
    of = job(offload="optimizer", gradient_precision=width)
    assert host_update_s(1e9, of) == pytest.approx(1e9 * (gradient_bytes + 2.0 + ADAM_BYTES) / LINK_BYTES_S)


def test_the_link_to_the_host_does_not_care_how_well_software_uses_the_network() -> None:
    of = job(offload="optimizer")
    poor = replace(of, efficiency=ideal(data_bandwidth=0.1))
    assert host_update_s(1e9, poor) == host_update_s(1e9, of)


def test_replicas_share_the_update_under_zero() -> None:
    one, shared = (job(offload="optimizer", data_parallel=8, zero_stage=stage) for stage in (0, 1))
    whole_s, part_s = (update_s(of, stage_times(of)[0]) for of in (one, shared))
    assert part_s == pytest.approx(whole_s / 8)
    on_device = job(data_parallel=8, zero_stage=1)
    assert part_s > update_s(on_device, stage_times(on_device)[0])


def test_offloading_never_speeds_a_layer_up() -> None:
    plain, moved = (stage_times(job(offload=kind))[0] for kind in ("none", "activations"))
    assert moved.dense is not None
    assert plain.dense is not None
    assert moved.dense.both_s > plain.dense.both_s
    assert plain.dense.offload == NOTHING


def test_cases_have_a_link() -> None:
    assert ideal_job(cluster=cases.cluster()).host_link_bytes_s == LINK_BYTES_S
