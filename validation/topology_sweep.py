"""The order of the layouts that BigScience tried for one model on one cluster."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from scipy.stats import spearmanr

from clustersim.calibration.errors_by import Scored
from validation.predicted import cell, clusters, sweep

MODEL = "GPT-like 181B"

_DAY = re.compile(r"date tag 02-(\d\d)")
_BATCHES = (2016, 2048)  # as 36 micro-batches do not divide 2,048
_LAYOUT = ("tp", "pp", "micro_batch", "global_batch_seqs")


@dataclass(frozen=True, slots=True)
class Order:
    """How the layouts of some runs are ordered by sequences a second.

    Attributes
    ----------
    name : str
        Which runs.
    runs, layouts : int
        A layout run several times counts once, with its best run.
    spearman : float
        Rank correlation of the published and the predicted throughput of the layouts.
    loss : float
        Published throughput of the fastest layout over that of the layout predicted to be the fastest, minus one.
    """

    name: str
    runs: int
    layouts: int
    spearman: float
    loss: float


@lru_cache(maxsize=1)
def orders() -> tuple[Order, ...]:
    """The whole sweep, the part of it that is one job, and that job's two campaigns.

    The authors say that runs before 25 February do not compare with later ones.
    """
    runs = [item for item in (*clusters(), *sweep()) if item[1].row.model_name == MODEL]
    one_job = [item for item in runs if item[1].row.global_batch in _BATCHES]
    return (
        _order("all runs", runs),
        _order("batch of 2,016 or 2,048 sequences", one_job),
        _order("- of 21-23 February", [item for item in one_job if _day(item) <= 23]),
        _order("- of 25-26 February", [item for item in one_job if _day(item) >= 25]),
    )


def _order(name: str, runs: Sequence[Scored]) -> Order:
    best: dict[tuple[str, ...], tuple[float, float]] = {}
    for item in runs:
        layout = tuple(cell(item, column) for column in _LAYOUT)
        row = item[1].row
        rates = row.global_batch / row.step_time_s, row.global_batch / item[1].step.mean_s
        best[layout] = max(best.get(layout, (0.0, 0.0)), rates)
    pairs = list(best.values())
    picked = max(pairs, key=lambda pair: pair[1])
    return Order(
        name=name,
        runs=len(runs),
        layouts=len(pairs),
        spearman=float(spearmanr(*zip(*pairs, strict=True)).statistic),
        loss=max(published for published, _ in pairs) / picked[0] - 1.0,
    )


def _day(item: Scored) -> int:
    found = _DAY.search(cell(item, "notes"))
    if found is None:
        problem = f"{item[0].record.cells['id']}: no date tag in its notes"
        raise ValueError(problem)
    return int(found[1])
