"""How often the norm of the gradient is clipped, in the warm-up and after it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clustersim.catalog import entry

Floats = NDArray[np.float64]

TABLE = "gradient_norms"
_ROOT_TWO = math.sqrt(2.0)


@dataclass(frozen=True, slots=True)
class Tail:
    """A Pareto tail.

    Parameters
    ----------
    share : float
        Share of the steps that are in it.
    exponent : float
        How fast it falls; that of the spikes is so low that their norms have no mean.
    above : float
        Norm over the usual one from which it begins.
    """

    share: float
    exponent: float
    above: float

    def exceedance(self, ratio: ArrayLike) -> Floats:
        """Share of all steps that lie in the tail and beyond this norm, over the usual one."""
        beyond = np.maximum(np.asarray(ratio, dtype=np.float64) / self.above, 1.0)
        return np.asarray(self.share * beyond**-self.exponent)


@dataclass(frozen=True, slots=True, eq=False)
class GradientNorms:
    """Norms of the gradient of a run before clipping: a course, and a lognormal body with heavy tails about it.

    Parameters
    ----------
    run : str
        Where they were seen.
    warmup_sigma, sigma : float
        Standard deviation of the logarithm of the body, in the warm-up and after it.
    tails : tuple of Tail
        Of the steps after the warm-up: the large norms of a healthy run, and spikes.
    warmup_course, course : ndarray
        Usual norm at equal distances of steps through the warm-up, and through the rest of the run.
    """

    run: str
    warmup_sigma: float
    sigma: float
    tails: tuple[Tail, ...]
    warmup_course: Floats
    course: Floats

    @property
    def usual(self) -> float:
        """Median norm after the warm-up."""
        return float(np.median(self.course))


def exceedance(ratio: ArrayLike, sigma: float, tails: tuple[Tail, ...] = ()) -> Floats:
    """Share of steps whose norm is more than so many times the usual one.

    Parameters
    ----------
    ratio : array_like
        Norm over the usual one, dimensionless.
    sigma : float
        Standard deviation of the logarithm of the body.
    tails : tuple of Tail
        What lies beside the body.

    Examples
    --------
    >>> round(float(exceedance(math.exp(0.2), 0.2)), 4)
    0.1587
    """
    body = 1.0 - sum(tail.share for tail in tails)
    scores = np.log(np.asarray(ratio, dtype=np.float64)) / (sigma * _ROOT_TWO)
    above = 0.5 * np.vectorize(math.erfc, otypes=[np.float64])(scores)
    return np.asarray(body * above + sum(tail.exceedance(ratio) for tail in tails))


def warmup_clip_rate(norms: GradientNorms, threshold: float) -> float:
    """Share of the steps of the warm-up that a clip at this norm acts on.

    Notes
    -----
    The course of the norm is that of the run it was seen in, stretched over the warm-up.
    """
    return float(exceedance(threshold / norms.warmup_course, norms.warmup_sigma).mean())


def clip_rate(norms: GradientNorms, threshold: float) -> float:
    """Share of the steps after the warm-up that a clip at this norm acts on."""
    return float(exceedance(threshold / norms.course, norms.sigma, norms.tails).mean())


def gradient_norms(name: str = "llmc-gpt2-124m") -> GradientNorms:
    """Read the norms of a run from the catalogue."""
    fields = {field: value.text for field, value in entry(TABLE, name).values.items()}
    tails = (
        Tail(*(float(fields[f"{tail}.{part}"]) for part in ("share", "exponent", "above")))
        for tail in ("tail", "spikes")
    )
    return GradientNorms(
        run=fields["run"],
        warmup_sigma=float(fields["warmup.sigma"]),
        sigma=float(fields["after.sigma"]),
        tails=tuple(tails),
        warmup_course=np.array(fields["warmup.course"].split(), dtype=np.float64),
        course=np.array(fields["after.course"].split(), dtype=np.float64),
    )
