"""Fits the recipes of the catalogue: ``python -m clustersim.calibration.learning.spikes --spikes FILE --divergences
FILE --out FILE``.

The rates of loss spikes come from ``validation/published/loss_spikes.csv``, the chances to diverge from
``validation/published/divergences.csv``. Ten runs and twelve lineages are few: the intervals are wide, and meant to be.
"""

import csv
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from clustersim._numerals import short
from clustersim.calibration.learning.command import write_catalogue_table
from clustersim.learning.optimizer.spikes import TRILLION, SpikeRate

Row = tuple[str, str, str, str]

PRIOR_SHAPE = 0.5
PRIOR_TOKENS = 0.05e12
"""What is known of the mean rate of a recipe before any run: half a spike in 50B tokens, a gamma distribution as wide
as Jeffreys' prior with a mean of 10 in a trillion, between GLM-130B's and LLM360 K2's. Assumed."""
PRIOR_LOG_SHAPE_SIGMA = 1.0
"""Width of the prior of the logarithm of the shape, around a shape of 1. Assumed."""
DIGITS = 4

RECIPES = {
    "modern": "modern: pre-norm, bf16 over fp32 master weights, QK-norm or QK-clip or as careful, long warm-up (2024)",
    "classic": "classic: pre-norm, bf16, without normalised queries and keys (2022)",
    "fragile": "fragile: fp16 with a loss scale, and none of such care (2021)",
}
"""Recipes with their titles, the stablest first."""
SPIKES_SOURCE = "clustersim fit (2026) of the rewinds of published runs: {runs}"
SHAPE_SOURCE = (
    "clustersim fit (2026): shape {shape:.2g} over all {runs} published runs about the means of their recipes,"
    " widened by how little is known of this mean"
)
DIVERGENCE_SOURCE = (
    "clustersim (2026): {diverged} of {runs} published lineages diverged at the start ({names}), Jeffreys"
)


class SpikeRun(NamedTuple):
    """A published run, as far as its loss spikes are told."""

    name: str
    recipe: str
    tokens: float
    rewinds: int


class SpikeFit(NamedTuple):
    """Rates of the recipes, and the shape of the spread of runs about the means of their recipes."""

    rates: Mapping[str, SpikeRate]
    shape: float


def read_spikes(path: Path) -> list[SpikeRun]:
    """Read the published runs."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            SpikeRun(row["run"], row["recipe"], float(row["tokens"]), int(row["rewinds"]))
            for row in csv.DictReader(lines)
            if row["use"] == "fit"
        ]


def fit_spikes(runs: Sequence[SpikeRun]) -> SpikeFit:
    """Fit the mean rate of each recipe and one shape of the spread of runs about it.

    Parameters
    ----------
    runs : sequence of SpikeRun
        Published runs; a recipe without any has the mean of the prior.

    Returns
    -------
    SpikeFit
        Rates with the shape of a *new* run: its relative variance is that of runs about their mean (``1 / k``) and that
        of the mean (``s**2``, from the curvature of the posterior), ``1 / k + s**2 (1 + 1 / k)``.

    Notes
    -----
    Maximum of the marginal likelihood of the negative binomial counts, times the priors above (empirical Bayes). The
    rate is taken to be proportional to tokens; what it owes to size, length or learning rate lies in its spread.

    References
    ----------
    .. [1] Gelman, A. et al. (2013), Bayesian Data Analysis, 3rd ed., section 2.7 (gamma-Poisson rates).
    """
    from scipy.optimize import minimize

    names = [*dict.fromkeys(run.recipe for run in runs)]
    groups = [[run for run in runs if run.recipe == name] for name in names]
    start = [math.log(_pooled(group)) for group in groups]
    found = minimize(lambda theta: -_log_posterior(theta, groups), [*start, 0.0], method="BFGS")
    shape = float(np.exp(found.x[-1]))
    rates = {
        name: SpikeRate(float(np.exp(log_mean)) / TRILLION, _new_run_shape(float(np.exp(log_mean)), shape, group))
        for name, log_mean, group in zip(names, found.x, groups, strict=False)
    }
    return SpikeFit(rates, shape)


def _pooled(group: Sequence[SpikeRun]) -> float:
    """Spikes in a trillion tokens if all runs of a recipe were alike."""
    rewinds, tokens = sum(run.rewinds for run in group), sum(run.tokens for run in group)
    return (rewinds + PRIOR_SHAPE) / ((tokens + PRIOR_TOKENS) / TRILLION)


def _log_posterior(theta: np.ndarray, groups: Sequence[Sequence[SpikeRun]]) -> float:
    """Of the logarithms of the mean rates [1/trillion tokens] and of the shape."""
    shape = math.exp(theta[-1])
    total = -0.5 * (theta[-1] / PRIOR_LOG_SHAPE_SIGMA) ** 2
    for log_mean, group in zip(theta, groups, strict=False):
        mean = math.exp(log_mean)
        total += PRIOR_SHAPE * log_mean - PRIOR_TOKENS / TRILLION * mean
        total += sum(_log_likelihood(run, mean, shape) for run in group)
    return float(total)


def _log_likelihood(run: SpikeRun, mean: float, shape: float) -> float:
    expected = mean * run.tokens / TRILLION
    ways = math.lgamma(run.rewinds + shape) - math.lgamma(shape)
    return ways - shape * math.log1p(expected / shape) - run.rewinds * math.log1p(shape / expected)


def _new_run_shape(mean: float, shape: float, group: Iterable[SpikeRun]) -> float:
    """Shape of the rate of a run that is not among the published ones."""
    expected = [(run.rewinds, mean * run.tokens / TRILLION) for run in group]
    information = sum((count + shape) * shape * each / (shape + each) ** 2 for count, each in expected)
    mean_variance = 1.0 / (information + PRIOR_TOKENS / TRILLION * mean)
    return 1.0 / (1.0 / shape + mean_variance * (1.0 + 1.0 / shape))


def catalogue_rows(spikes: Path, divergences: Path) -> list[Row]:
    """Return the rows of the catalogue table ``recipes``: entry, field, value, source."""
    runs = read_spikes(spikes)
    fit = fit_spikes(runs)
    return [row for name in RECIPES for row in _recipe_rows(name, fit, runs, divergences)]


def _recipe_rows(name: str, fit: SpikeFit, runs: Sequence[SpikeRun], divergences: Path) -> Iterator[Row]:
    told = "; ".join(f"{run.name} {run.rewinds} in {short(run.tokens)}" for run in runs if run.recipe == name)
    rate, source = fit.rates[name], SPIKES_SOURCE.format(runs=told)
    yield name, "title", RECIPES[name], source
    yield name, "spikes_per_trillion_tokens", f"{rate.per_token * TRILLION:.{DIGITS}g}", source
    yield name, "spike_shape", f"{rate.shape:.{DIGITS}g}", SHAPE_SOURCE.format(shape=fit.shape, runs=len(runs))
    with divergences.open(encoding="utf-8", newline="") as lines:
        lineages = [row for row in csv.DictReader(lines) if row["use"] == "fit" and row["recipe"] == name]
    diverged = sum(int(row["diverged"]) for row in lineages)
    names = "; ".join(row["lineage"] for row in lineages)
    source = DIVERGENCE_SOURCE.format(diverged=diverged, runs=len(lineages), names=names)
    yield name, "divergence", f"{(diverged + 0.5) / (len(lineages) + 1.0):.{DIGITS}g}", source
    yield name, "divergence_runs", f"{len(lineages) + 1:g}", source


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit every recipe and write the catalogue table."""
    return write_catalogue_table(
        "Fit the recipes of the catalogue.",
        {
            "spikes": "table of published runs and their rewinds",
            "divergences": "table of published runs that diverged or not",
        },
        catalogue_rows,
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
