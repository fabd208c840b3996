"""Whether a phase fits into memory, and what the message proposes."""

from typing import Any

import pytest

from clustersim.scenario.schema.training import Layout
from clustersim.step.memory_fit import TOLERANCE, memory_problem
from clustersim.workload.memory import memory_per_gpu
from tests.step import step_cases as cases

PHASE = {"name": "main", "tokens": "1T tokens", "sequence_length": 8192, "global_batch": 512}


def problem(layout: dict[str, Any], training: dict[str, Any] | None = None, **changes: Any) -> str | None:
    layout = {"tensor_parallel": 1, "data_parallel": 128} | layout
    plan = cases.scenario(training={"layout": layout, "phases": (PHASE,)} | (training or {}), **changes)
    return memory_problem(plan, plan.training.layout, plan.training.phases[0])


def with_memory(size: str) -> dict[str, Any]:
    return {"node": cases.node({"like": "h100-sxm", "memory": size})}


def test_what_fits_is_no_problem() -> None:
    assert problem({"zero_stage": 3}) is None


def test_the_excess_that_is_let_pass() -> None:
    needed = memory_per_gpu(cases.LLAMA3_8B, Layout(data_parallel=128), 8192, "bf16", 4).total_bytes
    just = needed / (1.0 + TOLERANCE)
    assert problem({}, cluster=with_memory(f"{1.001 * just:.0f} B")) is None
    assert problem({}, cluster=with_memory(f"{0.999 * just:.0f} B")) is not None


def test_recomputing_proposes_as_few_layers_as_it_takes() -> None:
    def needed(layers: int) -> float:
        layout = Layout(data_parallel=128, zero_stage=3, recompute="full", recompute_layers=layers)
        return memory_per_gpu(cases.LLAMA3_8B, layout, 8192, "bf16", 4, software="megatron").total_bytes / 2**30

    least = next(layers for layers in range(1, 33) if needed(layers) <= 40.0)
    assert 1 < least < 32
    text = problem({"zero_stage": 3}, {"software": "megatron"}, cluster=with_memory("40 GiB"))
    assert text is not None
    assert f"use recompute full with recompute_layers {least} ({needed(least):.1f} GiB)" in text


def test_an_unfused_loss_is_the_first_to_go() -> None:
    layout = {"zero_stage": 3, "micro_batch": 2, "loss": "unfused", "recompute": "selective"}
    text = problem(layout, cluster=with_memory("55 GiB"))
    assert text is not None
    assert "use loss fused (" in text


def test_the_software_decides_what_is_kept() -> None:
    # PyTorch's selective recomputation keeps half a layer, Megatron's everything.
    layout = {"zero_stage": 3, "micro_batch": 2, "recompute": "selective"}
    assert problem(layout, {"software": "pytorch"}, cluster=with_memory("55 GiB")) is None
    assert problem(layout, {"software": "megatron"}, cluster=with_memory("55 GiB")) is not None


def test_layers_without_a_limit_are_written_in_words() -> None:
    layout = {"zero_stage": 3, "recompute": "full", "recompute_layers": 1}
    text = problem(layout, {"software": "megatron"}, cluster=with_memory("30 GiB"))
    assert text is not None
    assert "use no recompute_layers (" in text


@pytest.mark.parametrize("kind", ["optimizer", "activations"])
def test_offloading_needs_a_known_host_link(kind: str) -> None:
    accelerator = {"like": "h100-sxm", "host_link_bandwidth": None}
    text = problem({"zero_stage": 3, "offload": kind}, cluster={"node": cases.node(accelerator)})
    assert text is not None
    assert "set cluster.node.accelerator.host_link_bandwidth, or offload none" in text
    assert problem({"zero_stage": 3, "offload": kind}) is None
