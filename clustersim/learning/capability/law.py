"""Capability laws: a benchmark's score as a logistic of training compute, with how far model families lie apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

REFERENCE_LOG10_FLOPS = 22.5
"""Where the logistic's intercept is stated: the middle of the fitted models."""
REFERENCE_TOKENS_PER_PARAMETER = 100.0
MOST_TOKENS_PER_PARAMETER = 1e4
"""Tokens beyond this many per parameter count for nothing: the model's size binds (the data term of Hoffmann et al.
2022 is then a tenth of the size term), and no model of the fit lies beyond."""
FEWEST_TOKENS_PER_PARAMETER = 1.0
"""Parameters beyond one per token count for nothing, likewise: early in a large model's run its few tokens bind. No
model of the fit has fewer than two tokens per parameter: it is an assumption about the first part of a run alone."""
SLOPE, TOKENS_SLOPE, INTERCEPT, CEILING = range(4)
"""Columns of a law's coefficients."""


class Trained(NamedTuple):
    """What a law asks of a model.

    Attributes
    ----------
    parameters : float
        Parameters that a token meets.
    tokens : float
        Training tokens.
    flops : float or None
        Training compute [FLOP]; None for 6 N D.
    """

    parameters: float
    tokens: float
    flops: float | None = None

    @property
    def compute(self) -> float:
        """Training compute [FLOP]."""
        return 6.0 * self.parameters * self.tokens if self.flops is None else self.flops


class Member(NamedTuple):
    """A model of a family that the law was fitted to: its covariates and its score."""

    model: str
    log_compute: float
    log_ratio: float
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How far scores lie from the law, each a scale of Student's t with four degrees of freedom.

    Attributes
    ----------
    family : float
        Between model families, in units of the logistic's argument.
    model : float
        Between the models of a family, in the same units.
    score : float
        Of the measured score itself [fraction].
    """

    family: float
    model: float
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A family of the fit.

    Attributes
    ----------
    members : tuple of Member
        Its models.
    absent : ndarray of bool, shape (draws,)
        The draws that were fitted without this family.
    """

    members: tuple[Member, ...]
    absent: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What the law, a plain logistic and a hard step make of families they were not fitted to.

    Attributes
    ----------
    rmse, logistic_rmse, step_rmse : float
        Root mean square error with one family left out at a time [fraction].
    coverage : float
        Share of scores inside the 90 % interval of draws that never saw their family.
    above_rmse, above_bias, above_coverage : float
        Error [fraction] of a law fitted only to the half of the models with less compute on the other half, and the
        share of those in its 90 % interval: how well the rise is foreseen from below. Not a number where the lower half
        has too few models for a law.
    """

    rmse: float
    logistic_rmse: float
    step_rmse: float
    coverage: float
    above_rmse: float
    above_bias: float
    above_coverage: float


@dataclass(frozen=True, slots=True, eq=False)
class CapabilityLaw:
    """A benchmark's score as a function of training compute, with its uncertainty.

    Attributes
    ----------
    task : str
        The benchmark as the data calls it.
    title : str
        Its name for people.
    floor : float
        Score of a model that knows nothing [fraction].
    best : ndarray of shape (4,)
        Slope per decade of compute, slope per decade of tokens per parameter, intercept, ceiling [fraction].
    draws : ndarray of shape (draws, 4)
        The same, each fitted to families drawn with replacement.
    spread : Spread
        How far models lie from the law.
    families : mapping of str to Family
        The fitted families, by name.
    models : int
        Models fitted.
    min_flops, max_flops : float
        Compute of the smallest and the largest fitted model [FLOP].
    held_out : HeldOut
        Its errors.
    source : str
        Where the scores come from.
    """

    task: str
    title: str
    floor: float
    best: Floats
    draws: Floats
    spread: Spread
    families: Mapping[str, Family]
    models: int
    min_flops: float
    max_flops: float
    held_out: HeldOut
    source: str

    @property
    def threshold(self) -> float:
        """Score halfway between floor and ceiling [fraction]."""
        return 0.5 * (self.floor + float(self.best[CEILING]))

    @property
    def width_decades(self) -> float:
        """Decades of compute from a tenth to nine tenths of the rise, at the same tokens per parameter."""
        return width_decades(float(self.best[SLOPE]))

    @property
    def midpoint_flops(self) -> float:
        """Compute of a median family's model at the threshold, with 100 tokens per parameter [FLOP]; inf if none."""
        slope, _, intercept, _ = self.best.tolist()
        exponent = REFERENCE_LOG10_FLOPS - intercept / slope if slope > 0.0 else np.inf
        return float(10.0**exponent) if exponent < 300.0 else np.inf

    def decades_beyond(self, flops: float) -> float:
        """Decades of compute beyond the largest fitted model; 0 inside."""
        return float(np.log10(max(flops / self.max_flops, 1.0)))


def covariates(parameters: ArrayLike, tokens: ArrayLike, flops: ArrayLike | None = None) -> tuple[Floats, Floats]:
    """Training compute and tokens per parameter, as the law reads them.

    Parameters
    ----------
    parameters, tokens : array_like
        Parameters and training tokens.
    flops : array_like, optional
        Training compute [FLOP]; by default ``6 N D`` (Kaplan et al. 2020, arXiv 2001.08361).

    Returns
    -------
    log_compute, log_ratio : ndarray
        Decades of compute from 10**22.5 FLOP and of tokens per parameter from 100. Tokens beyond
        :data:`MOST_TOKENS_PER_PARAMETER` count in neither, nor do parameters beyond one per token.

    Examples
    --------
    >>> compute, ratio = covariates(7e9, 7e11)
    >>> round(float(compute), 3), round(float(ratio), 3)
    (-0.032, 0.0)
    """
    size, data = np.asarray(parameters, np.float64), np.asarray(tokens, np.float64)
    compute = 6.0 * size * data if flops is None else np.asarray(flops, np.float64)
    ratio = np.log10(data / size)
    counted = np.clip(ratio, np.log10(FEWEST_TOKENS_PER_PARAMETER), np.log10(MOST_TOKENS_PER_PARAMETER))
    log_compute = np.log10(compute) - np.abs(ratio - counted) - REFERENCE_LOG10_FLOPS
    return log_compute, np.asarray(counted - np.log10(REFERENCE_TOKENS_PER_PARAMETER))


def placed(log_compute: float, log_ratio: float) -> Trained:
    """Model with those covariates: the inverse of :func:`covariates` with its compute 6 N D."""
    ratio = REFERENCE_TOKENS_PER_PARAMETER * 10.0**log_ratio
    flops = 10.0 ** (log_compute + REFERENCE_LOG10_FLOPS)
    return Trained(float(np.sqrt(flops / (6.0 * ratio))), float(np.sqrt(flops * ratio / 6.0)))


def score(
    coefficients: Floats, floor: float, log_compute: ArrayLike, log_ratio: ArrayLike, offset: ArrayLike
) -> Floats:
    """Score of a model: ``floor + (ceiling - floor) * logistic(slope x + tokens_slope r + intercept + offset)``.

    Parameters
    ----------
    coefficients : ndarray of shape (..., 4)
        Slope, slope of tokens per parameter, intercept, ceiling.
    floor : float
        Score of a model that knows nothing [fraction].
    log_compute, log_ratio : array_like
        As :func:`covariates` gives them.
    offset : array_like
        How far the model and its family lie from the law.

    References
    ----------
    .. [1] Ruan, Y., Maddison, C. and Hashimoto, T. (2024), Observational Scaling Laws. arXiv 2405.10938.
    .. [2] Owen, D. (2024), How predictable is language model benchmark performance? arXiv 2401.04757.

    Examples
    --------
    >>> float(score(np.array([2.0, 0.5, 0.0, 0.95]), 0.25, 0.0, 0.0, 0.0))
    0.6
    """
    slope, tokens_slope, intercept, ceiling = np.moveaxis(np.asarray(coefficients, np.float64), -1, 0)
    argument = slope * np.asarray(log_compute) + tokens_slope * np.asarray(log_ratio) + intercept + np.asarray(offset)
    return np.asarray(floor + (ceiling - floor) * logistic(argument))


def logistic(argument: ArrayLike) -> Floats:
    """``1 / (1 + exp(-x))``, for any x."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(argument, np.float64))))


def width_decades(slope: float) -> float:
    """Decades from a tenth to nine tenths of a logistic's rise, ``2 ln 9 / slope``; inf where it does not rise.

    Examples
    --------
    >>> round(width_decades(2.0), 2)
    2.2
    """
    return 2.0 * float(np.log(9.0)) / slope if slope > 0.0 else float("inf")
