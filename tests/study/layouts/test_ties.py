"""How far apart two layouts must be to be told apart."""

import math
from collections import defaultdict

import pytest

from clustersim.calibration.throughput import log_errors
from clustersim.step.efficiency import calibrated_table
from clustersim.study.layouts import RANKING_SIGMA, TIE_RATIO
from clustersim.study.layouts.ties import ties
from tests.calibration.published import published_rows


def test_the_tie_is_one_standard_deviation_of_a_difference() -> None:
    assert pytest.approx(1.1040, abs=5e-4) == TIE_RATIO
    assert ties(10.0, 11.0)
    assert ties(11.0, 10.0)
    assert not ties(10.0, 11.1)


def test_published_sweeps_scatter_about_the_model_no_more_than_is_said() -> None:
    """Within sweeps of layouts of one model on one cluster; few degrees of freedom, so twice the spread is allowed."""
    rows = [row for row in published_rows() if row.model.mixture is None]
    sweeps: dict[tuple[object, ...], list[tuple[object, float]]] = defaultdict(list)
    for row, error in zip(rows, log_errors(rows, calibrated_table()), strict=True):
        layout = row.layouts[0]
        key = (row.model_name, row.gpu, row.precision, row.stack, row.sequence_length, layout.gpus, row.global_batch)
        sweeps[key].append((layout, error))
    squares, freedom = 0.0, 0
    for sweep in sweeps.values():
        if len({layout for layout, _ in sweep}) > 1:
            mean = math.fsum(error for _, error in sweep) / len(sweep)
            squares += math.fsum((error - mean) ** 2 for _, error in sweep)
            freedom += len(sweep) - 1
    assert freedom >= 3
    assert math.sqrt(squares / freedom) < 2.0 * RANKING_SIGMA
