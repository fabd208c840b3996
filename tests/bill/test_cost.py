import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.bill import carbon_kg, electricity_usd, gpu_cost_usd, triangular_quantile

ranges = st.tuples(*[st.floats(0.01, 100.0)] * 3).map(sorted)


def test_hand_computed_bill():
    assert gpu_cost_usd(30e6 * 3600.0, 2.5 / 3600.0) == pytest.approx(75e6)
    assert electricity_usd(3.6e6 * 1000, 0.098 / 3.6e6) == pytest.approx(98.0)
    assert carbon_kg(21.59e6 * 3.6e6, 0.4136 / 3.6e6) == pytest.approx(8930e3, rel=1e-3)  # Llama 3.1 405B model card


def test_triangular_by_hand():
    # Density rises over [2, 3] and falls over [3, 6]: F(3) = 1/4; F(x) = (x - 2)**2 / 4 before.
    assert triangular_quantile(0.25, 2.0, 3.0, 6.0) == pytest.approx(3.0)
    assert triangular_quantile(0.0625, 2.0, 3.0, 6.0) == pytest.approx(2.5)
    assert triangular_quantile(0.0, 2.0, 3.0, 6.0) == 2.0
    assert triangular_quantile(1.0, 2.0, 3.0, 6.0) == 6.0


def test_a_known_price_is_itself():
    assert triangular_quantile(0.3, 2.5, 2.5, 2.5) == 2.5


def test_one_sided_ranges():
    assert triangular_quantile(0.75, 0.0, 0.0, 1.0) == pytest.approx(0.5)  # F(x) = 1 - (1 - x)**2
    assert triangular_quantile(0.25, 0.0, 1.0, 1.0) == pytest.approx(0.5)  # F(x) = x**2


def test_values_out_of_order_are_refused():
    with pytest.raises(ValueError, match=r"low 3, mode 2, high 4"):
        triangular_quantile(0.5, 3.0, 2.0, 4.0)


def test_moments_match_theory_at_four_standard_errors():
    low, mode, high = 2.0, 2.5, 4.5
    draws = np.array(
        [triangular_quantile(u, low, mode, high) for u in np.random.default_rng(7).random(20_000).tolist()]
    )
    mean = (low + mode + high) / 3.0
    variance = (low**2 + mode**2 + high**2 - low * mode - low * high - mode * high) / 18.0
    kurtosis = 2.4  # of every triangular distribution
    assert abs(draws.mean() - mean) < 4.0 * math.sqrt(variance / len(draws))
    assert abs(draws.var() - variance) < 4.0 * variance * math.sqrt((kurtosis - 1.0) / len(draws))


@given(ranges, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_quantiles_stay_in_range_and_never_fall(ends, u, v):
    low, mode, high = ends
    first, second = (triangular_quantile(p, low, mode, high) for p in sorted((u, v)))
    assert low - 1e-9 <= first <= second + 1e-9
    assert second <= high + 1e-9
