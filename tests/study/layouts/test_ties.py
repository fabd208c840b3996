"""How far apart two layouts must be to be told apart."""

import math
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import pytest

from clustersim.calibration.rows import PublishedStep, read_rows
from clustersim.calibration.throughput import log_errors
from clustersim.step.efficiency import calibrated_table
from clustersim.study.layouts import ranking_sigma, tie_ratio
from clustersim.study.layouts.ties import ties
from tests.calibration.published import PUBLISHED
from tests.study.layouts.layout_cases import EXPERTS, MODEL

Spread = tuple[float, int]
"""Standard deviation of log errors inside sweeps, and its degrees of freedom."""


@lru_cache(maxsize=1)
def published() -> tuple[PublishedStep, ...]:
    return tuple(read_rows(PUBLISHED / "throughput.csv", incomplete=True)[0])


def spread_in_sweeps(rows: Sequence[PublishedStep]) -> Spread:
    """A sweep: several layouts of one model on one cluster, batch, format and release, from one source."""
    sweeps: dict[tuple[object, ...], list[tuple[object, float]]] = defaultdict(list)
    for row, error in zip(rows, log_errors(rows, calibrated_table()), strict=True):
        where = (row.source, row.software, row.stack, row.gpu, row.precision)
        what = (row.model_name, row.model, row.sequence_length, row.global_batch, row.layouts[0].gpus)
        sweeps[where + what].append((row.layouts[0], error))
    squares, freedom = 0.0, 0
    for sweep in sweeps.values():
        if len({layout for layout, _ in sweep}) > 1:
            mean = math.fsum(error for _, error in sweep) / len(sweep)
            squares += math.fsum((error - mean) ** 2 for _, error in sweep)
            freedom += len(sweep) - 1
    return math.sqrt(squares / freedom), freedom


def test_the_tie_is_one_standard_deviation_of_a_difference() -> None:
    assert tie_ratio(MODEL) == pytest.approx(1.0809, abs=5e-4)
    assert ties(MODEL, 10.0, 10.8)
    assert ties(MODEL, 10.8, 10.0)
    assert not ties(MODEL, 10.0, 10.9)
    assert ties(EXPERTS, 10.0, 11.6)


def test_published_sweeps_scatter_about_the_model_as_is_said() -> None:
    """All dense ones, and those held out, within 4 standard errors of a standard deviation."""
    dense = [row for row in published() if row.model.mixture is None]
    for rows in (dense, [row for row in dense if row.split == "test"]):
        spread, freedom = spread_in_sweeps(rows)
        assert freedom >= 10
        assert abs(math.log(spread / ranking_sigma(MODEL))) < 4.0 / math.sqrt(2.0 * freedom)


def test_a_single_pair_of_layouts_of_a_mixture_is_published() -> None:
    """When there are more, the spread between them can be measured."""
    spread, freedom = spread_in_sweeps([row for row in published() if row.model.mixture is not None])
    assert freedom == 1
    assert spread == pytest.approx(ranking_sigma(EXPERTS), rel=0.5)
