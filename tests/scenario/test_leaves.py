from collections.abc import Callable

import pytest

from clustersim import scenario as cs
from clustersim.scenario.leaves import leaves, value_text
from clustersim.scenario.schema.law import Constant
from clustersim.scenario.units import Duration, Fraction, Timestamp, UnitRate, parse_rate, parse_timestamp


@pytest.mark.parametrize(
    ("value", "annotation", "text"),
    [
        (1800.0, Duration, "30 min"),
        (1800.0, Duration | None, "30 min"),
        (0.9, Fraction, "90 %"),
        (parse_rate("1 per job-day"), UnitRate, "1 per job-day"),
        (parse_timestamp("2024-04-01"), Timestamp, "2024-04-01"),
        (Constant(value="90 s"), Constant, "90 s"),
        (None, Duration | None, "null"),
        (True, bool, "true"),
        (3, int, "3"),
        (3.0, float, "3"),
        (0.1, float, "0.1"),
        (1e300, float, "1e+300"),
        ("text", str, "text"),
        ((), tuple[int, ...], "[]"),
        ({}, dict[str, int], "{}"),
    ],
)
def test_values_are_written_as_users_write_them(value: object, annotation: object, text: str) -> None:
    assert value_text(value, annotation) == text


def test_leaves_come_in_the_order_of_the_schema(load: Callable[..., cs.Loaded]) -> None:
    found = [leaf.path for leaf in leaves(load().scenario, cs.Scenario)]
    assert found[:3] == [("name",), ("description",), ("cluster", "node", "catalogue_entry")]
    assert found[-1] == ("study", "parameter_uncertainty")
    assert ("spares", "warm_swap") in found
    assert ("spares", "warm_swap", "value") not in found
