"""Which rates of the collectives are fitted, and what is known of them beforehand."""

from dataclasses import dataclass

Key = tuple[str, str]
"""Entry and field of ``collective_rates``."""


@dataclass(frozen=True, slots=True)
class FreeRate:
    """A rate to fit.

    Attributes
    ----------
    key : Key
        Where it stands in the table.
    prior, spread : float
        Median and log-standard-deviation of what is known of it beforehand.
    bounds : tuple of float
        Physical limits.
    """

    key: Key
    prior: float
    spread: float
    bounds: tuple[float, float]


_SHARE = (0.02, 1.0)
_SCALE = (0.3, 100.0)


def _scale_up(name: str, ring: float, in_switch: float) -> tuple[FreeRate, ...]:
    common = (
        FreeRate((name, "ring"), ring, 0.1, _SHARE),
        FreeRate((name, "exchange"), 0.75, 0.1, _SHARE),
        FreeRate((name, "latency_scale"), 1.0, 0.2, _SCALE),
        FreeRate((name, "call_us"), 8.0, 1.0, (0.01, 100.0)),
    )
    if not in_switch:
        return common
    return (
        *common,
        FreeRate((name, "in_switch"), in_switch, 0.1, _SHARE),
        FreeRate((name, "in_switch_latency_us"), 25.0, 0.5, (2.0, 500.0)),
    )


def _network(
    name: str, ring: float, tree: float, eager: float, simple: float, low_latency: float
) -> tuple[FreeRate, ...]:
    return (
        FreeRate((name, "ring"), ring, 0.1, _SHARE),
        FreeRate((name, "tree"), tree, 0.1, _SHARE),
        FreeRate((name, "exchange"), 0.7, 0.3, _SHARE),
        FreeRate((name, "low_latency"), low_latency, 0.5, (0.005, 0.5)),
        FreeRate((name, "eager_scale"), eager, 0.7, _SCALE),
        FreeRate((name, "simple_scale"), simple, 0.7, _SCALE),
        FreeRate((name, "exchange_latency_us"), 8.0, 0.7, (0.5, 200.0)),
    )


FREE_RATES: tuple[FreeRate, ...] = (
    *_scale_up("nvlink3", 0.79, 0.0),
    *_scale_up("nvlink4", 0.81, 0.68),
    *_scale_up("nvlink5", 0.76, 0.60),
    FreeRate(("nvlink5", "fan_loss"), 0.08, 0.5, (0.001, 0.5)),
    FreeRate(("nvlink5", "rack_drive_GBps"), 500.0, 0.5, (50.0, 7200.0)),
    *_scale_up("xgmi", 0.8, 0.0),
    *_network("infiniband", 0.97, 0.95, 1.0, 1.0, 0.25),
    *_network("roce", 0.95, 0.93, 1.0, 1.0, 0.25),
    *_network("efa", 0.93, 0.93, 5.0, 8.0, 0.25),
    *_network("efa-v1", 0.85, 0.85, 12.0, 20.0, 0.25),
    *_network("tcpxo", 0.9, 0.9, 8.0, 20.0, 0.15),
    *_network("slingshot", 0.72, 0.36, 1.5, 6.0, 0.1),
    FreeRate(("slingshot", "eager_growth"), 0.2, 0.7, (0.001, 1.0)),
    FreeRate(("pipelining", "in_switch_tree"), 0.2, 0.7, (0.001, 1.0)),
    FreeRate(("pipelining", "ring"), 0.05, 0.7, (0.001, 1.0)),
    FreeRate(("pipelining", "tree"), 0.3, 0.7, (0.001, 1.0)),
    FreeRate(("pipelining", "in_switch"), 0.35, 0.7, (0.001, 1.0)),
)
"""Published latencies of NCCL stand for a scale of 1; networks that pass through the host start higher."""
