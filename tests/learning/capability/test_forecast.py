from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustersim.learning.capability import capability_law, capability_tasks, outcomes, score_draws, score_interval
from clustersim.learning.capability.law import Member, Spread, Trained, placed, score
from tests.learning.capability.laws import small_law

LLAMA_405B = Trained(405e9, 15.6e12)
MIDDLE = placed(0.0, 0.0)


def test_draws_are_the_same_at_every_call():
    law = capability_law("MMLU")
    assert np.array_equal(score_draws(law, LLAMA_405B), score_draws(law, LLAMA_405B))
    assert score_draws(law, LLAMA_405B).shape == (2000,)


@settings(max_examples=30)
@given(task=st.sampled_from(capability_tasks()), compute=st.floats(-4.0, 3.5), ratio=st.floats(-1.9, 1.9))
def test_quantiles_are_in_order_and_fractions(task, compute, ratio):
    low, middle, high = score_interval(capability_law(task), placed(compute, ratio))
    assert 0.0 <= low <= middle <= high <= 1.0


@settings(max_examples=20)
@given(task=st.sampled_from(["MMLU", "GSM8K", "HellaSwag"]), size=st.floats(1e8, 1e12), tokens=st.floats(1e10, 1e13))
def test_the_ability_of_every_sampled_model_rises_along_its_run(task, size, tokens):
    law = capability_law(task)
    rising = outcomes(law, Trained(size, tokens))
    kept = rising.coefficients[:, 0] + rising.coefficients[:, 1] > 0.0  # tokens come in by both slopes
    assert kept.mean() > 0.9
    ability = rising.ability(size, np.geomspace(1e9, tokens, 20))[kept]
    assert np.all(np.diff(ability, axis=1) >= -1e-12)
    assert np.all(ability >= law.floor)
    assert np.all(ability <= rising.coefficients[kept, 3:])


def test_intervals_are_nested_in_wider_ones():
    narrow, wide = (small_law(spread=Spread(0.5 * by, 0.3 * by, 0.02 * by)) for by in (1.0, 1.5))
    inner, outer = score_interval(narrow, MIDDLE), score_interval(wide, MIDDLE)
    assert outer[0] < inner[0] < inner[1] < inner[2] < outer[2]
    draws = score_draws(narrow, MIDDLE)
    half = np.percentile(draws, (25.0, 75.0))
    assert inner[0] < half[0] < half[1] < inner[2]


def test_without_spread_the_forecast_is_the_law():
    law = small_law(spread=Spread(1e-9, 1e-9, 1e-9))
    low, middle, high = score_interval(law, placed(0.7, 0.0))
    expected = float(score(law.best, law.floor, 0.7, 0.0, 0.0))
    assert (low, middle, high) == pytest.approx((expected,) * 3, abs=1e-6)


def strong_family(count: int) -> tuple[Member, ...]:
    """Models of a family that lies one unit above the law."""
    places = np.linspace(-0.5, 0.5, count).tolist()
    law = small_law()
    return tuple(
        Member(f"m{n}", at, 0.0, float(score(law.best, law.floor, at, 0.0, 1.0))) for n, at in enumerate(places)
    )


def test_a_known_family_moves_the_forecast_and_narrows_it():
    law = small_law(members=strong_family(6))
    new, known = score_interval(law, MIDDLE), score_interval(law, MIDDLE, "Known")
    expected = float(score(law.best, law.floor, 0.0, 0.0, 1.0))
    assert known[1] == pytest.approx(expected, abs=0.03)
    assert known[1] > new[1] + 0.1
    assert known[2] - known[0] < new[2] - new[0]


def test_the_more_of_a_family_is_known_the_less_it_is_drawn_to_the_law():
    one, many = (score_interval(small_law(members=strong_family(n)), MIDDLE, "Known") for n in (1, 6))
    assert score_interval(small_law(), MIDDLE)[1] < one[1] < many[1]


def test_a_family_that_is_not_in_the_fit_is_new():
    law = small_law(members=strong_family(6))
    assert score_interval(law, MIDDLE, "Unheard") == score_interval(law, MIDDLE)


def test_a_models_own_score_has_no_part_in_its_forecast():
    first, *others = strong_family(3)
    honest = small_law(members=(first, *others))
    spoilt = small_law(members=(first._replace(score=0.9), *others))
    model = placed(first.log_compute, first.log_ratio)
    assert score_interval(honest, model, "Known", "m0") == score_interval(spoilt, model, "Known", "m0")
    assert score_interval(honest, model, "Known", "another") != score_interval(spoilt, model, "Known", "another")


def test_a_fitted_model_is_forecast_by_draws_that_never_saw_its_family():
    law = small_law(members=strong_family(2))
    unlike = replace(law, draws=np.stack([law.best, law.best + np.array([0.0, 0.0, 3.0, 0.0])]))
    own = outcomes(unlike, MIDDLE, "Known", "m0")
    assert np.all(own.coefficients == law.best)
    assert len(np.unique(outcomes(unlike, MIDDLE, "Known", "new").coefficients, axis=0)) == 2


def test_beyond_the_fitted_models_the_spread_grows():
    law = small_law(slope=0.001)
    inside, outside = (score_interval(law, placed(at, 0.0)) for at in (1.0, 4.0))
    assert outside[2] - outside[0] > 1.3 * (inside[2] - inside[0])
