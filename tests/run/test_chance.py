"""Draws by number."""

import numpy as np
from scipy import stats

from clustersim.run.chance import uniforms_of


def test_one_by_one_is_as_all_at_once() -> None:
    stretches, numbers = np.repeat(np.arange(5), 4), np.tile(np.arange(4), 5)
    together = uniforms_of(7, 1, stretches, numbers)
    one_by_one = [float(uniforms_of(7, 1, int(a), int(b))[0]) for a, b in zip(stretches, numbers, strict=True)]
    assert together.tolist() == one_by_one


def test_they_are_uniform_and_do_not_depend_on_their_neighbours() -> None:
    draws = uniforms_of(3, 0, np.repeat(np.arange(200), 500), np.tile(np.arange(500), 200))
    assert stats.kstest(draws, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 4.0 / np.sqrt(len(draws))
    assert len(np.unique(draws)) == len(draws)


def test_keys_and_places_are_told_apart() -> None:
    assert len({float(uniforms_of(*row)[0]) for row in [(1, 2, 3), (1, 3, 2), (2, 1, 3), (0, 2, 3), (1, 2, 3, 0)]}) == 5
