"""Loss spikes of a recipe: the negative binomial against its draws, and the catalogue's recipes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning.optimizer.spikes import (
    SpikeRate,
    chance_of_none,
    count_draws,
    count_interval,
    count_probability,
    count_quantile,
    rate_draws,
    spike_rate,
)
from clustersim.scenario.schema.recipe import Recipe

DRAWS = 40_000
RATE = SpikeRate(3e-12, 0.8)
TOKENS = 2e12


def test_the_rates_of_runs_are_gamma_distributed():
    draws = rate_draws(RATE, DRAWS, np.random.default_rng(1)) / RATE.per_token
    assert draws.mean() == pytest.approx(1.0, abs=4.0 * math.sqrt(1.0 / 0.8 / DRAWS))
    # Variance of a sample variance, with the excess kurtosis 6 / shape of a gamma distribution.
    variance = 1.0 / 0.8
    assert draws.var() == pytest.approx(variance, abs=4.0 * variance * math.sqrt((2.0 + 6.0 / 0.8) / DRAWS))


def test_the_counts_are_as_the_formula_says():
    draws = count_draws(RATE, TOKENS, DRAWS, np.random.default_rng(2))
    for count in (0, 1, 5, 12):
        chance = count_probability(RATE, TOKENS, count)
        assert (draws == count).mean() == pytest.approx(chance, abs=4.0 * math.sqrt(chance / DRAWS))


def test_without_spread_the_counts_are_poisson():
    alike = SpikeRate(1e-12, 1e7)
    for count in range(4):
        poisson = math.exp(-2.0) * 2.0**count / math.factorial(count)
        assert count_probability(alike, TOKENS, count) == pytest.approx(poisson, rel=1e-5)


@given(st.floats(1e-14, 1e-10), st.floats(0.05, 50.0), st.floats(1e10, 2e13))
def test_the_chance_of_none_is_that_of_a_count_of_zero(per_token: float, shape: float, tokens: float):
    rate = SpikeRate(per_token, shape)
    assert chance_of_none(rate, tokens) == pytest.approx(count_probability(rate, tokens, 0), rel=1e-9)


def test_the_less_runs_are_alike_the_likelier_is_a_run_without_any():
    chances = [chance_of_none(SpikeRate(1e-12, shape), TOKENS) for shape in (0.1, 1.0, 10.0)]
    assert chances == sorted(chances, reverse=True)
    assert chances[-1] > math.exp(-2.0)


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.95])
def test_a_quantile_is_the_smallest_count_within_which_so_many_runs_stay(probability: float):
    quantile = count_quantile(RATE, TOKENS, probability)
    within = sum(count_probability(RATE, TOKENS, count) for count in range(quantile + 1))
    assert within >= probability
    assert quantile == 0 or within - count_probability(RATE, TOKENS, quantile) < probability


def test_a_recipe_without_spikes_has_none():
    never = SpikeRate(0.0, 1.0)
    assert count_interval(never, TOKENS) == (0.0, 0.0, 0.0)
    assert (count_probability(never, TOKENS, 0), count_probability(never, TOKENS, 1)) == (1.0, 0.0)


def test_the_recipes_of_the_catalogue_are_in_order():
    modern, classic, fragile = (spike_rate(Recipe.model_validate(name)) for name in ("modern", "classic", "fragile"))
    assert modern.per_token < 0.01 * classic.per_token
    assert classic.per_token < fragile.per_token
    assert chance_of_none(modern, 15e12) == pytest.approx(0.887, abs=0.001), "four of four runs without: 4.5 of 5"
    assert chance_of_none(classic, 1e12) < 0.5
