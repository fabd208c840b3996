"""What the tokens of a run are worth to a law that speaks of fresh tokens of one corpus: repetition and quality."""

import numpy as np

from clustersim.learning.corpus.mix import mix_effective_tokens, source_uses
from clustersim.learning.corpus.quality import Interval, quality_shift, score_shift
from clustersim.learning.corpus.repetition import R_DATA, R_FACTOR
from clustersim.learning.loss.effective import EffectiveTokens
from clustersim.scenario.schema.corpus import Corpus

_POINTS = 300
_FROM, _TO = 1e-6, 1e4
"""How far around the tokens of the plan it is worked out: from its first steps to what no run will ever train on."""


def worth_to_law(corpus: Corpus | None, tokens: float, law: str) -> EffectiveTokens | None:
    """What the tokens of a run are worth to a loss law; None where each is a fresh one.

    Parameters
    ----------
    corpus : Corpus or None
        What the run trains on.
    tokens : float
        Tokens of the plan.
    law : str
        Catalogue entry of the law.
    """
    return None if corpus is None else _worth(corpus, tokens, quality_shift(corpus.quality, law).applied)


def worth_to_scores(corpus: Corpus | None, tokens: float) -> EffectiveTokens | None:
    """The same to the laws of capability, which are read at the training compute."""
    return None if corpus is None else _worth(corpus, tokens, score_shift(corpus.quality))


def _worth(corpus: Corpus, tokens: float, quality: Interval) -> EffectiveTokens | None:
    """Repetition and quality, whose uncertainties are unrelated; later tokens are more of the same mix."""
    at = np.geomspace(_FROM, _TO, _POINTS) * tokens
    uses = [source_uses(corpus, one) for one in at.tolist()]
    low, middle, high = (
        np.log([mix_effective_tokens(use, r_data) for use in uses] / at)
        for r_data in (R_DATA / R_FACTOR, R_DATA, R_DATA * R_FACTOR)
    )
    if quality == (1.0, 1.0, 1.0) and middle[at <= tokens].min() == 0.0:
        return None
    least, mode, most = np.log(quality)
    return EffectiveTokens(
        at,
        np.exp(middle + mode - np.hypot(middle - low, mode - least)),
        np.exp(middle + mode),
        np.exp(middle + mode + np.hypot(high - middle, most - mode)),
    )
