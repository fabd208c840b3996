"""Fits a capability law to the scores of one benchmark, and measures it on families left out."""

import math
from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.learning.capability.baselines import (
    fit_logistic,
    fit_step,
    leave_one_family_out,
)
from clustersim.calibration.learning.capability.mixed_logistic import Floats, Scores, coefficients_of, fit_locations
from clustersim.calibration.learning.capability.spread import fit_spread
from clustersim.learning.capability.forecast import score_interval
from clustersim.learning.capability.law import (
    REFERENCE_LOG10_FLOPS,
    CapabilityLaw,
    Family,
    HeldOut,
    Member,
    Spread,
    placed,
    score,
)
from clustersim.learning.capability.sampling import normals, student4_quantile, uniforms

DRAWS = 80
SEED = 20260101
FEWEST_MODELS = 10
FEWEST_FAMILIES = 4
HIGHEST_FLOOR = 0.95
LEVEL = 0.9
FACTORS = np.geomspace(0.4, 2.5, 38)
"""By what the spread may be stretched for nine tenths of the held-out scores to lie inside."""
CALIBRATION_SAMPLES = 800


class NoLawError(ValueError):
    """Why no law can be fitted to the scores of a benchmark."""


def fit_capability(
    task: str, title: str, scores: Scores, source: str, draws: int = DRAWS, *, score_baselines: bool = True
) -> CapabilityLaw:
    """Fit a capability law.

    Parameters
    ----------
    task, title, source : str
        What the law is of, its name for people, where the scores come from.
    scores : Scores
        The scores.
    draws : int
        Draws of the families, with replacement.
    score_baselines : bool
        Whether to measure the law, a plain logistic and a hard step on families left out. It changes no prediction.

    Raises
    ------
    NoLawError
        With fewer than ten models or four families, or where chance leaves nothing to score.

    Notes
    -----
    The families are the sample: models of one family share data, tokenizer and recipe, so they are drawn together. The
    interval's width is stretched until nine tenths of the scores lie inside the interval made of the draws without
    their family.
    """
    if len(scores.score) < FEWEST_MODELS or len(scores.families) < FEWEST_FAMILIES:
        msg = (
            f"the fit has {len(scores.score)} models of {len(scores.families)} families for it; a law takes "
            f"{FEWEST_MODELS} of {FEWEST_FAMILIES}"
        )
        raise NoLawError(msg)
    if scores.floor > HIGHEST_FLOOR:
        msg = f"the fit has a chance of {scores.floor:g} for it, which leaves nothing to score"
        raise NoLawError(msg)
    theta, spread = fit_spread(scores)
    counts = family_counts(len(scores.families), draws)
    coefficients = coefficients_of(fit_locations(scores, counts, spread, theta), scores.floor)
    absent = counts == 0.0
    spread, coverage = _calibrated(scores, coefficients, absent, spread)
    members = _members(scores)
    return CapabilityLaw(
        task=task,
        title=title,
        floor=scores.floor,
        best=coefficients_of(theta, scores.floor),
        draws=coefficients,
        spread=spread,
        families={name: Family(members[name], absent[:, number]) for number, name in enumerate(scores.families)},
        models=len(scores.score),
        min_flops=float(10.0 ** (scores.compute.min() + REFERENCE_LOG10_FLOPS)),
        max_flops=float(10.0 ** (scores.compute.max() + REFERENCE_LOG10_FLOPS)),
        held_out=_held_out(scores, theta, spread, coverage) if score_baselines else _unscored(coverage),
        source=source,
    )


def family_counts(families: int, draws: int, seed: int = SEED) -> Floats:
    """How often each family is drawn, of shape (draws, families); every family is left out of some draws."""
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(families, np.full(families, 1.0 / families), size=draws).astype(np.float64)
    for family in np.flatnonzero((counts > 0.0).all(axis=0)).tolist():
        counts[family % draws, family] = 0.0
    return counts


def left_out_predictions(scores: Scores, theta: Floats, spread: Spread) -> Floats:
    """Predict each family from a fit to all others [fraction], of shape (models,)."""
    fits = fit_locations(scores, 1.0 - np.eye(len(scores.families)), spread, theta)
    own = coefficients_of(fits, scores.floor)[scores.family]
    return score(own, scores.floor, scores.compute, scores.ratio, 0.0)


def _calibrated(
    scores: Scores, coefficients: Floats, absent: NDArray[np.bool_], spread: Spread
) -> tuple[Spread, float]:
    """Stretch the spread until the share of held-out scores inside is the level; return it and the share reached."""

    def reached(by: float) -> float:
        return _coverage(scores, coefficients, absent, stretched(spread, by))

    factors = FACTORS.tolist()
    chosen = factors[min(bisect_left(factors, LEVEL, key=reached), len(factors) - 1)]
    return stretched(spread, chosen), reached(chosen)


def stretched(spread: Spread, by: float) -> Spread:
    """Every scale, times a factor."""
    return Spread(spread.family * by, spread.model * by, spread.score * by)


def _coverage(scores: Scores, coefficients: Floats, absent: NDArray[np.bool_], spread: Spread) -> float:
    """Share of the scores inside the 90 % interval of the draws that never saw their family."""
    first, second, _ = uniforms(CALIBRATION_SAMPLES)
    offset = spread.family * student4_quantile(first) + spread.model * student4_quantile(second)
    noise = spread.score * normals(CALIBRATION_SAMPLES)
    inside = np.zeros(len(scores.score), dtype=bool)
    for family in range(len(scores.families)):
        own = np.flatnonzero(scores.family == family)
        unseen = coefficients[absent[:, family]]
        sampled = unseen[np.arange(CALIBRATION_SAMPLES) % len(unseen)][:, None, :]
        ability = score(sampled, scores.floor, scores.compute[own], scores.ratio[own], offset[:, None])
        low, high = np.quantile(np.clip(ability + noise[:, None], 0.0, 1.0), (0.05, 0.95), axis=0)
        inside[own] = (low <= scores.score[own]) & (scores.score[own] <= high)
    return float(inside.mean())


def _members(scores: Scores) -> dict[str, tuple[Member, ...]]:
    members: dict[str, tuple[Member, ...]] = dict.fromkeys(scores.families, ())
    rows = zip(scores.models, scores.compute.tolist(), scores.ratio.tolist(), scores.score.tolist(), strict=True)
    for family, row in zip(scores.family.tolist(), rows, strict=True):
        members[scores.families[family]] += (Member(*row),)
    return members


def _held_out(scores: Scores, theta: Floats, spread: Spread, coverage: float) -> HeldOut:
    errors = [
        predicted - scores.score
        for predicted in (
            left_out_predictions(scores, theta, spread),
            leave_one_family_out(scores, fit_logistic),
            leave_one_family_out(scores, fit_step),
        )
    ]
    own, logistic, step = (float(np.sqrt(np.mean(np.square(error)))) for error in errors)
    return HeldOut(own, logistic, step, coverage, *foresight(scores))


def foresight(scores: Scores) -> tuple[float, float, float]:
    """How the half of the models with more compute is foreseen from the half with less.

    Returns
    -------
    rmse, bias : float
        Of predicted (the median of a new family) less measured score in the upper half [fraction].
    coverage : float
        Share of the upper half inside its 90 % interval. All three are not a number where the lower half has too few
        models for a law.
    """
    lower = scores.compute < np.median(scores.compute)
    try:
        law = fit_capability("", "", scores.where(lower).renumbered(), "", score_baselines=False)
    except NoLawError:
        return math.nan, math.nan, math.nan
    upper = scores.where(~lower)
    error = score(law.best, law.floor, upper.compute, upper.ratio, 0.0) - upper.score
    inside = 0
    for row, (compute, ratio) in enumerate(zip(upper.compute.tolist(), upper.ratio.tolist(), strict=True)):
        low, _, high = score_interval(law, placed(compute, ratio), upper.families[upper.family[row]])
        inside += low <= float(upper.score[row]) <= high
    return float(np.sqrt(np.mean(np.square(error)))), float(error.mean()), inside / len(upper.score)


def _unscored(coverage: float) -> HeldOut:
    return HeldOut(math.nan, math.nan, math.nan, coverage, math.nan, math.nan, math.nan)
