import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning.loss.multi_power import BLOCKS, MultiPowerLaw, joined_falls, multi_power_loss

LAW = MultiPowerLaw(2.375, 0.654, 0.429, 523.425, 2.025, 0.594, 0.635)
"""400M of Luo et al. (2025)."""


def naive_loss(law: MultiPowerLaw, rates: np.ndarray, at: range | None = None) -> np.ndarray:
    """The double sum of the paper, from the first fall on."""
    start = next((k for k in range(1, len(rates)) if rates[k] < rates[k - 1]), len(rates))
    losses = []
    for s in at or range(len(rates)):
        paid = 0.0
        for k in range(start, s + 1):
            x = rates[k] ** -law.rate_power * rates[k : s + 1].sum()
            paid += (rates[k - 1] - rates[k]) * (1.0 - (law.speed * x + 1.0) ** -law.shape)
        losses.append(law.floor_nats + law.scale * rates[: s + 1].sum() ** -law.power - law.annealing * paid)
    return np.array(losses)


def test_one_drop_by_hand():
    law = MultiPowerLaw(2.0, 1.0, 0.5, 4.0, 2.0, 0.5, 1.0)
    # Area 2 + 0.25; the drop of 0.75 has run over 0.25, so x = 0.25 / 0.25 = 1 and G = 1 - (2 + 1)**-0.5.
    expected = 2.0 + 2.25**-0.5 - 4.0 * 0.75 * (1.0 - 3.0**-0.5)
    assert multi_power_loss(law, [1.0, 1.0, 0.25])[-1] == pytest.approx(expected)
    assert multi_power_loss(law, [1.0, 1.0, 0.25], [3]) == pytest.approx([expected])


@given(rates=st.lists(st.floats(1e-5, 1e-3), min_size=1, max_size=50))
def test_few_falls_are_summed_one_by_one(rates):
    assert multi_power_loss(LAW, rates) == pytest.approx(naive_loss(LAW, np.array(rates)), abs=2e-4)


def test_a_long_decay_in_groups_agrees_with_the_double_sum():
    rates = 3e-4 * np.concatenate([np.linspace(0.05, 1.0, 20), 0.55 + 0.45 * np.cos(np.linspace(0.0, math.pi, 3000))])
    exact = naive_loss(LAW, rates, range(100, 3020, 725))
    assert len(joined_falls(rates)[0]) <= BLOCKS
    assert multi_power_loss(LAW, rates)[100::725] == pytest.approx(exact, abs=1e-4)


def test_without_decay_the_law_is_a_power_law_of_the_area():
    rates = np.full(100, 3e-4)
    assert multi_power_loss(LAW, rates)[-1] == pytest.approx(2.375 + 0.654 * 0.03**-0.429)
    assert [len(part) for part in joined_falls(rates)] == [0, 0, 0]


def test_a_fall_lowers_the_loss_at_the_same_area():
    held, fallen = np.full(2000, 3e-4), np.full(2000, 3e-4)
    fallen[1000:] = 3e-5
    same_area = int(np.searchsorted(np.cumsum(held), fallen.sum()))
    assert multi_power_loss(LAW, fallen)[-1] < multi_power_loss(LAW, held)[same_area]
