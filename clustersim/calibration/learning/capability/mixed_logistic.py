"""Fits a logistic with an offset for each model family, many weightings of the families at a time."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clustersim.learning.capability.law import Spread, logistic
from clustersim.learning.capability.offsets import DEGREES_OF_FREEDOM

Floats = NDArray[np.float64]

PRIOR_MEAN = np.array([2.0, 0.0, 0.0, 2.5])
PRIOR_SD = np.array([2.0, 2.0, 10.0, 1.5])
"""Slope per decade, slope of tokens per parameter, intercept, logit of the ceiling's place between floor and 1. Weak: a
ceiling that no model comes near lies at 0.92 of the way, between 0.5 and 0.99."""
MOST_STEPS = 60
TIGHT = 1e-5
_GENTLER, _FIRMER = 0.2, 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores of one benchmark, each array of shape (models,).

    Attributes
    ----------
    compute, ratio : ndarray
        Covariates (see :func:`clustersim.learning.capability.law.covariates`).
    score : ndarray
        Measured scores [fraction].
    family : ndarray of int
        Number of each model's family.
    families : tuple of str
        Names of the families.
    models : tuple of str
        Names of the models.
    floor : float
        Score of a model that knows nothing [fraction].
    """

    compute: Floats
    ratio: Floats
    score: Floats
    family: NDArray[np.intp]
    families: tuple[str, ...]
    models: tuple[str, ...]
    floor: float

    @property
    def design(self) -> Floats:
        """Covariates of the logistic's argument, of shape (models, 3)."""
        return np.stack([self.compute, self.ratio, np.ones_like(self.compute)], axis=1)

    def where(self, kept: NDArray[np.bool_]) -> "Scores":
        """Keep some models, and the families as they are numbered."""
        models = tuple(model for model, keep in zip(self.models, kept, strict=True) if keep)
        return replace(
            self,
            compute=self.compute[kept],
            ratio=self.ratio[kept],
            score=self.score[kept],
            family=self.family[kept],
            models=models,
        )

    def renumbered(self) -> "Scores":
        """The same scores without the families that have none left."""
        left, family = np.unique(self.family, return_inverse=True)
        return replace(self, family=family, families=tuple(self.families[number] for number in left.tolist()))


def fit_locations(scores: Scores, weights: Floats, spread: Spread, start: Floats | None = None) -> Floats:
    """Fit the logistic's coefficients for several weightings of the families.

    Parameters
    ----------
    scores : Scores
        What to fit.
    weights : ndarray of shape (fits, families)
        How often each family counts in each fit; 0 leaves it out.
    spread : Spread
        Scales of Student's t between families, models of a family, and measurements.
    start : ndarray of shape (4,), optional
        Where the search starts, in the coefficients of :func:`coefficients_of`.

    Returns
    -------
    ndarray of shape (fits, 4)
        Slope, slope of tokens per parameter, intercept, logit of the ceiling's place.

    Notes
    -----
    The most likely coefficients and offsets together, by damped Gauss-Newton steps with the weights of Student's t. For
    a linear model with normal errors these are Henderson's equations, whose coefficients are those of the marginal
    likelihood; each family's offset is solved for apart (Schur complement), so that a step costs 4 x 4 a fit.

    References
    ----------
    .. [1] Henderson, C. R. (1975). Biometrics 31(2), 423-447.
    .. [2] Lange, K., Little, R. and Taylor, J. (1989), Robust statistical modeling using the t distribution. JASA 84.
    """
    theta = np.tile(PRIOR_MEAN if start is None else start, (len(weights), 1)).astype(np.float64)
    search = _Search(scores, np.asarray(weights, np.float64), spread)
    offsets = np.zeros_like(search.weights)
    damping = np.full(len(theta), 1e-2)
    for _ in range(MOST_STEPS):
        local = search.local(theta, offsets)
        step, move = search.step(theta, offsets, local, damping)
        better = search.cost(theta + step, offsets + move, local.scale) <= search.cost(theta, offsets, local.scale)
        theta = np.where(better[:, None], theta + step, theta)
        offsets = np.where(better[:, None], offsets + move, offsets)
        damping = np.clip(damping * np.where(better, _GENTLER, _FIRMER), 1e-7, 1e7)
        if better.all() and float(np.abs(step).max()) < TIGHT:
            break
    return theta


def coefficients_of(theta: Floats, floor: float) -> Floats:
    """Turn the logit of the ceiling's place, the last of each fit, into the ceiling [fraction]."""
    ceiling = floor + (1.0 - floor) * logistic(theta[..., 3:])
    return np.concatenate([theta[..., :3], ceiling], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class _Local:
    """The model linearised where the search stands; every array of shape (fits, models)."""

    expected: Floats
    by_argument: Floats
    by_ceiling: Floats
    scale: Floats


class _Search:
    """One fit's data, ready for the steps."""

    def __init__(self, scores: Scores, weights: Floats, spread: Spread) -> None:
        self.scores, self.weights, self.spread = scores, weights, spread
        self.design = scores.design
        self.member = np.eye(len(scores.families))[scores.family]
        self.row_weights = weights[:, scores.family]

    def local(self, theta: Floats, offsets: Floats) -> _Local:
        floor = self.scores.floor
        part = logistic(theta[:, :3] @ self.design.T + offsets[:, self.scores.family])
        rise = (1.0 - floor) * logistic(theta[:, 3:])
        by_argument = rise * part * (1.0 - part)
        by_ceiling = rise * part * (1.0 - logistic(theta[:, 3:]))
        scale = np.hypot(self.spread.score, self.spread.model * by_argument)
        return _Local(floor + rise * part, by_argument, by_ceiling, scale)

    def cost(self, theta: Floats, offsets: Floats, scale: Floats) -> Floats:
        """Negative log of likelihood and priors, with the scale of the errors as it stood before the step."""
        residual = (self.scores.score - self.local(theta, offsets).expected) / scale
        rows = (self.row_weights * _t_cost(residual)).sum(axis=1)
        families = (self.weights * _t_cost(offsets / self.spread.family)).sum(axis=1)
        return np.asarray(rows + families + 0.5 * np.square((theta - PRIOR_MEAN) / PRIOR_SD).sum(axis=1))

    def step(self, theta: Floats, offsets: Floats, local: _Local, damping: Floats) -> tuple[Floats, Floats]:
        """Solve for a step of the coefficients and of the offsets."""
        residual = self.scores.score - local.expected
        precision = self.row_weights * _t_weight(residual / local.scale) / np.square(local.scale)
        prior = self.weights * _t_weight(offsets / self.spread.family) / self.spread.family**2
        gradient = np.concatenate(
            [local.by_argument[:, :, None] * self.design[None], local.by_ceiling[:, :, None]], axis=2
        )
        weighted = gradient * precision[:, :, None]
        hessian = np.einsum("bni,bnj->bij", weighted, gradient) + np.diag(PRIOR_SD**-2.0)
        slope = np.einsum("bni,bn->bi", weighted, residual) - (theta - PRIOR_MEAN) / np.square(PRIOR_SD)
        pull = local.by_argument * precision
        offset_hessian = ((pull * local.by_argument) @ self.member + prior + 1e-9) * (1.0 + damping[:, None])
        offset_slope = (pull * residual) @ self.member - prior * offsets
        mixed = np.einsum("bni,bn,nf->bif", weighted, local.by_argument, self.member)
        diagonal = np.einsum("bii->bi", hessian)[:, :, None] * np.eye(4) * damping[:, None, None]
        share = mixed / offset_hessian[:, None]
        schur = hessian + diagonal - np.einsum("bif,bjf->bij", share, mixed)
        step = np.linalg.solve(schur, (slope - np.einsum("bif,bf->bi", share, offset_slope))[:, :, None])[:, :, 0]
        move = (offset_slope - np.einsum("bif,bi->bf", mixed, step)) / offset_hessian
        return step, np.where(self.weights > 0.0, move, 0.0)


def _t_cost(deviate: Floats) -> Floats:
    return np.asarray(0.5 * (DEGREES_OF_FREEDOM + 1.0) * np.log1p(np.square(deviate) / DEGREES_OF_FREEDOM))


def _t_weight(deviate: Floats) -> Floats:
    return np.asarray((DEGREES_OF_FREEDOM + 1.0) / (DEGREES_OF_FREEDOM + np.square(deviate)))
