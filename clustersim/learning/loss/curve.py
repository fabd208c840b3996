"""The loss on the way, under a run's own learning rates: what a law of final losses needs to speak of the middle."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clustersim.catalog import entries, entry
from clustersim.learning.loss.forecast import CurvePoint, final_loss
from clustersim.learning.loss.law import LossLaw
from clustersim.learning.quantiles import NORMAL_90

Floats = NDArray[np.float64]

TABLE = "annealing_laws"
ANY = "any-corpus"
"""Entry for a loss law whose corpus has no annealing constants of its own; its spread is that between corpora."""


@dataclass(frozen=True, slots=True)
class Annealing:
    """How far the loss in the middle of a run lies from the law of final losses.

    Parameters
    ----------
    name : str
        Name of the catalogue entry.
    strength : float
        Logarithm of the loss that a learning rate costs, per unit of ``share**exponent / exponent``; no unit.
    strength_error : float
        Relative standard deviation of the strength: between model sizes (between corpora for :data:`ANY`), and what law
        and strength together missed in the middle of runs larger than those they were fitted to.
    exponent : float
        Power of the learning rate, as a share of the peak.
    lag : float
        Memory of the loss for earlier learning rates, as a share of the tokens trained so far.
    end_share : float
        Learning rate, as a share of the peak, at which the runs of the law of final losses ended.
    mean_share : float
        Mean learning rate of those runs, as a share of the peak: 0.55 for a cosine to 10 %.
    residual : float
        Root mean square of what is left of the log loss, on sizes held out of the fit.
    """

    name: str
    strength: float
    strength_error: float
    exponent: float
    lag: float
    end_share: float
    mean_share: float
    residual: float


class Excess(NamedTuple):
    """The loss of a checkpoint against the law of final losses.

    Attributes
    ----------
    effective_tokens : ndarray
        Tokens at which to read the law: those of a finished run with as much learning rate behind it.
    relative : ndarray
        What to add to the law's loss there, as a fraction of it; negative where the learning rate is below that at
        which the law's runs ended.
    spread : ndarray
        Standard deviation of the log loss that comes from this correction; the law's own error is not in it.
    """

    effective_tokens: Floats
    relative: Floats
    spread: Floats


def annealing_excess(
    tokens: ArrayLike, learning_rate: ArrayLike, annealing: Annealing, *, peak: float | None = None
) -> Excess:
    """Where to read a law of final losses for the middle of a run, and what to add to it.

    Parameters
    ----------
    tokens : array_like of shape (n,)
        Tokens trained, rising. Where the learning rate drops at once, give the same tokens twice.
    learning_rate : array_like of shape (n,)
        Learning rate at each; linear between them, and from zero up to the first.
    annealing : Annealing
        Constants of the law's corpus (see :func:`annealing_of`).
    peak : float, optional
        Peak learning rate; the largest given when omitted.

    Returns
    -------
    Excess
        Arrays of shape (n,). The forecast is ``law(N, effective_tokens) * (1 + relative)``.

    Notes
    -----
    Two things make a checkpoint differ from the end of a run. It was trained at higher learning rates than a run that
    had to come down, and so went further on its tokens: the law is read at the tokens of a finished run with the same
    integral of the learning rate. And its learning rate is still high, whose noise lifts the loss: the log loss grows
    with ``strength * (share**exponent - end_share**exponent) / exponent`` of the slightly lagged learning rate. Area
    and annealing term are the two of Tissue et al., made dimensionless by the peak. Fitted to the middle of 25 runs of
    190M to 3B parameters, with one strength a corpus. It speaks of what follows the warm-up, not of the transient.

    References
    ----------
    .. [1] Tissue, H. et al. (2024), Scaling Law with Learning Rate Annealing. arXiv 2408.11029.

    Examples
    --------
    >>> law = Annealing("example", 0.04, 0.1, 0.75, 0.03, 0.1, 0.55, 0.002)
    >>> cosine = 0.55 + 0.45 * np.cos(np.pi * np.linspace(0.0, 1.0, 1001))
    >>> middle = annealing_excess(np.linspace(0.0, 1e12, 1001), cosine, law)
    >>> round(float(middle.effective_tokens[500]) / 1e12, 2), round(float(middle.relative[500]), 3)
    (0.76, 0.026)
    """
    at = np.asarray(tokens, dtype=np.float64)
    rates = np.asarray(learning_rate, dtype=np.float64)
    share = rates / (rates.max() if peak is None else peak)
    late = np.maximum(lagged(at, share, annealing.lag), 0.0)
    power = annealing.exponent
    term = annealing.strength * (late**power - annealing.end_share**power) / power
    return Excess(
        learning_rate_area(at, share) / annealing.mean_share,
        np.expm1(term),
        np.hypot(annealing.residual, annealing.strength_error * term),
    )


def learning_rate_area(tokens: Floats, share: Floats) -> Floats:
    """Integral of the learning rate over tokens, exact for one that is linear between the points and from zero."""
    at, height = np.concatenate([[0.0], tokens]), np.concatenate([[0.0], share])
    return np.asarray(np.cumsum(0.5 * (height[1:] + height[:-1]) * np.diff(at)))


def lagged(tokens: Floats, share: Floats, lag: float) -> Floats:
    """Learning rate as the loss remembers it: ``dy / dlog(tokens) = (share - y) / lag``.

    Parameters
    ----------
    tokens, share : ndarray of shape (n,)
        Points, as in :func:`annealing_excess`.
    lag : float
        Memory as a share of the tokens so far; zero for none.

    Returns
    -------
    ndarray of shape (n,)
        Exact for a learning rate that is linear in the logarithm of the tokens between the points.
    """
    if lag <= 0.0 or len(share) == 0:
        return share
    steps = np.diff(np.log(np.maximum(tokens, 1.0)))
    kept = np.exp(-steps / lag)
    # Behind a straight line the memory runs late by the lag times its slope.
    slope = np.divide(np.diff(share), steps, out=np.zeros_like(steps), where=steps > 0.0)
    late = [float(share[0])]
    for keep, behind, before, now in zip(
        kept.tolist(), (lag * slope).tolist(), share[:-1].tolist(), share[1:].tolist(), strict=True
    ):
        late.append(late[-1] if keep == 1.0 else now - behind + (late[-1] - before + behind) * keep)
    return np.array(late)


def curve(
    law: LossLaw,
    parameters: float,
    tokens: Sequence[float],
    learning_rate: Sequence[float],
    *,
    peak: float | None = None,
) -> list[CurvePoint]:
    """Forecast the loss at each number of tokens of a run with these learning rates.

    Parameters
    ----------
    law : LossLaw
        The law of final losses.
    parameters : float
        Parameters of the model, counted as the law counts them.
    tokens, learning_rate : sequence of float
        As in :func:`annealing_excess`; give the whole run from its start, warm-up included.
    peak : float, optional
        Peak learning rate; the largest given when omitted.

    Returns
    -------
    list of CurvePoint
        Those of the points that the law speaks of: past the warm-up and past ``law.min_tokens``.
    """
    at, rates = np.asarray(tokens, dtype=np.float64), np.asarray(learning_rate, dtype=np.float64)
    if not len(at):
        return []
    excess = annealing_excess(at, rates, annealing_of(law.name), peak=peak)
    first = int(np.argmax(rates))
    return [
        _point(law, parameters, at[i], excess, i) for i in range(first, len(at)) if at[i] >= max(law.min_tokens, 1.0)
    ]


def _point(law: LossLaw, parameters: float, tokens: float, excess: Excess, index: int) -> CurvePoint:
    draws = final_loss(law, parameters, float(excess.effective_tokens[index])) * (1.0 + excess.relative[index])
    low, middle, high = np.log(np.percentile(draws, (5.0, 50.0, 95.0))).tolist()
    also = NORMAL_90 * float(excess.spread[index])
    return {
        "tokens": float(tokens),
        "p5": math.exp(middle - math.hypot(middle - low, also)),
        "p50": math.exp(middle),
        "p95": math.exp(middle + math.hypot(high - middle, also)),
    }


def annealing_of(law: str) -> Annealing:
    """Annealing constants for a loss law: those of its corpus, or those of :data:`ANY`, with a wider spread."""
    name = law if law in entries(TABLE) else ANY
    values = entry(TABLE, name).values
    return Annealing(name, *(float(values[field].text) for field in Annealing.__slots__[1:]))
