"""A better corpus as more tokens of a plainer one: what was measured, and on what it may be used."""

from dataclasses import dataclass

from clustersim.scenario.schema.corpus import CorpusQuality

Interval = tuple[float, float, float]
"""The 5 %, 50 % and 95 % quantiles."""


@dataclass(frozen=True, slots=True)
class QualityShift:
    """A factor on effective tokens, and whether it is used."""

    factor: Interval
    """That was measured, or is assumed."""
    applied: Interval
    """That the forecast of a law uses: 1 unless the scenario says that the law's runs were trained on ``over``."""
    why: str
    """A sentence."""


def quality_shift(quality: CorpusQuality, law: str) -> QualityShift:
    """What the quality of a corpus does to the forecast of a loss law.

    Parameters
    ----------
    quality : CorpusQuality
        The factor, over which corpus, and the law it may be applied to.
    law : str
        Catalogue entry of the law that the forecast uses.

    Notes
    -----
    A law speaks of the corpus that its runs were trained on. A factor that compares two corpora moves a forecast only
    if the law's runs were trained on the second of them, which nobody but the user can say: ``quality.law`` does.
    """
    factor = (quality.low, quality.mode, quality.high)
    if factor == (1.0, 1.0, 1.0):
        return QualityShift(factor, factor, "no other worth of its tokens is claimed")
    found = f"a token is taken to be worth {quality.mode:g} ({quality.low:g} to {quality.high:g}) of {quality.over}"
    by = "" if quality.measured_by is None else f" by {quality.measured_by}"
    scores = ", and to the training compute that scores are read at" if quality.scores else ""
    if quality.law == law:
        return QualityShift(factor, factor, f"{found}{by}; the scenario applies that to the law '{law}'{scores}")
    return QualityShift(
        factor,
        (1.0, 1.0, 1.0),
        f"{found}{by}; it is not applied to the law '{law}', which speaks of another corpus"
        + (", but to the training compute that scores are read at" if quality.scores else ""),
    )


def score_shift(quality: CorpusQuality) -> Interval:
    """The factor on the training compute at which scores are read: 1 unless ``quality.scores`` says to use it."""
    return (quality.low, quality.mode, quality.high) if quality.scores else (1.0, 1.0, 1.0)
