"""What decides over a case."""

import math
from typing import Any

import pytest

from clustersim.calibration.cases import Case, exact_case


def case(**changes: Any) -> Case:
    settings: dict[str, Any] = {
        "group": "a group", "name": "a case", "expected": 10.0, "found": 11.0, "unit": "s", "source": "by hand",
    }  # fmt: skip
    return Case(**(settings | changes))


@pytest.mark.parametrize(
    ("settings", "inside"),
    [
        ({}, None),
        ({"tolerance": 1.0}, True),
        ({"tolerance": 0.99}, False),
        ({"low": 9.0, "high": 12.0}, True),
        ({"low": 10.5, "high": 12.0}, False),
        ({"tolerance": 0.5, "low": 9.0, "high": 12.0}, False),
        ({"relation": "at least"}, True),
        ({"relation": "at most"}, False),
        ({"relation": "at most", "tolerance": 1.0}, True),
        ({"relation": "at least", "found": 9.0}, False),
        ({"relation": "at least", "found": 9.0, "tolerance": 1.0}, True),
        ({"found": None, "tolerance": 1.0}, None),
        ({"expected": None, "tolerance": 1.0}, None),
        ({"found": math.nan, "tolerance": 1.0}, False),
        ({"found": math.nan, "relation": "at least"}, False),
    ],
)
def test_verdict(settings: dict[str, Any], inside: bool | None) -> None:
    assert case(**settings).inside is inside


def test_error_is_relative_and_bounds_have_none() -> None:
    assert case().error == pytest.approx(0.1)
    assert case(relation="at least").error is None
    assert case(expected=0.0).error is None
    assert case(found=None).error is None


def test_only_a_number_with_an_interval_counts_for_coverage() -> None:
    assert case(low=1.0, high=2.0).has_interval
    assert not case(low=1.0, high=2.0, relation="at least").has_interval
    assert not case(low=1.0, high=2.0, expected=None).has_interval
    assert not case().has_interval


def test_exact_means_rounding_alone() -> None:
    def exact(found: float) -> bool | None:
        return exact_case(group="g", name="n", expected=1e12, found=found, unit="", source="s").inside

    assert exact(1e12 + 100.0)
    assert not exact(1e12 + 10_000.0)
    assert not exact(math.nan)
