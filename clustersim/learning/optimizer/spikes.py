"""Loss spikes after which a run has to go back: how many, when runs of one recipe are not alike.

The rate of a run is drawn from a gamma distribution, its spikes from a Poisson process of that rate, so that their
number is negative binomial. The engine does the same, and the counts of its replications are held against these.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustersim.scenario.schema.recipe import Recipe

Floats = NDArray[np.float64]
Interval = tuple[float, float, float]
"""The 5 %, 50 % and 95 % quantiles."""

TRILLION = 1e12
_MOST_SPIKES = 10_000_000
"""Where the search for a quantile ends."""


@dataclass(frozen=True, slots=True)
class SpikeRate:
    """What is known of the rate of a run that has not begun.

    Parameters
    ----------
    per_token : float
        Mean over runs of the spikes that need a rewind [1/token].
    shape : float
        Shape of the gamma distribution of that rate over runs: its relative variance is ``1 / shape``.
    """

    per_token: float
    shape: float

    def expected(self, tokens: float) -> float:
        """Mean number of spikes in a run of so many tokens."""
        return self.per_token * tokens


def spike_rate(recipe: Recipe) -> SpikeRate:
    """Rate of a recipe."""
    return SpikeRate(recipe.spikes_per_trillion_tokens / TRILLION, recipe.spike_shape)


def rate_draws(rate: SpikeRate, draws: int, generator: np.random.Generator) -> Floats:
    """Rates of so many runs [1/token], an array of shape (draws,)."""
    return rate.per_token / rate.shape * generator.standard_gamma(rate.shape, draws)


def count_draws(rate: SpikeRate, tokens: float, draws: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Spikes of so many runs of ``tokens`` tokens each, an array of shape (draws,)."""
    return generator.poisson(rate_draws(rate, draws, generator) * tokens).astype(np.int64)


def count_probability(rate: SpikeRate, tokens: float, count: int) -> float:
    """Chance of exactly so many spikes in a run of ``tokens`` tokens.

    Notes
    -----
    With mean ``m = per_token * tokens`` and shape ``k``,
    ``Gamma(n + k) / (Gamma(k) n!) * (k / (k + m))**k * (m / (k + m))**n``: the negative binomial of a gamma mixture of
    Poisson counts.

    References
    ----------
    .. [1] Greenwood, M. and Yule, G. U. (1920), J. Royal Statist. Soc. 83(2). :doi:`10.2307/2341080`

    Examples
    --------
    A shape of one makes the counts geometric.

    >>> count_probability(SpikeRate(1e-12, 1.0), 1e12, 2)
    0.125
    """
    mean, shape = rate.expected(tokens), rate.shape
    if mean == 0.0:
        return float(count == 0)
    ways = math.lgamma(count + shape) - math.lgamma(shape) - math.lgamma(count + 1)
    return math.exp(ways - shape * math.log1p(mean / shape) - count * math.log1p(shape / mean))


def chance_of_none(rate: SpikeRate, tokens: float) -> float:
    """Chance that a run of ``tokens`` tokens never has to go back.

    Examples
    --------
    >>> round(chance_of_none(SpikeRate(1e-12, 0.5), 4e12), 4)
    0.3333
    """
    return math.exp(-rate.shape * math.log1p(rate.expected(tokens) / rate.shape))


def count_quantile(rate: SpikeRate, tokens: float, probability: float) -> int:
    """Smallest number of spikes that a run of ``tokens`` tokens stays within with this probability."""
    from scipy.special import betainc

    mean = rate.expected(tokens)
    if mean == 0.0:
        return 0
    share = rate.shape / (rate.shape + mean)
    # The distribution function of the negative binomial; scipy.stats takes longer to import than all the rest.
    return bisect_left(range(_MOST_SPIKES), probability, key=lambda count: betainc(rate.shape, count + 1.0, share))


def count_interval(rate: SpikeRate, tokens: float) -> Interval:
    """Return the 5 %, 50 % and 95 % quantiles of the number of spikes in a run of ``tokens`` tokens."""
    p5, p50, p95 = (float(count_quantile(rate, tokens, probability)) for probability in (0.05, 0.5, 0.95))
    return p5, p50, p95
