from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clustersim.scenario.quantity import QuantityError
from clustersim.scenario.rates import FailureRate, RateUnit, format_rate, parse_rate


@pytest.mark.parametrize(
    ("text", "per_second", "unit"),
    [
        ("6.97 per million GPU-hours", 6.97e-6 / 3600, "gpu"),
        ("6.97 per 1e6 GPU-hours", 6.97e-6 / 3600, "gpu"),
        ("3.79 per 1000 node-days", 3.79e-3 / 86400, "node"),
        ("3.79 per 1k node-days", 3.79e-3 / 86400, "node"),
        ("0.057 per 1000 switch-months", 0.057e-3 / (30.4375 * 86400), "switch"),
        ("1 per job-day", 1 / 86400, "job"),
        ("4 % per node-year", 0.04 / (365.25 * 86400), "node"),
        ("2 per nic-year", 2 / (365.25 * 86400), "nic"),
        ("0 per rack-day", 0.0, "rack"),
        ("1 per pod-h", 1 / 3600, "pod"),
    ],
)
def test_reads_rates(text: str, per_second: float, unit: str) -> None:
    rate = parse_rate(text)
    assert rate.per_second == pytest.approx(per_second, rel=1e-15)
    assert rate.unit == unit


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3", "it has no 'per'"),
        ("x per GPU-hour", "'x' is not a number"),
        ("3 s per GPU-hour", "'3 s' is not a number"),
        ("-3 per GPU-hour", "it is negative"),
        ("3 per GPU", "'GPU' is not a unit and a time such as GPU-hours"),
        ("3 per 0 GPU-hours", "it counts no units"),
        ("3 per nod-day", "unknown unit 'nod', did you mean 'node'?"),
        (
            "3 per zebra-day",
            "unknown unit 'zebra'; Known units: GPU, NIC, node, rack, switch, "
            "leaf, spine, pod, PDU, cooling_loop, storage, site, job",
        ),
        ("3 per node-dais", "unknown time 'dais', did you mean 'days'?"),
    ],
)
def test_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_rate(text)
    assert str(caught.value).startswith(f"'{text}' is not a failure rate: {reason}")
    assert str(caught.value).endswith("write e.g. 6.97 per million GPU-hours")


def test_refuses_a_rate_that_no_float_holds() -> None:
    with pytest.raises(QuantityError, match="is too large"):
        parse_rate("1e400 per GPU-second")


@pytest.mark.parametrize(
    "text",
    [
        "6.97 per million GPU-hours",
        "3.79 per 1000 node-days",
        "1 per job-day",
        "0 per rack-hour",
        "2 per million NIC-hours",
    ],
)
def test_writes_a_rate_as_people_do(text: str) -> None:
    assert format_rate(parse_rate(text)) == text


@given(st.floats(min_value=0.0, allow_nan=False, allow_infinity=False), st.sampled_from(get_args(RateUnit)))
@example(1.7e308, "gpu")
def test_what_is_written_reads_back_exactly(per_second: float, unit: RateUnit) -> None:
    rate = FailureRate(per_second, unit)
    assert parse_rate(format_rate(rate)) == rate
