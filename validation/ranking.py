"""How well the order of layouts is predicted: published runs of one job on the same GPUs in several layouts."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from clustersim.calibration.errors_by import Scored
from clustersim.study.layouts.ties import ties
from validation.predicted import cell, clusters, held_out, single_node, sweep

LEAST_LAYOUTS = 3

_JOB = ("source", "model", "gpu", "precision", "stack", "n_gpus", "seq_len", "global_batch_seqs")


@dataclass(frozen=True, slots=True)
class Ranking:
    """Sweeps of layouts from one place.

    Attributes
    ----------
    name : str
        Where they come from.
    sweeps, layouts : int
        Jobs, and layouts of all of them.
    pairs : int
        Pairs of layouts of a job whose published times differ by more than the tie of ``clustersim layouts``.
    right : float
        Share of those pairs that are predicted in the right order.
    loss, worst_loss : float
        Published time of the layout predicted to be the fastest over that of the fastest, minus one: mean and largest
        over the sweeps.
    scatter : float
        Spread of the log error about the mean of its sweep.
    """

    name: str
    sweeps: int
    layouts: int
    pairs: int
    right: float
    loss: float
    worst_loss: float
    scatter: float


def rankings() -> list[Ranking]:
    """Sweeps on clusters and on one node, all and held out."""
    large, small = (*clusters(), *sweep()), single_node()
    return [
        _ranking("clusters, all rows", large, lambda _: True),
        _ranking("clusters, held out", large, held_out),
        _ranking("one node of 8 A100, held out", small, held_out),
    ]


def _ranking(name: str, items: Iterable[Scored], wanted: Callable[[Scored], bool]) -> Ranking:
    groups: dict[tuple[str, ...], list[Scored]] = {}
    for item in items:
        if wanted(item):
            groups.setdefault(tuple(cell(item, column) for column in _JOB), []).append(item)
    jobs = [members for members in groups.values() if len(members) >= LEAST_LAYOUTS]
    orders = [order for members in jobs for order in _orders(members)]
    losses = [_loss(members) for members in jobs]
    return Ranking(
        name=name,
        sweeps=len(jobs),
        layouts=sum(map(len, jobs)),
        pairs=len(orders),
        right=statistics.fmean(orders),
        loss=statistics.fmean(losses),
        worst_loss=max(losses),
        scatter=_scatter(jobs),
    )


def _times(item: Scored) -> tuple[float, float]:
    return item[1].row.step_time_s, item[1].step.mean_s


def _orders(members: Sequence[Scored]) -> list[bool]:
    """Whether each pair that is no tie is in the right order."""
    model = members[0][1].row.model
    pairs = combinations([_times(item) for item in members], 2)
    apart = [(one, other) for one, other in pairs if not ties(model, one[0], other[0])]
    return [(one[0] < other[0]) == (one[1] < other[1]) for one, other in apart]


def _loss(members: Sequence[Scored]) -> float:
    times = [_times(item) for item in members]
    return min(times, key=lambda pair: pair[1])[0] / min(published for published, _ in times) - 1.0


def _scatter(jobs: Sequence[Sequence[Scored]]) -> float:
    squares, free = 0.0, 0
    for members in jobs:
        logs = [math.log1p(item[2]) for item in members]
        mean = statistics.fmean(logs)
        squares += sum((one - mean) ** 2 for one in logs)
        free += len(logs) - 1
    return math.sqrt(squares / free)
