"""Collectives as the profiler sees them, against what the layouts must move."""

from typing import Any

import pytest

pytest.importorskip("torch")

from tests.validation.gpt.launch import Runs
from validation.gpt.collectives import Collective, collectives_of, per_step

LAYER = 2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 48 + 2 * 32
ENDS = 2 * 64 * 32 + 32
PARAMETERS = 2 * LAYER + ENDS
AGREEMENT_BYTES = 16
"""Two float64: the loss, and whether to stop."""


def measured(runs: Runs, name: str) -> dict[str, dict[str, float]]:
    summary = runs.measurement(name)["summary"]
    assert len(summary["collectives_by_process"]) == 2
    assert all(seen["seconds_per_step"] > 0 for seen in summary["collectives"].values())
    return summary["collectives"]


def test_replicas_reduce_every_gradient_once_a_step(runs: Runs) -> None:
    reduced = measured(runs, "ddp")["all_reduce"]
    assert runs.measurement("ddp")["parameters"] == PARAMETERS
    assert reduced["bytes_per_step"] == 4 * PARAMETERS + AGREEMENT_BYTES
    assert reduced["calls_per_step"] == 2  # one bucket holds this model


def test_resharded_weights_are_gathered_twice_a_micro_batch_and_gradients_scattered_once_a_step(runs: Runs) -> None:
    found = measured(runs, "fsdp resharded")
    micro_batches = 2
    assert found["all_gather"]["bytes_per_step"] == 4 * micro_batches * (2 * 2 * LAYER + ENDS)
    assert found["all_gather"]["calls_per_step"] == micro_batches * (2 * 2 + 1)
    assert found["reduce_scatter"]["bytes_per_step"] == 4 * PARAMETERS
    assert found["reduce_scatter"]["calls_per_step"] == 3


def test_tensor_parallel_layers_reduce_twice_forward_and_twice_backward(runs: Runs) -> None:
    micro_batches, layers = 4, 2
    ends = 1 + 1 + 3  # embedding forward, head backward, and maximum, sum and hit of the loss
    once = 2  # the norm, the agreement
    assert measured(runs, "tp")["all_reduce"]["calls_per_step"] == micro_batches * (4 * layers + ends) + once


def test_stages_pass_on_the_residual_stream_and_its_gradient(runs: Runs) -> None:
    found = measured(runs, "1f1b")
    message = 16 * 32 * 4  # one sequence of 16 tokens, float32
    assert found["send"] == found["send"] | {"bytes_per_step": 4 * message, "calls_per_step": 4}
    assert found["recv"] == found["recv"] | {"bytes_per_step": 4 * message, "calls_per_step": 4}


def test_profiled_steps_are_left_out_of_the_summary(runs: Runs) -> None:
    assert [step["profiled"] for step in runs.steps("ddp")] == [False] * 4 + [True]
    assert runs.measurement("ddp")["summary"]["repeats"] == 4


def kernel(name: str, inside: int, outside: int, dtype: str = "Float", dur: float = 250.0) -> dict[str, Any]:
    args = {"Collective name": name, "In msg nelems": inside, "Out msg nelems": outside, "dtype": dtype}
    return {"ph": "X", "cat": "kernel", "name": f"ncclDevKernel_{name}", "ts": 1.0, "dur": dur, "args": args}


def test_kernels_of_nccl_are_read_as_kineto_writes_them() -> None:
    events = [
        kernel("allreduce", 1000, 1000),
        kernel("_allgather_base", 500, 4000, "BFloat16"),
        kernel("_reduce_scatter_base", 4000, 500),
        kernel("send", 64, 64, "Half"),
        {"ph": "X", "cat": "kernel", "name": "gemm", "ts": 2.0, "dur": 9.0, "args": {}},
        {"ph": "X", "cat": "user_annotation", "name": "gloo:broadcast", "ts": 2.0, "dur": 9.0, "args": {}},
        {"ph": "M", "name": "process_name"},
    ]
    assert collectives_of(events) == [
        Collective("all_reduce", 250e-6, 4000),
        Collective("all_gather", 250e-6, 8000),
        Collective("reduce_scatter", 250e-6, 16000),
        Collective("send", 250e-6, 128),
    ]


def test_sums_are_per_profiled_step() -> None:
    calls = [Collective("send", 0.5, 100), Collective("send", 1.5, 300), Collective("recv", 1.0, 8)]
    assert per_step(calls, 2) == {
        "send": {"seconds_per_step": 1.0, "bytes_per_step": 200.0, "calls_per_step": 1.0},
        "recv": {"seconds_per_step": 0.5, "bytes_per_step": 4.0, "calls_per_step": 0.5},
    }
