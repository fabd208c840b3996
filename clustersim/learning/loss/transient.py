"""The fall from the loss of random weights to what a law speaks of: the warm-up and the steps after it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clustersim.catalog import entries, entry

Floats = NDArray[np.float64]

TABLE = "loss_transients"
ANY = "any-corpus"
"""Entry for a loss law whose corpus has no transient of its own; its spread is that between corpora."""

UNTRAINED_EXCESS_NATS = 1.1
"""How far above ln(V) step 0 was seen: OLMo-2 7B 12.30 against 11.52 (+0.78), 13B +1.1, llm.c GPT-2 +0.19 (2024)."""

EARLY_SPREAD, EARLY_FROM, EARLY_TO = 0.7, 0.0007, 0.007
"""Standard deviation of the logarithm of the learning rate that the first of the fall takes, up to what is spent at
``EARLY_FROM``; from there to ``EARLY_TO`` it fades. By about that factor GPT-2 124M (llm.c, step 60: 8.20 nats after
0.0016) and the ladder's 3B run (step 50: 8.79 nats after 0.0005, from 1.3 nats higher) differ; wider models seem to
fall earlier, but two are too few to say by how much."""


@dataclass(frozen=True, slots=True, eq=False)
class Transient:
    """What is left of the way from the first loss down to the law, by the learning rate spent.

    Parameters
    ----------
    name : str
        Name of the catalogue entry.
    spent : ndarray of shape (knots,)
        Learning rate summed over steps, rising.
    remaining : ndarray of shape (knots,)
        Share of the way that is left there, falling to 0.
    spread : ndarray of shape (knots,)
        Standard deviation of its logarithm, on model sizes held out of the fit.
    """

    name: str
    spent: Floats
    remaining: Floats
    spread: Floats


def untrained_loss(vocabulary: int) -> float:
    """Loss of a model that knows nothing, ``ln(V)`` [nats/token]: every token of the vocabulary equally likely.

    Examples
    --------
    >>> round(untrained_loss(128256), 2)
    11.76
    """
    return math.log(vocabulary)


def untrained_interval(vocabulary: int) -> tuple[float, float, float]:
    """Where a real run's loss starts [nats/token]: from ``ln(V)`` up, as random weights are confidently wrong."""
    start = untrained_loss(vocabulary)
    return start, start + 0.5 * UNTRAINED_EXCESS_NATS, start + UNTRAINED_EXCESS_NATS


def warm_up_spent(steps: ArrayLike, warm_up_steps: float, peak_learning_rate: float) -> Floats:
    """Learning rate summed over the steps of a linear warm-up and of what follows it at the peak.

    Parameters
    ----------
    steps : array_like
        Steps taken.
    warm_up_steps : float
        Steps in which the learning rate rises from zero to its peak.
    peak_learning_rate : float
        The peak.

    Examples
    --------
    >>> warm_up_spent([100.0, 200.0, 300.0], 200.0, 1e-3).round(3).tolist()
    [0.025, 0.1, 0.2]
    """
    taken = np.asarray(steps, dtype=np.float64)
    rising = np.minimum(taken, warm_up_steps)
    spent: Floats = peak_learning_rate * (0.5 * rising**2 / max(warm_up_steps, 1e-12) + taken - rising)
    return spent


def remaining_share(transient: Transient, spent: ArrayLike, deviations: ArrayLike = 0.0) -> Floats:
    """Share of the way from the first loss to the law that is still to go.

    Parameters
    ----------
    transient : Transient
        Its knots.
    spent : array_like
        Learning rate summed over the steps so far.
    deviations : array_like, broadcastable to ``spent``
        Standard deviations from the median, positive for a slower run.

    Returns
    -------
    ndarray
        Between 0 and 1: 1 before the first step, 0 from the last knot on, between the knots linear in the logarithm of
        what is spent.
    """
    deviation = np.asarray(deviations, dtype=np.float64)
    given = np.maximum(np.asarray(spent, dtype=np.float64), 1e-12)
    fade = np.clip(np.log(EARLY_TO / given) / np.log(EARLY_TO / EARLY_FROM), 0.0, 1.0)
    at = given * np.exp(-deviation * EARLY_SPREAD * fade)
    logs, knots = np.log(at), np.log(transient.spent)
    # Before the first knot a straight line from where nothing is learned.
    early = np.minimum(at / transient.spent[0], 1.0)
    share = np.where(
        early < 1.0, 1.0 - early * (1.0 - transient.remaining[0]), np.interp(logs, knots, transient.remaining)
    )
    width = np.interp(np.log(given), knots, transient.spread)
    # Nothing is uncertain about how much is left before the first step.
    width = width * np.minimum(given / transient.spent[0], 1.0)
    moved: Floats = np.clip(share * np.exp(deviation * width), 0.0, 1.0)
    return moved


def transient_of(law: str) -> Transient:
    """Transient for a loss law: that of its corpus, or that of :data:`ANY`, with a wider spread."""
    name = law if law in entries(TABLE) else ANY
    values = entry(TABLE, name).values
    columns = (np.array(values[field].text.split(), dtype=np.float64) for field in Transient.__slots__[1:])
    return Transient(name, *columns)
