"""The score of a model that is not trained yet, as draws and as an interval."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from clustersim.learning.capability.law import CapabilityLaw, Floats, Trained, covariates, score
from clustersim.learning.capability.offsets import family_offsets
from clustersim.learning.capability.sampling import normals, student4_quantile, uniforms

SAMPLES = 2000
GROWTH_PER_DECADE = 0.5
"""How much wider models lie from the law per decade of compute beyond the fitted ones. An assumption: with it, laws
fitted below 10**23.3 FLOP hold 0.94 of the scores above as new families and 0.89 as known ones, below 10**22.8 0.88."""

Interval = tuple[float, float, float]
"""The 5 %, 50 % and 95 % quantiles."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Models that a training run may turn out as: sampled laws, each with an offset.

    Attributes
    ----------
    law : CapabilityLaw
        The law.
    coefficients : ndarray of shape (samples, 4)
        A draw of the law's coefficients for each.
    offset : ndarray of shape (samples,)
        Where its family and the model itself lie, in units of the logistic's argument.
    """

    law: CapabilityLaw
    coefficients: Floats
    offset: Floats

    def ability(self, parameters: float, tokens: ArrayLike, flops: ArrayLike | None = None) -> Floats:
        """Scores of models along their run, without the error of measuring [fraction]; shape (samples, tokens)."""
        compute, ratio = covariates(parameters, np.atleast_1d(np.asarray(tokens, np.float64)), flops)
        return score(self.coefficients[:, None, :], self.law.floor, compute, ratio, self.offset[:, None])


def outcomes(
    law: CapabilityLaw, trained: Trained, family: str | None = None, model: str | None = None, samples: int = SAMPLES
) -> Outcomes:
    """Sample what a model may turn out as.

    Parameters
    ----------
    law : CapabilityLaw
        The law.
    trained : Trained
        Size and training of the model; only how far it lies beyond the fitted models matters.
    family : str, optional
        Its family. One of the fit gives the offset; by default the family is new, and its offset unknown.
    model : str, optional
        Its name. If the fit holds that very model, its score is left out of the offset, and of the law's draws those
        that saw the family: what is left is a forecast of a score that had no part in it.
    samples : int
        How many.

    Notes
    -----
    Nothing is random here: the same samples come at every call.
    """
    known = law.families.get(family or "")
    fitted = known is not None and model is not None and in_family(law, family, model)
    members = [member for member in known.members if member.model != model] if known else []
    coefficients = law.draws[known.absent] if known is not None and fitted else law.draws
    first, second, _ = uniforms(samples)
    which = np.arange(samples) % len(coefficients)
    growth = 1.0 + GROWTH_PER_DECADE * law.decades_beyond(trained.compute)
    wide = replace(law, spread=replace(law.spread, model=law.spread.model * growth))
    if not members:
        wide = replace(wide, spread=replace(wide.spread, family=law.spread.family * growth))
    offset = family_offsets(wide, coefficients, which, first, members)
    own = wide.spread.model * student4_quantile(second)
    return Outcomes(law, coefficients[which], offset + own)


def in_family(law: CapabilityLaw, family: str | None, model: str | None) -> bool:
    """Whether the law was fitted to that model of that family."""
    known = law.families.get(family or "")
    return known is not None and any(member.model == model for member in known.members)


def score_draws(law: CapabilityLaw, trained: Trained, family: str | None = None, model: str | None = None) -> Floats:
    """Draws of the score that will be measured [fraction], of shape (samples,); see :func:`outcomes`."""
    sampled = outcomes(law, trained, family, model)
    ability = sampled.ability(trained.parameters, trained.tokens, trained.flops)[:, 0]
    return np.clip(ability + law.spread.score * normals(len(ability)), 0.0, 1.0)


def score_interval(
    law: CapabilityLaw, trained: Trained, family: str | None = None, model: str | None = None
) -> Interval:
    """Return the 5 %, 50 % and 95 % quantiles of :func:`score_draws` [fraction]."""
    low, middle, high = np.percentile(score_draws(law, trained, family, model), (5.0, 50.0, 95.0)).tolist()
    return low, middle, high
