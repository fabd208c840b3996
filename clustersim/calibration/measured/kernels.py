"""Rates of single kernels and collectives from their timings."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from clustersim.calibration.measured.observations import Observations, TimedCollective, TimedProduct
from clustersim.scenario.schema.hardware import Precision

Estimates = Mapping[str, float]
"""Parameters by name, as :class:`clustersim.scenario.schema.measured.Measured` calls them, in SI units."""

LEAST_POINTS = 4
"""Timings below which two numbers are not told apart."""

LARGE_BYTES = 16 * 2**20
"""Traffic that no private cache holds. Bandwidth is read off larger kernels alone, where there are any."""


@dataclass(frozen=True, slots=True)
class KernelFit:
    """What timings of kernels say.

    Attributes
    ----------
    values : mapping
        Parameters.
    matrix : mapping
        Rate that large products approach, by number format [FLOP/s].
    scatter : mapping
        Median absolute relative error of the fitted law on its own timings, by parameter.
    points : mapping
        Timings behind each parameter.
    """

    values: Estimates = field(default_factory=dict)
    matrix: Mapping[Precision, float] = field(default_factory=dict)
    scatter: Estimates = field(default_factory=dict)
    points: Mapping[str, int] = field(default_factory=dict)


def fit_kernels(seen: Observations) -> KernelFit:
    """Fit the laws of the step model to timings of kernels.

    Parameters
    ----------
    seen : Observations
        Timings; kinds that are not there leave their parameters out.

    Returns
    -------
    KernelFit
        Products: ``flops / rate (1 + half_size (1/m + 1/n + 1/k) / 3) + gap``. Attention: ``flops / rate (1 +
        half_length / length)``. Elementwise kernels: bytes over bandwidth. Collectives inside one node: ``call + hops
        hop + bytes on the wire / bandwidth``.
    """
    values: dict[str, float] = {}
    scatter: dict[str, float] = {}
    points: dict[str, int] = {}
    matrix: dict[Precision, float] = {}
    for precision in sorted({item.precision for item in seen.products}):
        some = [item for item in seen.products if item.precision == precision]
        rate, half_size, gap, error = _fit_products(some)
        matrix[precision] = rate
        if precision == _widest(seen.products):
            values |= {"matrix_half_size": half_size, "kernel_gap": gap}
        scatter[f"matrix.{precision}"], points[f"matrix.{precision}"] = error, len(some)
    for name, found in (("memory", _memory(seen)), ("attention", _attention(seen)), ("optimizer", _optimizer(seen))):
        values |= found
        points[name] = {"memory": len(seen.traffic), "attention": len(seen.attention), "optimizer": len(seen.updates)}[
            name
        ]
    inside = [item for item in seen.collectives if item.nodes == 1 and item.ranks > 1]
    if len(inside) >= LEAST_POINTS:
        found, scatter["collectives"] = fit_collectives(inside, reduces_whole=reduces_whole(seen))
        values |= found
        points["collectives"] = len(inside)
    return KernelFit(values, matrix, scatter, points)


def _widest(products: Sequence[TimedProduct]) -> Precision:
    """The format with most timings: its half size stands for all."""
    return statistics.mode(item.precision for item in products)


def _fit_products(some: Sequence[TimedProduct]) -> tuple[float, float, float, float]:
    """Rate [FLOP/s], half size, gap [s], scatter."""
    best = max(item.product.flops / item.time_s for item in some)
    if len(some) < LEAST_POINTS:
        return best, 0.0, 0.0, 0.0

    def predicted(logs: Sequence[float]) -> list[float]:
        rate, half_size, gap = (math.exp(log) for log in logs)
        return [item.product.flops / rate * (1.0 + half_size * _surface(item)) + gap for item in some]

    logs, error = _fit(
        predicted, [item.time_s for item in some], [math.log(best), math.log(100.0), math.log(5e-6)], _PRODUCT_BOUNDS
    )
    return math.exp(logs[0]), math.exp(logs[1]), math.exp(logs[2]), error


_PRODUCT_BOUNDS = ((math.log(1e8), math.log(1e17)), (math.log(1.0), math.log(5000.0)), (math.log(1e-7), math.log(1e-3)))


def _surface(item: TimedProduct) -> float:
    sizes = item.product
    return (1.0 / sizes.m + 1.0 / sizes.n + 1.0 / sizes.k) / 3.0


def _attention(seen: Observations) -> dict[str, float]:
    forward = [item for item in seen.attention if not item.backward]
    if not forward:
        return {}
    best = max(item.flops / item.time_s for item in forward)
    found = {"attention": best, "attention_half_length": 0.0}
    if len(forward) >= LEAST_POINTS and len({item.length for item in forward}) > 1:

        def predicted(logs: Sequence[float]) -> list[float]:
            rate, half = math.exp(logs[0]), math.exp(logs[1])
            return [item.flops / rate * (1.0 + half / item.length) for item in forward]

        bounds = ((math.log(1e8), math.log(1e17)), (math.log(1.0), math.log(20000.0)))
        logs, _ = _fit(predicted, [item.time_s for item in forward], [math.log(best), math.log(200.0)], bounds)
        found = {"attention": math.exp(logs[0]), "attention_half_length": math.exp(logs[1])}
    backward = [item for item in seen.attention if item.backward]
    if backward:
        rate, half = found["attention"], found["attention_half_length"]
        found["attention_backward"] = statistics.median(
            item.time_s / (item.flops / rate * (1.0 + half / item.length)) for item in backward
        )
    return found


def _memory(seen: Observations) -> dict[str, float]:
    """Bandwidth of one device alone [bytes/s], and what is lost when all work at once."""
    alone = [item for item in seen.traffic if item.devices == 1]
    if not alone:
        return {}
    large = [item for item in alone if item.moved_bytes >= LARGE_BYTES] or alone
    found = {"memory": statistics.median(item.moved_bytes / item.time_s for item in large)}
    slow = _contention(seen)
    return found if slow is None else found | {"contention": slow}


def _contention(seen: Observations) -> float | None:
    alone = {(item.name, item.moved_bytes): item.time_s for item in seen.traffic if item.devices == 1}
    ratios = [
        item.time_s / alone[item.name, item.moved_bytes]
        for item in seen.traffic
        if item.devices > 1 and (item.name, item.moved_bytes) in alone
    ]
    return max(1.0, statistics.median(ratios)) if ratios else None


def _optimizer(seen: Observations) -> dict[str, float]:
    """Bytes that an update and the clipping before it move per parameter, at the bandwidth of other kernels."""
    memory = _memory(seen).get("memory")
    if memory is None:
        return {}
    total = 0.0
    for what in ("update", "clip"):
        times = [item.time_s * memory / item.parameters for item in seen.updates if item.what == what]
        if not times:
            return {}
        total += statistics.median(times)
    return {"optimizer_bytes": total}


def reduces_whole(seen: Observations) -> bool:
    """Whether the collectives are gloo's, whose reduce-scatter is an all-reduce: those of every CPU."""
    return bool(seen.devices) and all(device.kind == "cpu" for device in seen.devices)


def fit_collectives(some: Sequence[TimedCollective], *, reduces_whole: bool = False) -> tuple[dict[str, float], float]:
    """Call [s], hop [s] and bandwidth [bytes/s] of rings among the devices of one node, and their scatter."""
    twice = {"all_reduce", "reduce_scatter"} if reduces_whole else {"all_reduce"}
    rounds = [2 if item.name in twice else 1 for item in some]
    hops = [count * (item.ranks - 1) for count, item in zip(rounds, some, strict=True)]
    wire = [count * (item.ranks - 1) / item.ranks * item.size_bytes for count, item in zip(rounds, some, strict=True)]
    fastest = max(size / item.time_s for size, item in zip(wire, some, strict=True))
    least = min(item.time_s for item in some)
    one_group = len(set(hops)) == 1

    def predicted(logs: Sequence[float]) -> list[float]:
        call, bandwidth = math.exp(logs[0]), math.exp(logs[1])
        hop = 0.0 if one_group else math.exp(logs[2])
        return [call + count * hop + size / bandwidth for count, size in zip(hops, wire, strict=True)]

    start = [math.log(least), math.log(fastest)] + ([] if one_group else [math.log(0.1 * least)])
    bounds = ((math.log(1e-7), 0.0), (math.log(1e5), math.log(1e14)), (math.log(1e-8), 0.0))[: len(start)]
    logs, error = _fit(predicted, [item.time_s for item in some], start, bounds)
    hop = 0.0 if one_group else math.exp(logs[2])
    return {"collectives.call": math.exp(logs[0]), "collectives.hop": hop, "scale_up": math.exp(logs[1])}, error


def _fit(
    predicted: Callable[[Sequence[float]], list[float]],
    measured: Sequence[float],
    start: Sequence[float],
    bounds: Sequence[tuple[float, float]],
) -> tuple[list[float], float]:
    """Robust least squares of log errors; the logarithms of the parameters and the median absolute relative error."""
    import numpy as np
    from scipy.optimize import least_squares

    wanted = np.log(measured)
    low, high = (np.array(ends) for ends in zip(*bounds, strict=True))
    found = least_squares(
        lambda logs: np.log(predicted(list(logs))) - wanted,
        np.clip(start, low, high),
        bounds=(low, high),
        loss="soft_l1",
        f_scale=0.1,
    )
    errors = np.abs(np.expm1(np.log(predicted(list(found.x))) - wanted))
    return [float(log) for log in found.x], float(np.median(errors))
