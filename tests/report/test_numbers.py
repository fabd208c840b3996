import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.report.numbers import (
    COUNT,
    DAYS,
    ENERGY_MWH,
    FRACTION,
    GIB,
    GPU_HOURS,
    SECONDS,
    TONNES,
    USD,
    unit_named,
    unit_word,
    write,
    write_given,
)
from clustersim.report.stats import Stat, show, show_entry

STAT = {"mean": 29.6e6, "p5": 27.1e6, "p10": 27.9e6, "p50": 29.44e6, "p90": 31.2e6, "p95": 32.0e6}


@pytest.mark.parametrize(
    ("value", "unit", "spread", "text"),
    [
        (29_437_112.0, GPU_HOURS, 2.4e6, "29.4M GPU-hours"),
        (73_412_000.0, USD, 2.1e7, "$73M"),
        (78.43, DAYS, 6.0, "78.4 days"),
        (0.31, DAYS, 0.0, "7.4 hours"),
        (12_300.0, ENERGY_MWH, 900.0, "12.30 GWh"),
        (0.0042, ENERGY_MWH, 0.0, "4.20 kWh"),
        (0.9226, FRACTION, 0.012, "92.3 %"),
        (999_600.0, USD, 0.0, "$1.00M"),
        (15_940.0, TONNES, 2_000.0, "15.9 kt CO₂"),
        (676.0, COUNT, 67.0, "676"),
        (-828_000.0, GPU_HOURS, 0.0, "−828k GPU-hours"),
        (0.0, USD, 0.0, "$0"),
        (0.0002, FRACTION, 0.0, "<0.1 %"),
    ],
)
def test_unit_fits_the_size_and_digits_fit_the_spread(value, unit, spread, text):
    assert write(value, unit, spread=spread) == text


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_no_number_is_a_dash(value):
    assert write(value, USD) == "–"
    assert write_given(value, USD) == "–"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (30.84e6, GPU_HOURS, "30.84M GPU-hours"),
        (0.9, FRACTION, "90 %"),
        (58e6, USD, "$58M"),
        (2400.0, SECONDS, "40 min"),
        (10_523.0, SECONDS, "2.923 h"),
        (80 * 2.0**30, GIB, "80 GiB"),
        (16_384.0, unit_named("GPUs"), "16,384 GPUs"),
        (1e9, unit_named("steps"), "1B steps"),
        (419.0, unit_named(""), "419"),
        (105.22, unit_named("furlongs"), "105.2 furlongs"),
    ],
)
def test_given_numbers_keep_their_digits_and_no_zeros(value, unit, text):
    assert write_given(value, unit) == text


def test_bare_leaves_out_words_and_keeps_symbols():
    assert write(78.43, DAYS, spread=6.0, bare=True) == "78.4"
    assert write(29.4e6, GPU_HOURS, spread=2e6, bare=True) == "29.4M"
    assert unit_word(78.43, DAYS) == " days"
    assert unit_word(29.4e6, GPU_HOURS) == " GPU-hours"


@given(st.floats(1e-3, 1e13), st.floats(0.0, 1e12))
def test_what_is_written_is_near_what_is_meant(value, spread):
    text = write(value, USD, spread=spread).replace("$", "")
    if text.startswith("<"):
        assert value < float(text[1:])
        return
    size = {"T": 1e12, "B": 1e9, "M": 1e6, "k": 1e3}.get(text[-1], 1.0)
    read = float(text.rstrip("TBMk").replace(",", "")) * size
    assert abs(read - value) <= max(0.01 * value, spread, 0.005 * 1.01)


def test_ends_of_an_interval_are_written_like_its_middle():
    shown = show_entry(STAT, GPU_HOURS)
    assert (shown.p10, shown.p50, shown.p90) == ("27.9M", "29.4M", "31.2M")
    assert shown.likely == "27.9M to 31.2M"
    assert shown.full == "29.4M GPU-hours"
    assert show_entry({**dict.fromkeys(STAT, 78.4)}, DAYS).likely == "no spread"


def test_counts_have_whole_quantiles_and_a_mean_with_decimals():
    shown = show(Stat(2.64, 0.0, 1.0, 2.5, 5.0, 6.0), COUNT)
    assert (shown.p10, shown.p50, shown.p90) == ("1", "2", "5")
    assert shown.mean == "2.6"


@pytest.mark.parametrize("entry", [None, {}, {**STAT, "p5": None}, {**STAT, "mean": math.nan}])
def test_a_statistic_without_numbers_is_dashes(entry):
    assert Stat.read(entry) is None
    assert show_entry(entry, USD).full == "–"
