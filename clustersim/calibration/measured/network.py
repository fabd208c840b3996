"""What collectives between nodes say of the network: the share of its bandwidth that they reach, and its latency."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, get_args

from clustersim.calibration.fitted import INTERVAL_SPREADS
from clustersim.calibration.measured.known import Known
from clustersim.calibration.measured.observations import TimedCollective
from clustersim.hardware.fabric import fabric_of
from clustersim.hardware.placement import place_group
from clustersim.scenario.schema.hardware import Cluster
from clustersim.step.collectives import Collective, collective_s

LEAST_POINTS = 4
"""Timings below which bandwidth and latency are not told apart."""

_NAMES = get_args(Collective)


@dataclass(frozen=True, slots=True)
class NetworkFit:
    """Efficiency and latency [s] as ``cluster.fabric`` takes them.

    ``scatter`` is the median absolute relative error of the fit on its own timings.
    """

    efficiency: Known
    latency_s: Known
    scatter: float


def fit_network(collectives: Sequence[TimedCollective], machine: Cluster) -> NetworkFit | None:
    """Fit the network of a cluster of such machines; None where too few collectives left a node.

    Parameters
    ----------
    collectives : sequence of TimedCollective
        Those inside one node are left out.
    machine : Cluster
        The node, with its interfaces and its scale-up links.

    Notes
    -----
    Robust least squares of log errors over the collective model itself: its choice of algorithms and protocols stands.
    """
    some = [item for item in collectives if item.nodes > 1 and item.name in _NAMES]
    if len(some) < LEAST_POINTS:
        return None
    import numpy as np
    from scipy.optimize import least_squares

    def errors(logs: Sequence[float]) -> list[float]:
        return [math.log(_predicted_s(item, machine, *map(math.exp, logs)) / item.time_s) for item in some]

    bounds = ([math.log(0.01), math.log(1e-7)], [0.0, math.log(1e-1)])
    found = least_squares(
        errors, [math.log(0.8), math.log(1e-5)], bounds=bounds, loss="soft_l1", f_scale=0.1, diff_step=1e-3
    )
    left = np.array(errors(found.x))
    sigma = float(np.sqrt(np.sum(left**2) / max(1, len(some) - 2)))
    half = INTERVAL_SPREADS * sigma * np.sqrt(np.diag(np.linalg.pinv(found.jac.T @ found.jac)))
    efficiency, latency_s = (
        Known(*(math.exp(end) for end in (log, log - width, log + width)))
        for log, width in zip(found.x, half, strict=True)
    )
    return NetworkFit(efficiency, latency_s, float(np.median(np.abs(np.expm1(left)))))


def _predicted_s(item: TimedCollective, machine: Cluster, efficiency: float, latency_s: float) -> float:
    fabric = machine.fabric.model_copy(update={"efficiency": efficiency, "latency": latency_s})
    cluster = machine.model_copy(update={"fabric": fabric, "nodes": item.nodes})
    return collective_s(cast("Collective", item.name), item.size_bytes, place_group(fabric_of(cluster), item.ranks, 1))
