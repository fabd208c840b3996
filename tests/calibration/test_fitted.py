"""What a fitted parameter says of itself: interval inside its bounds, and what the rows had to do with it."""

import csv
import math
from pathlib import Path

import pytest

from clustersim.calibration.fitted import inside, kept
from clustersim.calibration.free import FREE, Free
from clustersim.calibration.throughput import fit, fitted_cards, main
from clustersim.catalog import entry
from clustersim.step.efficiency import TABLE, calibrated_table
from tests.calibration.published import PUBLISHED, published_rows

SHARE = Free(("stack-x", "data_bandwidth"), 0.8, 0.3, (0.05, 1.0))
PRIOR_HALF_WIDTH = 1.645 * 0.3


def test_interval_ends_at_the_physical_bounds() -> None:
    found = inside(SHARE, 0.8, PRIOR_HALF_WIDTH, 5)
    assert found.low == pytest.approx(0.8 * math.exp(-PRIOR_HALF_WIDTH))
    assert found.high == 1.0
    assert found.spread == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("value", "half_width", "verdict"),
    [
        (0.8, PRIOR_HALF_WIDTH, "prior; the rows say nothing of it"),
        (0.8, 0.5 * PRIOR_HALF_WIDTH, "fitted on the fit rows"),
        (0.6, PRIOR_HALF_WIDTH, "fitted on the fit rows, which move it but do not narrow it"),
        (1.0, 0.5 * PRIOR_HALF_WIDTH, "fitted on the fit rows; stopped at its upper bound 1"),
        (0.05, 0.5 * PRIOR_HALF_WIDTH, "fitted on the fit rows; stopped at its lower bound 0.05"),
    ],
)
def test_verdict(value: float, half_width: float, verdict: str) -> None:
    assert inside(SHARE, value, half_width, 5).verdict == verdict


def test_a_parameter_without_influence_keeps_its_prior_and_says_so() -> None:
    # One GPU in each tensor-parallel group: the host launches no collectives among them.
    rows = [row for row in published_rows() if row.stack == "composer" and row.split == "fit"]
    assert {row.layouts[0].tensor_parallel for row in rows} == {1}
    unheard = Free(("stack-composer", "host_collective_s"), 3e-5, 0.5, (5e-6, 3e-4))
    found = fit(rows, free=[unheard]).fitted[unheard.key]
    assert found.rows == len(rows)
    assert found.value == pytest.approx(3e-5)
    assert found.verdict == "prior; the rows say nothing of it"


def test_catalogue_agrees_with_what_its_numbers_say() -> None:
    fitted = kept(calibrated_table(), FREE).fitted
    assert len(fitted) > 50
    for (name, field), item in fitted.items():
        assert item.free.bounds[0] <= item.low <= item.value <= item.high <= item.free.bounds[1], (name, field)
        source = entry(TABLE, name).values[field].source
        assert item.verdict in source, (name, field)
        assert "no forecast draws from it" in entry(TABLE, name).values[f"low.{field}"].source


def test_cards_are_those_of_the_fit_rows() -> None:
    cards = fitted_cards(published_rows())
    assert cards["hopper-500w"] == cards["stack-pytorch"] == ["h100-hbm2e-500w"]
    assert cards["hopper"] == ["h100-sxm"]
    for name, names in cards.items():
        assert set(names) <= set(entry(TABLE, name).values["fitted_on"].text.split("; ")), name


def test_keeping_the_parameters_writes_only_labels_and_errors_again(tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    assert main(["--data", str(PUBLISHED / "step_times.csv"), "--out", str(out), "--keep"]) == 0
    with out.open(encoding="utf-8", newline="") as lines:
        written = {(row["entry"], row["field"]): row["value"] for row in csv.DictReader(lines)}
    for name, fields in calibrated_table().items():
        for field, value in fields.items() if not name.startswith("class-") else ():
            assert float(written[name, field]) == value, (name, field)
    assert written["class-hopper-bf16-dense", "rows_test"] == "16"
