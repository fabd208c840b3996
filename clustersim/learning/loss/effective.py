"""What the tokens of a run are worth in fresh tokens of the corpus that a law speaks of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clustersim.learning.quantiles import NORMAL_90

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class EffectiveTokens:
    """Fresh tokens that the tokens of a run are worth, as far as the run could go.

    Parameters
    ----------
    tokens : ndarray of shape (points,)
        Tokens trained, above 0 and rising.
    low, middle, high : ndarray of shape (points,)
        Effective over trained tokens there: 5 %, 50 % and 95 % of what is believed.
    """

    tokens: Floats
    low: Floats
    middle: Floats
    high: Floats

    def factor(self, tokens: ArrayLike, quantiles: Floats) -> Floats:
        """Effective over trained tokens.

        Parameters
        ----------
        tokens : array_like of shape (n,)
            Tokens trained.
        quantiles : ndarray of shape (draws,)
            Standard normal quantiles of what is believed; the same for every number of tokens.

        Returns
        -------
        ndarray of shape (draws, n)
            Lognormal on either side of the middle, with the width of that side.
        """
        at = np.log(np.maximum(np.asarray(tokens, np.float64), self.tokens[0]))
        low, middle, high = (
            np.interp(at, np.log(self.tokens), np.log(side)) for side in (self.low, self.middle, self.high)
        )
        normal = quantiles[:, None] / NORMAL_90
        return np.asarray(np.exp(middle + normal * np.where(normal < 0.0, middle - low, high - middle)))

    def median(self, tokens: ArrayLike) -> Floats:
        """Effective tokens of so many trained ones, of the shape of ``tokens``."""
        at = np.asarray(tokens, np.float64)
        return np.asarray(at * self.factor(np.atleast_1d(at), np.zeros(1))[0].reshape(at.shape))

    def trained(self, effective: ArrayLike) -> Floats:
        """Tokens to train on for so many effective ones, by the median; infinite where no number is enough."""
        # In logarithms, as the factor is: else the tokens of a median would not be those it was read at.
        at = np.log(np.maximum(np.asarray(effective, np.float64), 1e-300))
        return np.exp(np.interp(at, np.log(self.tokens * self.middle), np.log(self.tokens), right=np.inf))


def fresh_tokens(tokens: float, effective: EffectiveTokens | None) -> float:
    """Fresh tokens that so many are worth, by the median; themselves where each is a fresh one."""
    return tokens if effective is None else float(effective.median(tokens))
