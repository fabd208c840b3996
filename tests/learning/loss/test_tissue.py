import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning.loss.tissue import TissueLaw, annealing_area, falls, forward_area, tissue_loss

RATES = st.lists(st.floats(1e-4, 1.0), min_size=1, max_size=60)


def naive_annealing_area(rates: list[float], memory: float) -> list[float]:
    """The double sum of the paper, from the first fall on."""
    start = next((k for k in range(1, len(rates)) if rates[k] < rates[k - 1]), len(rates))
    inner = [sum((rates[k - 1] - rates[k]) * memory ** (i - k) for k in range(start, i + 1)) for i in range(len(rates))]
    return np.cumsum(inner).tolist()


def test_the_annealing_area_by_hand():
    # One fall of 0.5, remembered at one half a step: 0.5, then 0.5 + 0.25, then + 0.125.
    assert annealing_area([0.5, 1.0, 1.0, 0.5, 0.5, 0.5], 0.5).tolist() == [0.0, 0.0, 0.0, 0.5, 0.75, 0.875]


@given(rates=RATES, memory=st.floats(0.0, 0.9999))
def test_the_recursion_is_the_double_sum(rates, memory):
    assert annealing_area(rates, memory) == pytest.approx(naive_annealing_area(rates, memory), abs=1e-9)


def test_a_rise_after_the_warm_up_counts_against_annealing():
    assert falls([0.1, 1.0, 0.4, 0.6]) == pytest.approx([0.0, 0.0, 0.6, -0.2])
    assert falls([]).tolist() == []


def test_without_decay_the_law_is_a_power_law_of_the_area():
    law = TissueLaw(2.0, 0.5, 0.5, 0.3)
    rates = np.concatenate([np.linspace(0.0, 1.0, 10), np.ones(90)])
    assert annealing_area(rates).tolist() == [0.0] * 100
    assert tissue_loss(law, rates)[-1] == pytest.approx(2.0 + 0.5 * forward_area(rates)[-1] ** -0.5)


def test_the_area_may_be_counted_in_any_unit():
    rates = np.linspace(1.0, 0.1, 50)
    law = TissueLaw(2.0, 0.5, 0.5, 0.3)
    same = TissueLaw(2.0, 0.5 * 100.0**-0.5, 0.5, 0.3 * 100.0, area_unit=100.0)
    assert tissue_loss(same, rates) == pytest.approx(tissue_loss(law, rates))


@given(drop=st.floats(0.1, 0.9), later=st.floats(0.05, 0.95))
def test_a_deeper_fall_anneals_more(drop, later):
    shallow, deep = np.ones(500), np.ones(500)
    shallow[250:], deep[250:] = drop, drop * later
    assert np.all(annealing_area(deep)[250:] > annealing_area(shallow)[250:])
