"""Whether a phase fits into device memory, and the smallest change that would make it fit."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Layout, Phase
from clustersim.workload.layout import layout_problems, micro_batches
from clustersim.workload.memory import MemoryPerGpu, memory_per_gpu

TOLERANCE = 0.10
"""Excess over device memory that is let pass: seven of eight printed memories lie within it of the model
(``validation/published/memory.csv``)."""

_GIB = 2.0**30

Change = dict[str, Any]


def memory_problem(scenario: Scenario, layout: Layout, phase: Phase) -> str | None:
    """Say why a phase does not fit into device memory.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    layout : Layout
        Layout of the phase; it divides the model and the batch.
    phase : Phase
        The phase.

    Returns
    -------
    str or None
        Bytes by kind, capacity and the smallest changes that fit; None when it fits within :data:`TOLERANCE`.
    """
    accelerator = scenario.cluster.node.accelerator
    if layout.offload != "none" and accelerator.host_link_bandwidth is None:
        return (
            f"offload {layout.offload} needs the bandwidth of the accelerator to host memory;"
            " set cluster.node.accelerator.host_link_bandwidth, or offload none"
        )
    capacity_bytes = accelerator.memory
    memory = _memory(scenario, layout, phase)
    if memory.total_bytes <= capacity_bytes * (1.0 + TOLERANCE):
        return None
    kinds = ", ".join(f"{name} {size / _GIB:.1f}" for name, size in memory.as_dict().items() if size > 0.0)
    fixes = [_describe(change, fitting) for change, fitting in _fixes(scenario, layout, phase)]
    advice = f"use {' or '.join(fixes)}" if fixes else "no two changes of the layout make it fit"
    return (
        f"phase {phase.name!r} needs {memory.total_bytes / _GIB:.1f} GiB per GPU ({kinds}),"
        f" but the device has {capacity_bytes / _GIB:.1f} GiB;"
        f" {advice}"
    )


def _memory(scenario: Scenario, layout: Layout, phase: Phase) -> MemoryPerGpu:
    count = micro_batches(layout, phase.global_batch)
    training = scenario.training
    return memory_per_gpu(
        scenario.model, layout, phase.sequence_length, training.precision, count, software=training.software
    )


def _fixes(scenario: Scenario, layout: Layout, phase: Phase) -> Iterator[tuple[Change, MemoryPerGpu]]:
    """Up to two single changes that fit; where none does, the first pair of changes that fits."""
    accelerator = scenario.cluster.node.accelerator
    single = tuple(_changes(layout, accelerator.scale_up_domain, accelerator.host_link_bandwidth is not None))
    found = [fix for fix in (_try(scenario, layout, phase, change) for change in single) if fix is not None]
    if found:
        yield from (_fewest_layers(scenario, layout, phase, fix) for fix in found[:2])
        return
    for first, second in combinations(single, 2):
        if first.keys() & second.keys():
            continue
        fix = _try(scenario, layout, phase, {**first, **second})
        if fix is not None:
            yield fix
            return


def _fewest_layers(
    scenario: Scenario, layout: Layout, phase: Phase, fix: tuple[Change, MemoryPerGpu]
) -> tuple[Change, MemoryPerGpu]:
    """The same fix for no more layers than it takes, where it can be had for some layers."""
    change, _ = fix
    field = _PARTIAL.get(next(iter(change.items())))
    if field is None:
        return fix
    per_stage = -(-scenario.model.layers // layout.pipeline_parallel)
    fewer = (_try(scenario, layout, phase, {**change, field: layers}) for layers in range(1, per_stage))
    return next((found for found in fewer if found is not None), fix)


_PARTIAL = {("recompute", "full"): "recompute_layers", ("offload", "activations"): "offload_layers"}
"""Changes that can be made for some layers of a stage, and the setting that says for how many."""


def _changes(layout: Layout, domain: int, host_link: bool) -> Iterator[Change]:
    """Single changes, the cheapest in throughput first; parallelism moves from data to model, so GPUs stay the same."""
    if layout.loss == "unfused":
        yield {"loss": "fused"}
    if layout.tensor_parallel > 1 and not layout.sequence_parallel:
        yield {"sequence_parallel": True}
    for stage in range(layout.zero_stage + 1, 3 if layout.pipeline_parallel > 1 else 4):
        yield {"zero_stage": stage}
    if layout.micro_batch > 1:
        yield {"micro_batch": 1}
    for recompute in {"none": ("selective", "full"), "selective": ("full",), "full": ()}[layout.recompute]:
        yield {"recompute": recompute}
    if layout.recompute_layers is not None:
        yield {"recompute_layers": None}
    for name in ("tensor_parallel", "pipeline_parallel", "context_parallel"):
        for factor in (2, 4, 8):
            size = getattr(layout, name) * factor
            if layout.data_parallel % factor == 0 and (name != "tensor_parallel" or size <= domain):
                yield {name: size, "data_parallel": layout.data_parallel // factor}
    if host_link and layout.offload == "none":
        yield {"offload": "optimizer"}
        yield {"offload": "activations"}


def _try(scenario: Scenario, layout: Layout, phase: Phase, change: Change) -> tuple[Change, MemoryPerGpu] | None:
    changed = layout.model_copy(update=change)
    gpus_per_node = scenario.cluster.node.gpus
    if layout_problems(scenario.model, changed, phase.global_batch, gpus_per_node, phase.sequence_length):
        return None
    memory = _memory(scenario, changed, phase)
    return (change, memory) if memory.total_bytes <= scenario.cluster.node.accelerator.memory else None


def _describe(change: Change, memory: MemoryPerGpu) -> str:
    settings = " with ".join(_setting(name, value) for name, value in change.items())
    return f"{settings} ({memory.total_bytes / _GIB:.1f} GiB)"


def _setting(name: str, value: object) -> str:
    return f"no {name}" if value is None else f"{name} {str(value).lower()}"
