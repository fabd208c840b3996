"""Reads a PyTorch profiler trace (Kineto's Chrome JSON): matrix products and collectives of a real job."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clustersim.calibration.measured.observations import Device, Observations, TimedCollective, TimedProduct
from clustersim.scenario.schema.hardware import Precision
from clustersim.step.shape import MatrixProduct

_FORMATS: Mapping[str, Precision] = {
    "float": "fp32",
    "c10::Half": "fp16",
    "c10::BFloat16": "bf16",
    "Float": "fp32",
    "Half": "fp16",
    "BFloat16": "bf16",
}
_WIDTHS = {"Float": 4.0, "Half": 2.0, "BFloat16": 2.0, "Int": 4.0, "Long": 8.0, "Byte": 1.0, "Char": 1.0}
_COLLECTIVES = {
    "allreduce": "all_reduce",
    "_allgather_base": "all_gather",
    "allgather": "all_gather",
    "all_gather": "all_gather",
    "_reduce_scatter_base": "reduce_scatter",
    "reduce_scatter": "reduce_scatter",
    "all_to_all": "all_to_all",
    "all_to_allv": "all_to_all",
}
_MICRO = 1e-6


def is_trace(tree: object) -> bool:
    """Whether a JSON document is a trace of the PyTorch profiler."""
    return isinstance(tree, dict) and isinstance(tree.get("traceEvents"), list)


def read_trace(tree: Mapping[str, Any]) -> Observations:
    """Matrix products and collectives of a trace.

    Parameters
    ----------
    tree : mapping
        The trace. Products need ``record_shapes=True``; on a GPU their time is that of the kernels they launched,
        on a CPU that of the operator. Collectives are NCCL kernels, which newer versions describe (2.3 on). They
        include the wait for the slowest rank, so of each size the fastest call counts.

    Raises
    ------
    ValueError
        If it holds neither.
    """
    events = [event for event in tree["traceEvents"] if isinstance(event, dict) and event.get("ph") == "X"]
    products, collectives = (
        tuple(_products(events)),
        tuple(_collectives(events, len(tree.get("deviceProperties") or []))),
    )
    if not products and not collectives:
        msg = (
            "no matrix product with its shapes and no described NCCL kernel in the trace: record it with"
            " torch.profiler.profile(record_shapes=True)"
        )
        raise ValueError(msg)
    return Observations(devices=tuple(_devices(tree)), products=products, collectives=collectives)


def _devices(tree: Mapping[str, Any]) -> Iterator[Device]:
    listed = tree.get("deviceProperties") or []
    if listed:
        first = listed[0]
        yield Device(
            name=str(first.get("name", "")),
            kind="cuda",
            count=len(listed),
            memory_bytes=float(first["totalGlobalMem"]) if first.get("totalGlobalMem") else None,
            date=str(tree.get("traceName", "")),
            software="PyTorch profiler",
        )


def _products(events: Sequence[Mapping[str, Any]]) -> Iterator[TimedProduct]:
    kernels = _kernel_times(events)
    on_device = bool(kernels)
    for event in events:
        if event.get("cat") != "cpu_op" or event.get("name") not in ("aten::mm", "aten::addmm", "aten::bmm"):
            continue
        arguments = event.get("args", {})
        found = _sizes(str(event["name"]), arguments.get("Input Dims"))
        number = _FORMATS.get((arguments.get("Input type") or [""])[-1])
        time_s = kernels.get(arguments.get("External id"), 0.0) if on_device else float(event["dur"]) * _MICRO
        if found is not None and number is not None and time_s > 0.0:
            yield TimedProduct(found, number, time_s)


def _kernel_times(events: Sequence[Mapping[str, Any]]) -> dict[Any, float]:
    """Time of the kernels that each operator launched, by its identifier [s]."""
    found: dict[Any, float] = {}
    for event in events:
        if event.get("cat") == "kernel":
            key = event.get("args", {}).get("External id")
            found[key] = found.get(key, 0.0) + float(event["dur"]) * _MICRO
    return found


def _sizes(name: str, dimensions: object) -> MatrixProduct | None:
    if not isinstance(dimensions, list):
        return None
    pair = [size for size in dimensions if isinstance(size, list) and len(size) >= 2]
    wide = 3 if name == "aten::bmm" else 2
    if len(pair) < 2 or any(len(size) != wide for size in pair[-2:]):
        return None
    left, right = pair[-2], pair[-1]
    count = left[0] if wide == 3 else 1
    if min(*left, *right) <= 0:
        return None
    return MatrixProduct(left[-2], right[-1], left[-1], count)


def _collectives(events: Sequence[Mapping[str, Any]], devices: int) -> Iterator[TimedCollective]:
    fastest: dict[tuple[str, int, float], float] = {}
    for event in events:
        arguments = event.get("args", {})
        name = _COLLECTIVES.get(str(arguments.get("Collective name", "")))
        if event.get("cat") != "kernel" or name is None:
            continue
        size_bytes, ranks = _size_bytes(name, arguments), int(arguments.get("Group size", 0))
        if size_bytes > 0.0 and ranks > 1:
            key = name, ranks, size_bytes
            fastest[key] = min(fastest.get(key, math.inf), float(event["dur"]) * _MICRO)
    for (name, ranks, size_bytes), time_s in fastest.items():
        yield TimedCollective(name, ranks, -(-ranks // max(1, devices)) if devices else 1, size_bytes, time_s)


def _size_bytes(name: str, arguments: Mapping[str, Any]) -> float:
    """Bytes of the whole vector on one rank: what an all-gather ends with and a reduce-scatter starts from."""
    field = "Out msg nelems" if name == "all_gather" else "In msg nelems"
    return float(arguments.get(field, 0)) * _WIDTHS.get(str(arguments.get("dtype", "")), 0.0)
