"""What the links allow a collective, and the straight line through its measured times."""

from collections.abc import Sequence

from validation.testbed.shaping import payload_rate
from validation.testbed.sharing import Group, Stream, fair_rates
from validation.testbed.topology import Topology


def ring_edges(group: Group) -> list[Stream]:
    """Who sends to whom in gloo's ring: every rank to the one before it, the first to the last."""
    return [(host, group[number - 1]) for number, host in enumerate(group)]


def sent_bytes(op: str, hosts: int, size_bytes: float) -> float:
    """Payload that every host of a ring sends.

    Parameters
    ----------
    op : str
        ``all_reduce`` sends every part round twice, ``all_gather`` once. ``reduce_scatter`` of torch's gloo is an
        all-reduce of which each rank keeps its part, so twice as well.
    hosts : int
        Of the ring.
    size_bytes : float
        Of the whole tensor.
    """
    rounds = 1 if op == "all_gather" else 2
    return rounds * (hosts - 1) / hosts * size_bytes


def ring_bound_s(topology: Topology, op: str, group: Group, together: Sequence[Group], size_bytes: float) -> float:
    """Least time of a collective: its ring at the rate of its slowest edge.

    Parameters
    ----------
    topology : Topology
        Where it runs.
    op : str
        As for :func:`sent_bytes`.
    group : tuple of str
        Hosts of the ring.
    together : sequence of tuples of str
        All groups that run it at the same time, this one among them.
    size_bytes : float
        Of the whole tensor.

    Notes
    -----
    Payload only, no latency. Each link is divided equally among the edges of all rings that cross it in one direction.
    """
    edges = [edge for other in together for edge in ring_edges(other)]
    rates = dict(zip(edges, fair_rates(topology, edges), strict=True))
    slowest_bytes_s = min(rates[edge] for edge in ring_edges(group))
    return sent_bytes(op, len(group), size_bytes) / payload_rate(slowest_bytes_s)


def fit_line(sizes_bytes: Sequence[float], times_s: Sequence[float]) -> tuple[float, float]:
    """Latency and time a byte, ``time = alpha + beta * size``, with the least squares of the relative errors.

    Returns
    -------
    tuple of float
        Alpha [s] and beta [s/byte]. Relative errors, as otherwise the largest size alone would settle both.

    Raises
    ------
    ValueError
        With fewer than two sizes.
    """
    if len(set(sizes_bytes)) < 2:
        message = "a line needs times of two sizes at least"
        raise ValueError(message)
    weights = [1.0 / time_s**2 for time_s in times_s]
    total = sum(weights)
    mean_size = sum(w * x for w, x in zip(weights, sizes_bytes, strict=True)) / total
    mean_time_s = sum(w * y for w, y in zip(weights, times_s, strict=True)) / total
    offsets = [(w, x - mean_size, y - mean_time_s) for w, x, y in zip(weights, sizes_bytes, times_s, strict=True)]
    beta = sum(w * x * y for w, x, y in offsets) / sum(w * x * x for w, x, _ in offsets)
    return mean_time_s - beta * mean_size, beta
