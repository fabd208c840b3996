"""Reads microbenchmarks: the files of ``validation.bench`` and of the accelerator suite."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from clustersim.calibration.measured.observations import (
    Device,
    Observations,
    TimedAttention,
    TimedCollective,
    TimedProduct,
    TimedTraffic,
    TimedUpdate,
    TimedWrite,
)
from clustersim.scenario.schema.hardware import Precision
from clustersim.step.shape import MatrixProduct

_PRECISIONS: Mapping[str, Precision] = {"fp32": "fp32", "tf32": "tf32", "bf16": "bf16", "fp16": "fp16", "fp8": "fp8"}
_BACKWARD_TOO = {"forward_backward": True, "fwd_bwd": True}
_COLLECTIVES = frozenset({"all_reduce", "all_gather", "reduce_scatter", "all_to_all"})

Record = Mapping[str, Any]

T = TypeVar("T")


def read_suite(tree: Mapping[str, Any]) -> Observations:
    """Records of a microbenchmark file; those that failed or did not run have no time and are left out.

    Raises
    ------
    ValueError
        If a record lacks a field that its section needs.
    """
    return Observations(
        devices=(device_of(tree.get("environment", {})),),
        products=tuple(_each(tree, "gemm", _product)),
        attention=tuple(_attention(tree)),
        traffic=tuple(_each(tree, "memory", _traffic)),
        updates=tuple(_each(tree, "optimizer", _update)),
        collectives=tuple(item for item in _each(tree, "collective", _collective) if item.name in _COLLECTIVES),
        writes=tuple(_each(tree, "checkpoint", _write)),
    )


def device_of(environment: Mapping[str, Any]) -> Device:
    """What a file says of the machine it was measured on."""
    on_cuda = str(environment.get("device", "cpu")).startswith("cuda")
    count = environment.get("count" if on_cuda else "cpus") or 1
    return Device(
        name=str(environment.get("name") or environment.get("cpu") or "unknown"),
        kind="cuda" if on_cuda else "cpu",
        count=int(count),
        memory_bytes=float(environment["memory_bytes"]) if environment.get("memory_bytes") else None,
        date=str(environment.get("date", ""))[:10],
        software=f"PyTorch {environment.get('torch', '?')}",
    )


def _each(tree: Mapping[str, Any], section: str, make: Callable[[Record], T | None]) -> Iterator[T]:
    wanted = (section, f"{section}s")
    for place, record in enumerate(tree.get("records", [])):
        if record.get("section") not in wanted or not record.get("time_s"):
            continue
        try:
            made = make(record)
        except KeyError as missing:
            problem = f"records[{place}] ({record.get('section')}): no field {missing}"
            raise ValueError(problem) from None
        if made is not None:
            yield made


def _product(record: Record) -> TimedProduct | None:
    number = _PRECISIONS.get(str(record.get("precision") or record.get("dtype")))
    if number is None or _devices(record) > 1:
        return None
    sizes = MatrixProduct(record["m"], record["n"], record["k"], record.get("groups", 1))
    return TimedProduct(sizes, number, record["time_s"])


def _attention(tree: Mapping[str, Any]) -> Iterator[TimedAttention]:
    """Forward passes as they are; backward ones as the rest of a forward and backward pass together."""
    forward: dict[tuple[Any, ...], float] = {}
    for record in _each(tree, "attention", lambda item: item if _devices(item) == 1 else None):
        length = int(record.get("seq") or record["sequence_length"])
        heads, width = int(record["heads"]), int(record.get("head_dim") or record["width"])
        batch = int(record.get("batch", 1))
        flops = 2.0 * batch * heads * width * float(length) ** 2
        key = batch, heads, width, length, record.get("kv_heads"), record.get("dtype"), record.get("precision")
        time_s, what = float(record["time_s"]), str(record.get("op", "forward"))
        if what == "forward":
            forward[key] = time_s
            yield TimedAttention(flops, length, False, time_s)
        elif what in _BACKWARD_TOO and forward.get(key, time_s) < time_s:
            yield TimedAttention(flops, length, True, time_s - forward[key])
        elif what == "backward":
            yield TimedAttention(flops, length, True, time_s)


def _traffic(record: Record) -> TimedTraffic | None:
    if not record.get("bytes"):
        return None
    name = " ".join(str(record[key]) for key in ("op", "precision", "dtype", "width", "hidden") if key in record)
    return TimedTraffic(name, float(record["bytes"]), _devices(record), float(record["time_s"]))


def _update(record: Record) -> TimedUpdate | None:
    parameters = record.get("params") or record.get("parameters")
    if not parameters or _devices(record) > 1:
        return None
    return TimedUpdate("clip" if "clip" in str(record.get("op")) else "update", float(parameters), record["time_s"])


def _collective(record: Record) -> TimedCollective:
    ranks = int(record["devices"])
    return TimedCollective(
        str(record["op"]), ranks, int(record.get("nodes", 1)), float(record["bytes"]), record["time_s"]
    )


def _write(record: Record) -> TimedWrite | None:
    if record.get("op") != "save":
        return None
    writers = _devices(record)
    return TimedWrite(writers, writers * float(record["bytes"]), float(record["time_s"]))


def _devices(record: Record) -> int:
    return int(record.get("processes", 1))
