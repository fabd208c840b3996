"""A machine with known parameters, and what it would have measured."""

import itertools
import math
import random

from clustersim.calibration.measured.base import CPU_NODE, base_cluster
from clustersim.calibration.measured.observations import (
    Device,
    Observations,
    TimedAttention,
    TimedCollective,
    TimedProduct,
    TimedStep,
    TimedTraffic,
    TimedUpdate,
)
from clustersim.calibration.measured.steps import measured_cluster, predicted_step_s
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.step.shape import MatrixProduct

DEVICE = Device("test core", "cpu", 2, 8e9, "2026-11-22", "PyTorch 2.13")

TRUTH = {
    "matrix.fp32": 9e10,
    "matrix_half_size": 80.0,
    "attention": 4e10,
    "attention_half_length": 120.0,
    "attention_backward": 2.8,
    "memory": 1.1e10,
    "elementwise_traffic": 1.9,
    "loss_traffic": 1.4,
    "optimizer_bytes": 50.0,
    "launch": 1.5e-5,
    "host": 3e-3,
    "host_collective": 2e-4,
    "contention": 1.15,
    "collectives.call": 3e-4,
    "scale_up": 1.5e9,
}


def model(hidden: int, layers: int, vocabulary: int = 4096) -> Model:
    return Model(
        layers=layers,
        hidden=hidden,
        heads=hidden // 64,
        kv_heads=hidden // 128,
        ffn_hidden=3 * hidden,
        gated=True,
        vocabulary=vocabulary,
    )


def layout(kind: str, micro_batch: int) -> Layout:
    sizes = {
        "one": {"data_parallel": 1, "zero_stage": 0},
        "ddp": {"data_parallel": 2, "zero_stage": 0},
        "fsdp": {"data_parallel": 2, "zero_stage": 3},
        "tp": {"data_parallel": 1, "tensor_parallel": 2, "zero_stage": 0},
        "pp": {"data_parallel": 1, "pipeline_parallel": 2, "zero_stage": 0},
    }[kind]
    return Layout(micro_batch=micro_batch, sequence_parallel=False, gradient_precision="fp32", loss="unfused", **sizes)


def machine() -> Cluster:
    return measured_cluster(base_cluster(CPU_NODE, (DEVICE,)), TRUTH, overlap=False)


def steps(noise: float = 0.0, seed: int = 0) -> tuple[TimedStep, ...]:
    """Step times of the machine; every third is held out."""
    generator = random.Random(seed)
    found = []
    shapes = itertools.product(((256, 4), (768, 3)), (256, 1024), ("one", "ddp", "fsdp", "tp", "pp"), (1, 4))
    for place, ((hidden, layers), sequence, kind, micro) in enumerate(shapes):
        step = TimedStep(
            name=f"{kind}-{hidden}-{sequence}-{micro}",
            split="test" if place % 3 == 2 else "fit",
            model=model(hidden, layers),
            layout=layout(kind, micro),
            sequence_length=sequence,
            global_batch=8,
            precision="fp32",
            gpus_per_node=1 if kind == "one" else 2,
            nodes=1,
            time_s=1.0,
        )
        exact_s = predicted_step_s(step, machine())
        found.append(_timed(step, exact_s * math.exp(generator.gauss(0.0, noise))))
    return tuple(found)


def _timed(step: TimedStep, time_s: float) -> TimedStep:
    from dataclasses import replace

    return replace(step, time_s=time_s)


def products() -> tuple[TimedProduct, ...]:
    rate, half, gap_s = TRUTH["matrix.fp32"], TRUTH["matrix_half_size"], 1e-5
    found = []
    for m, n, k in itertools.product((64, 256, 1024), (128, 512, 2048), (128, 512, 2048)):
        surface = (1 / m + 1 / n + 1 / k) / 3
        found.append(
            TimedProduct(MatrixProduct(m, n, k), "fp32", 2.0 * m * n * k / rate * (1 + half * surface) + gap_s)
        )
    return tuple(found)


def kernels() -> Observations:
    """Timings that follow the laws of the step model exactly."""
    attention = [
        TimedAttention(flops, length, backward, flops / TRUTH["attention"] * (1 + 120.0 / length) * factor)
        for length, flops in ((128, 1e8), (512, 1e9), (2048, 1e10), (4096, 4e10))
        for backward, factor in ((False, 1.0), (True, 2.8))
    ]
    traffic = [
        TimedTraffic("copy", moved, devices, moved / TRUTH["memory"] * (1.0 if devices == 1 else 1.15))
        for moved in (3e7, 1e8)
        for devices in (1, 2)
    ]
    updates = [
        TimedUpdate(what, 1e7, 1e7 * moved / TRUTH["memory"]) for what, moved in (("update", 42.0), ("clip", 8.0))
    ]
    collectives = [
        TimedCollective(name, 2, 1, size, 3e-4 + rounds * 0.5 * size / 1.5e9)
        for name, rounds in (("all_reduce", 2), ("all_gather", 1))
        for size in (1e4, 1e6, 1e7, 6e7)
    ]
    return Observations((DEVICE,), products(), tuple(attention), tuple(traffic), tuple(updates), tuple(collectives))
