"""The chance that a run diverges at its start, by its warm-up, its peak learning rate and its recipe.

A stated prior, not a fit: twelve lineages of large runs are told, and of none that went without a warm-up.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustersim.learning.quantiles import NORMAL_90
from clustersim.scenario.schema.recipe import Recipe

Floats = NDArray[np.float64]

USUAL_RATIO = 0.6
"""Peak learning rate over what :func:`bearable_learning_rate` says, of published runs that did not diverge: geometric
mean of eight, 0.17 to 2.1 (validation/published/divergences.csv)."""
USUAL_WARMUP_STEPS = 2000.0
"""Warm-up of DeepSeek-V3 (arXiv 2412.19437, 2024); others take 500 (Kimi K2) to 8,000 steps (Llama 3)."""
NO_WARMUP_ODDS, NO_WARMUP_SPREAD = 10.0, 3.0
"""Factor on the odds without any warm-up, and the factor to the ends of its 90 % interval. Assumed: warm-up lowers the
largest gradients and widens the learning rates that train (Wortsman et al. 2023, arXiv 2309.14322; Kalra and Barkeshli
2024, arXiv 2406.09405), and experiments 7 to 10 of BigScience's 104B, with ever longer warm-ups, diverged ever later,
but did diverge."""
RATE_EXPONENT, RATE_EXPONENT_SIGMA = 1.0, 0.6
"""Exponent of the odds in the learning rate, and its standard error. Assumed: twice the rate brought the spike of
BigScience's 104B 2,500 steps forward and past recovery (experiments 11 and 12), and OPT-175B trained at 1.2e-4 what
it could not at 3e-4; but the former diverged at a sixth of its rate too."""
STEP_MEDIAN, STEP_SIGMA = 7000.0, 0.7
"""Step at which a run that diverges does: lognormal about the 7,000 at which BigScience's 104B model did at 6e-5,
with the 9,026 of its experiment 12 inside the 90 %. OPT-175B 11.x was given up after 6,700 updates, in ten restarts."""
NEXT_RATE = 0.5
"""Learning rate of the next attempt over that of the last: OPT-175B and BigScience halved theirs."""
MOST_ATTEMPTS = 5
"""Attempts after which a plan is given up: GLM-130B abandoned five before a change of data held, BigScience six."""


@dataclass(frozen=True, slots=True)
class Start:
    """How a run begins.

    Parameters
    ----------
    warmup_steps : float
        Steps in which the learning rate rises to its peak.
    peak_learning_rate : float, optional
        The peak; that of published runs of this compute when None.
    flops : float
        Training compute ``6 N D``, N the parameters that a token meets.
    """

    warmup_steps: float
    peak_learning_rate: float | None
    flops: float

    @property
    def rate_ratio(self) -> float:
        """Peak learning rate over that which the compute bears."""
        if self.peak_learning_rate is None:
            return USUAL_RATIO
        return self.peak_learning_rate / bearable_learning_rate(self.flops)


def bearable_learning_rate(flops: float) -> float:
    """Peak learning rate that DeepSeek found best at a compute budget ``C``, ``0.3118 C**-0.125``.

    Notes
    -----
    Fitted at 1e17 to 2e19 FLOP. Runs at 1e23 to 4e25 took 0.17 to 2.1 times what it says.

    References
    ----------
    .. [1] DeepSeek-AI (2024), DeepSeek LLM. arXiv 2401.02954, section 3.1.

    Examples
    --------
    >>> f"{bearable_learning_rate(3.8e25):.1e}"
    '2.0e-04'
    """
    return float(0.3118 * flops**-0.125)


def step_law_learning_rate(parameters: float, tokens: float) -> float:
    """Best peak learning rate by the Step Law, ``1.79 N**-0.713 D**0.307``, N without embeddings.

    References
    ----------
    .. [1] Li, H. et al. (2025), Predictable Scale: Part I, Step Law. arXiv 2503.04715.

    Examples
    --------
    >>> f"{step_law_learning_rate(405e9, 15.6e12):.1e}"
    '1.1e-04'
    """
    return float(1.79 * parameters**-0.713 * tokens**0.307)


def divergence_draws(recipe: Recipe, start: Start, draws: int, seed: int = 0) -> Floats:
    """Draws of the chance that the first attempt diverges, an array of shape (draws,).

    Parameters
    ----------
    recipe : Recipe
        Its chance with a usual start, and how many runs that is as sure as.
    start : Start
        Warm-up and peak learning rate.
    draws : int
        How many.
    seed : int
        Draws of one seed are those of the same world, so that two starts can be compared draw by draw.

    Notes
    -----
    ``odds = odds_of_recipe * no_warmup**(1 - min(1, warmup / 2000)) * (ratio / 0.6)**b``; the odds of the recipe come
    from a beta distribution, ``no_warmup`` is lognormal, ``b`` normal cut off at 0.
    """
    generator = np.random.default_rng(seed)
    scores = generator.standard_normal((2, draws))
    chance = _recipe_chance(recipe, draws, generator)
    lacking = 1.0 - min(1.0, start.warmup_steps / USUAL_WARMUP_STEPS)
    warmup = (math.log(NO_WARMUP_ODDS) + math.log(NO_WARMUP_SPREAD) / NORMAL_90 * scores[0]) * lacking
    exponent = np.maximum(0.0, RATE_EXPONENT + RATE_EXPONENT_SIGMA * scores[1])
    return _with_odds(chance, np.exp(warmup + exponent * math.log(start.rate_ratio / USUAL_RATIO)))


def _recipe_chance(recipe: Recipe, draws: int, generator: np.random.Generator) -> Floats:
    share, runs = recipe.divergence, recipe.divergence_runs
    if share in (0.0, 1.0):
        return np.full(draws, share)
    return generator.beta(share * runs, (1.0 - share) * runs, draws)


def _with_odds(chance: Floats, factor: Floats) -> Floats:
    """Chance with so many times the odds."""
    return np.asarray(factor * chance / (1.0 - chance + factor * chance))


@dataclass(frozen=True, slots=True, eq=False)
class Attempts:
    """What becomes of the attempts to start, in each draw of what is not known.

    Parameters
    ----------
    diverged : ndarray, shape (attempts, draws)
        Chance that the first so many all diverge.
    """

    diverged: Floats

    @property
    def first(self) -> Floats:
        """Chance that the first diverges; shape (draws,)."""
        return np.asarray(self.diverged[0])

    @property
    def given_up(self) -> Floats:
        """Chance that all diverge; shape (draws,)."""
        return np.asarray(self.diverged[-1])

    @property
    def mean_lost(self) -> float:
        """Mean number of attempts that diverge."""
        return float(self.diverged.sum(axis=0).mean())

    def lost(self, generator: np.random.Generator) -> NDArray[np.int64]:
        """Number of attempts that diverge, drawn once for each draw; shape (draws,)."""
        return np.asarray((generator.random(self.diverged.shape[1]) < self.diverged).sum(axis=0), dtype=np.int64)


def attempts(recipe: Recipe, start: Start, draws: int, seed: int = 0) -> Attempts:
    """Follow a start that is made again at half the learning rate for as long as it diverges, five times at most.

    A draw of what is not known holds for all attempts, so that a run that cannot be trained diverges each time.
    """
    rate = start.rate_ratio * bearable_learning_rate(start.flops)
    again = (Start(start.warmup_steps, rate * NEXT_RATE**number, start.flops) for number in range(MOST_ATTEMPTS))
    chances = np.array([divergence_draws(recipe, each, draws, seed) for each in again], dtype=np.float64)
    return Attempts(np.asarray(chances.cumprod(axis=0)))


def steps_before_divergence() -> float:
    """Mean number of steps that an attempt that diverges takes with it."""
    return STEP_MEDIAN * math.exp(0.5 * STEP_SIGMA**2)
