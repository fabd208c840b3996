"""How long collectives take and how much they move, read from a trace of torch's profiler."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

GLOO = "gloo:"
TYPE_BYTES = {
    "float": 4,
    "double": 8,
    "int": 4,
    "long": 8,
    "long int": 8,
    "c10::half": 2,
    "half": 2,
    "c10::bfloat16": 2,
    "bfloat16": 2,
    "unsigned char": 1,
    "byte": 1,
    "signed char": 1,
    "char": 1,
    "bool": 1,
}
"""Bytes of an element by the names that traces use: C++ names on the CPU, torch's on a GPU; in lower case."""

NAMES = {
    "allreduce": "all_reduce",
    "_allgather_base": "all_gather",
    "allgather": "all_gather",
    "allgather_into_tensor_coalesced": "all_gather",
    "_reduce_scatter_base": "reduce_scatter",
    "reduce_scatter_tensor_coalesced": "reduce_scatter",
}
"""Our names for those of NCCL's events that differ."""

GLOO_WRAPPERS = {"c10d::_reduce_scatter_base_": "reduce_scatter", "c10d::_allgather_base_": "all_gather"}
"""Calls that show what a gloo event was made for, and its larger buffer."""

GLOO_SERVES = {
    "gloo:all_reduce": "reduce_scatter",
    "gloo:reduce_scatter": "reduce_scatter",
    "gloo:all_gather": "all_gather",
}
"""What such a call becomes: torch's gloo makes a reduce-scatter by an all-reduce of the whole buffer."""


@dataclass(frozen=True, slots=True)
class Collective:
    """One collective of one process: seconds from its start on this process to its end, and bytes of its larger buffer.

    The bytes follow nccl-tests: the whole buffer of an all-reduce, what an all-gather gathers, what a reduce-scatter
    reduces, the message of a send. The seconds hold the wait for the other processes.
    """

    operation: str
    seconds: float
    bytes: int


def start_profile(device: torch.device) -> profile:
    """Start a profiler of what :func:`collectives_of` reads."""
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device.type == "cuda" else [])
    profiler = profile(activities=activities, record_shapes=True)
    profiler.start()
    return profiler


def events_of(profiler: profile) -> list[dict[str, Any]]:
    """Stop a profiler and return the events of its trace."""
    profiler.stop()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        return json.loads(path.read_text(encoding="utf-8"))["traceEvents"]  # type: ignore[no-any-return]


def collectives_of(events: Iterable[dict[str, Any]]) -> list[Collective]:
    """Find the collectives in a trace: kernels of NCCL on a GPU, events of gloo on the CPU.

    Parameters
    ----------
    events : iterable of dict
        Events of a Chrome trace, times in microseconds.
    """
    timed = [event for event in events if event.get("ph", "X") == "X" and "dur" in event]
    on_gpu = [event for event in timed if event.get("cat") == "kernel" and "Collective name" in event.get("args", {})]
    return [_nccl(event) for event in on_gpu] if on_gpu else list(_gloo(timed))


def per_step(collectives: Iterable[Collective], steps: int) -> dict[str, dict[str, float]]:
    """Sum by operation and divide by the number of steps that were profiled.

    Returns
    -------
    dict
        Operation to ``seconds_per_step``, ``bytes_per_step`` and ``calls_per_step``. Collectives that run at the
        same time, or beside the computation, count in full.
    """
    sums: dict[str, dict[str, float]] = {}
    for collective in collectives:
        mine = sums.setdefault(
            collective.operation, {"seconds_per_step": 0.0, "bytes_per_step": 0.0, "calls_per_step": 0.0}
        )
        mine["seconds_per_step"] += collective.seconds / steps
        mine["bytes_per_step"] += collective.bytes / steps
        mine["calls_per_step"] += 1 / steps
    return sums


def _nccl(event: dict[str, Any]) -> Collective:
    args = event["args"]
    elements = max(args.get("In msg nelems", 0), args.get("Out msg nelems", 0))
    size = TYPE_BYTES.get(str(args.get("dtype", "")).lower(), 0)
    name = args["Collective name"]
    return Collective(NAMES.get(name, name), event["dur"] / 1e6, elements * size)


def _gloo(events: list[dict[str, Any]]) -> Iterator[Collective]:
    wrappers = sorted((event for event in events if event["name"] in GLOO_WRAPPERS), key=lambda event: event["ts"])
    found = sorted((event for event in events if event["name"].startswith(GLOO)), key=lambda event: event["ts"])
    for event in found:
        operation = event["name"].removeprefix(GLOO)
        size = _input_bytes(event)
        wrapper = _wrapper(event, wrappers)
        if wrapper:
            wrappers.remove(wrapper)
            operation = GLOO_WRAPPERS[wrapper["name"]]
            size = max(size, _input_bytes(wrapper))
        yield Collective(operation, event["dur"] / 1e6, size)


def _wrapper(event: dict[str, Any], wrappers: list[dict[str, Any]]) -> dict[str, Any] | None:
    """First unclaimed call before a gloo event that hands in the same buffer and is served by that kind of event."""
    wanted = GLOO_SERVES.get(event["name"])
    shapes = _shapes(event)
    for wrapper in wrappers:
        if wrapper["ts"] > event["ts"]:
            return None
        if GLOO_WRAPPERS[wrapper["name"]] == wanted and shapes and shapes[0] == _shapes(wrapper)[1]:
            return wrapper
    return None


def _shapes(event: dict[str, Any]) -> list[list[int]]:
    return event.get("args", {}).get("Input Dims", [])  # type: ignore[no-any-return]


def _input_bytes(event: dict[str, Any]) -> int:
    """Bytes of the largest tensor an event was given."""
    types = event.get("args", {}).get("Input type", [])
    sizes = [0]
    for shape, kind in zip(_shapes(event), types, strict=False):
        if shape and all(isinstance(length, int) for length in shape):
            elements = 1
            for length in shape:
                elements *= length
            sizes.append(elements * TYPE_BYTES.get(kind.lower(), 0))
    return max(sizes)
