"""Laws of durations, sampled through a standard normal."""

import math

import numpy as np
import pytest
from scipy import stats

from clustersim.run.laws import Law

FOUR_SIGMA = 2.0 * stats.norm.sf(4.0)
NORMALS = np.random.default_rng(1).standard_normal(20_000).tolist()


def test_constant() -> None:
    assert {Law("constant", 7.0).sample_s(normal) for normal in NORMALS[:10]} == {7.0}
    assert Law("constant", 7.0).mean_s == 7.0


def test_exponential() -> None:
    law = Law("exponential", 60.0)
    assert stats.kstest([law.sample_s(normal) for normal in NORMALS], "expon", (0.0, 60.0)).pvalue > FOUR_SIGMA
    assert law.mean_s == 60.0
    assert law.sample_s(0.0) == pytest.approx(60.0 * math.log(2.0)), "the median"


def test_lognormal() -> None:
    law = Law("lognormal", 60.0, 0.7)
    sample = [law.sample_s(normal) for normal in NORMALS]
    assert stats.kstest(sample, stats.lognorm(0.7, scale=60.0).cdf).pvalue > FOUR_SIGMA
    assert law.mean_s == pytest.approx(stats.lognorm(0.7, scale=60.0).mean())


@pytest.mark.parametrize("kind", ["exponential", "lognormal"])
def test_a_larger_draw_is_a_longer_time(kind: str) -> None:
    law = Law(kind, 60.0, 0.5)  # type: ignore[arg-type]
    times_s = [law.sample_s(normal) for normal in (-6.0, -1.0, 0.0, 1.0, 6.0)]
    assert times_s == sorted(times_s)
    assert times_s[0] > 0.0
    assert math.isfinite(times_s[-1])


def test_mean_beyond_all_numbers() -> None:
    """exp(40^2 / 2) is more than a float can hold; its samples are not."""
    assert Law("lognormal", 60.0, 40.0).mean_s == math.inf
