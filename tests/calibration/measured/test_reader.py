"""Every kind of file is read; what cannot be is named with its reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from clustersim.calibration.measured.reader import UnreadableMeasurement, read_measurement, read_measurements

NCCL_LOG = """\
# nThread 1 nGpus 1 minBytes 8 maxBytes 134217728 step: 2(factor) warmup iters: 5 iters: 20 validate: 1 graph: 0
# Using devices
#  Rank  0 Group  0 Pid  12345 on node-01 device  0 [0x1b] NVIDIA H100 80GB HBM3
#  Rank  1 Group  0 Pid  12346 on node-01 device  1 [0x43] NVIDIA H100 80GB HBM3
#  Rank  2 Group  0 Pid  22345 on node-02 device  0 [0x1b] NVIDIA H100 80GB HBM3
#  Rank  3 Group  0 Pid  22346 on node-02 device  1 [0x43] NVIDIA H100 80GB HBM3
#
# Running: all_reduce_perf
#                                                              out-of-place                       in-place
#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong
#        (B)    (elements)                               (us)  (GB/s)  (GB/s)            (us)  (GB/s)  (GB/s)
     1048576        262144     float     sum      -1    60.21   17.42   26.12      0    59.80   17.53   26.30      0
   134217728      33554432     float     sum      -1   650.3   206.39  309.59      0   649.1   206.78  310.17      0
# Out of bounds values : 0 OK
"""


def step_config(**parallel: Any) -> dict[str, Any]:
    return {
        "model": {
            "layers": 2, "hidden": 128, "heads": 4, "kv_heads": 2, "ffn_hidden": 256, "vocab": 512, "tied": True,
            "rope_theta": 10000.0,
        },
        "train": {"sequence_length": 64, "micro_batch": 2, "global_batch": 8, "precision": "fp32"},
        "parallel": {
            "data": 1, "data_kind": "ddp", "reshard_after_forward": True, "tensor": 1, "pipeline": 1,
            "pipeline_schedule": "1f1b",
        } | parallel,
    }  # fmt: skip


def campaign(**changes: Any) -> dict[str, Any]:
    run = {
        "name": "ddp-2", "split": "test", "config": step_config(data=2), "world": 2, "parameters": 1,
        "repeats": [{"step_time_s": 0.5, "parts": {"forward_s": 0.1, "backward_s": 0.3}}], "step_time_s": 0.5,
        "spread": 0.03,
    }  # fmt: skip
    return {
        "schema": 1,
        "kind": "campaign",
        "environment": {"device": "cpu", "name": "core", "cpus": 2},
        "runs": [run],
    } | changes


def written(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_nccl_log(tmp_path: Path) -> None:
    found = read_measurement(written(tmp_path, "nccl.txt", NCCL_LOG)).collectives
    assert [(item.name, item.ranks, item.nodes) for item in found] == [("all_reduce", 4, 2)] * 2
    assert [(item.size_bytes, item.time_s) for item in found] == [
        (1048576.0, pytest.approx(60.21e-6)),
        (134217728.0, pytest.approx(650.3e-6)),
    ]


def test_campaign(tmp_path: Path) -> None:
    (step,) = read_measurement(written(tmp_path, "campaign.json", campaign())).steps
    assert (step.name, step.split, step.time_s, step.spread) == ("ddp-2", "test", 0.5, 0.03)
    assert (step.layout.data_parallel, step.layout.zero_stage, step.layout.micro_batch) == (2, 0, 2)
    assert (step.model.kv_heads, step.model.tied_embeddings, step.model.gated) == (2, True, True)
    assert step.parts_s == {"forward_s": 0.1, "backward_s": 0.3}
    assert (step.gpus_per_node, step.nodes) == (2, 1)


@pytest.mark.parametrize(
    ("parallel", "expected"),
    [
        ({"data": 2, "data_kind": "fsdp"}, (2, 1, 1, 3)),
        ({"data": 2, "data_kind": "fsdp", "reshard_after_forward": False}, (2, 1, 1, 3)),
        ({"tensor": 2}, (1, 2, 1, 0)),
        ({"pipeline": 2}, (1, 1, 2, 0)),
    ],
)
def test_layouts(tmp_path: Path, parallel: dict[str, Any], expected: tuple[int, ...]) -> None:
    tree = campaign()
    tree["runs"][0]["config"] = step_config(**parallel)
    layout = read_measurement(written(tmp_path, "c.json", tree)).steps[0].layout
    found = layout.data_parallel, layout.tensor_parallel, layout.pipeline_parallel, layout.zero_stage
    assert found == expected


@pytest.mark.parametrize(
    ("parallel", "options"),
    [
        ({"data": 2}, ("reduce_once",)),
        ({"data": 2, "data_kind": "fsdp"}, ("reduce_once",)),
        ({"data": 2, "data_kind": "fsdp", "reshard_after_forward": False}, ("reduce_once", "keep_gathered")),
    ],
)
def test_what_the_job_turns_on(tmp_path: Path, parallel: dict[str, Any], options: tuple[str, ...]) -> None:
    tree = campaign()
    tree["runs"][0]["config"] = step_config(**parallel)
    assert read_measurement(written(tmp_path, "c.json", tree)).steps[0].options == options


def test_suite(tmp_path: Path) -> None:
    sizes = {"batch": 2, "heads": 4, "seq": 64, "head_dim": 32}
    records = [
        {"section": "gemm", "m": 8, "n": 16, "k": 32, "precision": "bf16", "time_s": 1e-5},
        {"section": "gemm", "m": 8, "n": 16, "k": 32, "dtype": "int8", "time_s": 1e-5},
        {"section": "gemm", "m": 8, "error": "out of memory"},
        sizes | {"section": "attention", "op": "forward", "time_s": 1e-4},
        sizes | {"section": "attention", "op": "forward_backward", "time_s": 4e-4},
        {"section": "memory", "op": "copy", "bytes": 1000, "time_s": 1e-6, "processes": 2},
        {"section": "optimizer", "op": "adamw_fp32", "params": 100, "time_s": 1e-6},
        {"section": "optimizer", "op": "clip_grad_norm", "params": 100, "time_s": 1e-7},
        {"section": "collective", "op": "all_reduce", "devices": 2, "bytes": 4096, "time_s": 1e-3},
        {"section": "collective", "op": "send_recv", "devices": 2, "bytes": 4096, "time_s": 1e-3},
        {"section": "power", "state": "idle", "watts": 70},
    ]  # fmt: skip
    tree = {"schema": 1, "kind": "microbenchmarks", "environment": {"device": "cpu", "cpus": 2}, "records": records}
    found = read_measurement(written(tmp_path, "bench.json", tree))
    assert [(item.product.flops, item.precision) for item in found.products] == [(2.0 * 8 * 16 * 32, "bf16")]
    assert [(item.flops, item.backward, item.time_s) for item in found.attention] == [
        (2.0 * 2 * 4 * 32 * 64**2, False, 1e-4),
        (2.0 * 2 * 4 * 32 * 64**2, True, pytest.approx(3e-4)),
    ]
    assert [(item.moved_bytes, item.devices) for item in found.traffic] == [(1000.0, 2)]
    assert [item.what for item in found.updates] == ["update", "clip"]
    assert [item.name for item in found.collectives] == ["all_reduce"]


def test_profiler_trace_of_a_real_product(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    left, right = torch.ones(64, 128), torch.ones(128, 256)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], record_shapes=True) as profile:
        for _ in range(3):
            left @ right
    profile.export_chrome_trace(str(tmp_path / "trace.json"))
    found = read_measurement(tmp_path / "trace.json").products
    assert [(item.product.m, item.product.n, item.product.k, item.precision) for item in found] == [
        (64, 256, 128, "fp32")
    ] * 3
    assert all(item.time_s > 0.0 for item in found)


def test_trace_of_collectives(tmp_path: Path) -> None:
    def kernel(microseconds: float, elements: int) -> dict[str, Any]:
        arguments = {
            "Collective name": "_allgather_base", "In msg nelems": elements // 16, "Out msg nelems": elements,
            "Group size": 16, "dtype": "BFloat16",
        }  # fmt: skip
        return {"ph": "X", "cat": "kernel", "name": "ncclDevKernel", "dur": microseconds, "ts": 0, "args": arguments}

    tree = {
        "deviceProperties": [{"name": "NVIDIA H100 80GB HBM3", "totalGlobalMem": 85e9}] * 8,
        "traceEvents": [kernel(120.0, 1 << 20), kernel(100.0, 1 << 20), kernel(50.0, 1 << 10)],
    }
    found = read_measurement(written(tmp_path, "trace.json", tree))
    assert [(item.ranks, item.nodes, item.size_bytes, item.time_s) for item in found.collectives] == [
        (16, 2, 2.0 * (1 << 20), pytest.approx(100e-6)),  # the fastest: others waited for a rank
        (16, 2, 2.0 * (1 << 10), pytest.approx(50e-6)),
    ]
    assert found.devices[0].count == 8


def test_all_problems_at_once(tmp_path: Path) -> None:
    files = [
        written(tmp_path, "a.txt", "hello"),
        written(tmp_path, "b.json", '{"kind": "campaign",'),
        written(tmp_path, "c.json", campaign(kind="poetry")),
        written(tmp_path, "d.json", campaign(schema=9)),
        written(tmp_path, "e.json", campaign(runs=[{"name": "x", "split": "fit"}])),
        written(tmp_path, "f.json", {"traceEvents": []}),
        written(tmp_path, "g.txt", NCCL_LOG.replace("#  Rank", "#  Runk")),
        tmp_path / "none.json",
    ]
    with pytest.raises(UnreadableMeasurement) as caught:
        read_measurements(files)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(files)
    for line, text in zip(
        lines,
        (
            "neither JSON nor the output of nccl-tests",
            "line 1, column 21: not JSON",
            "kind 'poetry' cannot be calibrated from",
            "schema 9; this release reads 1",
            "runs[0]: no field 'config'",
            "record_shapes=True",
            "how many GPUs took part",
            "No such file",
        ),
        strict=True,
    ):
        assert text in line


def test_an_impossible_layout_is_named(tmp_path: Path) -> None:
    tree = campaign()
    tree["runs"][0]["config"]["parallel"]["tensor"] = 0
    with pytest.raises(UnreadableMeasurement, match=r"c\.json: ddp-2: tensor_parallel"):
        read_measurements([written(tmp_path, "c.json", tree)])
