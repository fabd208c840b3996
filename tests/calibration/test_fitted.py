"""What a fitted parameter says of itself: interval inside its bounds, and what the rows had to do with it."""

import math

import pytest

from clustersim.calibration.fitted import REFERENCE, SHARED, inside, kept, with_shared
from clustersim.calibration.free import FREE, Free
from clustersim.calibration.throughput import fit, fitted_cards
from clustersim.catalog import entries, entry
from clustersim.step.efficiency import TABLE, calibrated_table
from tests.calibration.published import published_rows

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


def test_what_is_written_keeps_four_digits_and_says_the_same() -> None:
    found = inside(SHARE, 0.65432198, 0.123456789, 5)
    written = found.as_written()
    assert (written.value, written.low, written.high) == (0.6543, 0.5783, 0.7403)
    assert written.as_written() == written
    assert written.verdict == found.verdict


def test_only_free_parameters_have_an_interval_or_the_label_of_a_fit() -> None:
    free = {parameter.key for parameter in FREE}
    for name in entries(TABLE):
        for field, value in entry(TABLE, name).values.items() if not name.startswith("class-") else ():
            prefix, _, of = field.partition(".")
            noted = prefix in ("low", "high", "rows")
            labelled = value.source.startswith("clustersim ")
            assert (name, of if noted else field) in free or not (noted or labelled), (name, field)


def test_values_that_follow_the_reference_stack_are_its_own() -> None:
    table = {name: dict(fields) for name, fields in calibrated_table().items()}
    table[REFERENCE]["expert"] = 0.123
    followed = with_shared(table)
    assert entry(TABLE, "stack-pytorch").values["expert"].source == SHARED
    assert followed["stack-pytorch"]["expert"] == followed["stack-xla"]["expert"] == 0.123
    assert followed["stack-pytorch"]["gemm"] == table["stack-pytorch"]["gemm"]
