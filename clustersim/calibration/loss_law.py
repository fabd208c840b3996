"""Fits the loss laws of the catalogue: ``python -m clustersim.calibration.loss_law --data FILE --out FILE``.

The OLMo ladder laws are fitted to the rows marked ``fit`` of ``validation/published/olmo_ladder_losses.csv``; the rows
marked ``test`` are only used to measure the error of the law's form, never to fit it.
"""

import argparse
import csv
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Row = tuple[str, str, str, str]

DELTA = 1e-3
"""Width of the quadratic part of the Huber loss on log loss (Hoffmann et al. 2022, arXiv 2203.15556, section 3.3)."""
START_GRID = (((4.0, 4.0), (4.0, 7.0), (7.0, 4.0), (7.0, 7.0)), ((0.3, 0.2), (0.5, 0.4)))
"""Starts of the search: log A and log B, then alpha and beta."""
TIGHT = 1e-10
"""Relative tolerance of the search."""
DRAWS = 400
SEED = 20260101
DIGITS = 6
CORPORA = {
    "olmo-ladder-pile": ("pile_nats_per_token", "the Pile (validation)"),
    "olmo-ladder-c4": ("c4_nats_per_token", "C4 English (validation)"),
}
LADDER_COUNT_SOURCE = "OLMo-ladder (2024): without the input embedding, with the output layer"
LADDER_TITLES = {"olmo-ladder-pile": "OLMo ladder, the Pile", "olmo-ladder-c4": "OLMo ladder, C4"}
LADDER_SOURCE = "clustersim fit of the OLMo ladder final losses (Bhagia et al. 2024, arXiv 2412.04403), runs up to 3B"


class Runs(NamedTuple):
    """Final losses of training runs, each an array of shape (runs,)."""

    parameters: Floats
    tokens: Floats
    loss_nats: Floats

    @property
    def flops(self) -> Floats:
        """Training compute 6 N D."""
        return 6.0 * self.parameters * self.tokens


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted law: (E, A, B, alpha, beta) of the best fit (5,) and of each bootstrap draw (draws, 5)."""

    best: Floats
    draws: Floats


def read_runs(path: Path, column: str, use: str) -> Runs:
    """Read the rows of a table of final losses that are marked ``use`` ("fit" or "test")."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["use"] == use]
    return Runs(*(np.array([float(row[name]) for row in rows]) for name in ("parameters", "tokens", column)))


def fit_loss_law(runs: Runs, draws: int = DRAWS, seed: int = SEED) -> Fit:
    """Fit ``L = E + A / N**alpha + B / D**beta`` by a Huber loss on the log loss, with a bootstrap.

    Parameters
    ----------
    runs : Runs
        At least five runs over several sizes and lengths.
    draws : int
        Bootstrap draws.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Fit
        Best fit and draws.

    Notes
    -----
    The bootstrap resamples the residuals of log loss around the best fit and keeps the design (N, D), because a ladder
    is a planned grid of sizes and lengths: resampling whole runs drops corners of the grid and biases the
    extrapolation (median 1 to 2 % below the best fit at 405B parameters). Fits of the ladder cut at 760M, 1B and 3B
    hold 38 of the 42 larger runs in their 90 % interval.

    References
    ----------
    .. [1] Hoffmann, J. et al. (2022). arXiv 2203.15556, section 3.3 and appendix D.3.
    .. [2] Efron, B. and Tibshirani, R. (1993), An Introduction to the Bootstrap, chapter 9.
    """
    starts = [np.array([*scales, 0.3, *powers]) for scales, powers in product(*START_GRID)]
    theta = min((_minimise(runs, start) for start in starts), key=lambda found: found[1])[0]
    fitted = np.exp(_log_loss(theta, runs))
    residuals = np.log(runs.loss_nats / fitted)
    generator = np.random.default_rng(seed)
    resampled = (fitted * np.exp(generator.choice(residuals, len(residuals))) for _ in range(draws))
    thetas = [_minimise(runs._replace(loss_nats=loss), theta)[0] for loss in resampled]
    return Fit(_coefficients(theta), _coefficients(np.array(thetas)))


def held_out_errors(best: Floats, runs: Runs) -> Floats:
    """Relative errors (predicted / measured - 1) of a law on runs it was not fitted to; shape (runs,)."""
    floor, size_scale, data_scale, alpha, beta = best
    predicted = floor + size_scale * runs.parameters**-alpha + data_scale * runs.tokens**-beta
    return np.asarray(predicted / runs.loss_nats - 1.0)


def _coefficients(theta: Floats) -> Floats:
    """(log A, log B, log E, alpha, beta) along the last axis to (E, A, B, alpha, beta)."""
    ordered = theta[..., [2, 0, 1, 3, 4]]
    return np.concatenate([np.exp(ordered[..., :3]), ordered[..., 3:]], axis=-1)


def _log_terms(theta: Floats, runs: Runs) -> Floats:
    size = theta[0] - theta[3] * np.log(runs.parameters)
    data = theta[1] - theta[4] * np.log(runs.tokens)
    return np.stack([size, data, np.full_like(size, theta[2])])


def _log_loss(theta: Floats, runs: Runs) -> Floats:
    terms = _log_terms(theta, runs)
    largest = terms.max(axis=0)
    return np.asarray(largest + np.log(np.exp(terms - largest).sum(axis=0)))


def _log_loss_gradient(theta: Floats, runs: Runs) -> Floats:
    """Gradient of log loss by theta, of shape (runs, 5)."""
    size, data, floor = np.exp(_log_terms(theta, runs) - _log_loss(theta, runs))
    return np.stack([size, data, floor, -size * np.log(runs.parameters), -data * np.log(runs.tokens)], axis=1)


def _minimise(runs: Runs, start: Floats) -> tuple[Floats, float]:
    """Return the minimum of the Huber loss from one start, and its value."""
    from scipy.optimize import least_squares

    measured = np.log(runs.loss_nats)
    found = least_squares(
        lambda theta: _log_loss(theta, runs) - measured,
        start,
        jac=lambda theta: _log_loss_gradient(theta, runs),
        loss="huber",
        f_scale=DELTA,
        x_scale="jac",
        xtol=TIGHT,
        ftol=TIGHT,
        gtol=TIGHT,
        max_nfev=2000,
    )
    return found.x, float(found.cost)


CHINCHILLA = np.array([1.8172, 482.01, 2085.43, 0.3478, 0.3658])
"""Besiroglu et al. (2024), arXiv 2404.10102, table 1: E, A, B, alpha, beta of the refit to 240 digitised runs."""
CHINCHILLA_FLOOR_ERROR = 0.03
"""Standard error of E in the same table."""
CHINCHILLA_BUDGETS = (6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21)
"""Compute budgets of the runs (Hoffmann et al. 2022, arXiv 2203.15556, section 3.2)."""
CHINCHILLA_MAX = {"parameters": 1.62e10, "tokens": 3.2e11, "flops": 1.3e22}
"""Largest digitised run (Besiroglu et al. 2024)."""
CHINCHILLA_SOURCE = "Besiroglu et al. 2024 (arXiv 2404.10102), refit of the Chinchilla runs (arXiv 2203.15556)"


def chinchilla_draws(draws: int = DRAWS, seed: int = SEED) -> Floats:
    """Draws of the Chinchilla law around its published parameters, of shape (draws, 5).

    Notes
    -----
    The digitised points are not redistributed, and the published standard errors say nothing of the correlations that
    the interval lives on. So the covariance is that of a least-squares fit of log loss, linearised, to a grid of runs
    over the published compute budgets, sizes and lengths, with the one noise level (1.25 %) that gives the published
    standard error of E. It then gives those of A, alpha and beta to within 20 %.
    """
    theta = np.concatenate([np.log(CHINCHILLA[[1, 2, 0]]), CHINCHILLA[3:]])
    gradient = _log_loss_gradient(theta, _chinchilla_design())
    unit = np.linalg.inv(gradient.T @ gradient)
    noise_variance = (CHINCHILLA_FLOOR_ERROR / CHINCHILLA[0]) ** 2 / unit[2, 2]
    return _coefficients(np.random.default_rng(seed).multivariate_normal(theta, unit * noise_variance, size=draws))


def _chinchilla_design() -> Runs:
    """Sizes from a sixth to six times the optimum of each compute budget, within the published range."""
    _, size_scale, data_scale, alpha, beta = CHINCHILLA
    ratio = (alpha * size_scale / (beta * data_scale)) ** (1.0 / (alpha + beta))
    budgets = np.array(CHINCHILLA_BUDGETS)[:, None]
    sizes = ratio * (budgets / 6.0) ** (beta / (alpha + beta)) * np.geomspace(1.0 / 6.0, 6.0, 27)
    tokens = budgets / (6.0 * sizes)
    kept = (sizes > 5.7e7) & (sizes < CHINCHILLA_MAX["parameters"]) & (tokens < CHINCHILLA_MAX["tokens"])
    return Runs(sizes[kept], tokens[kept], np.ones(int(kept.sum())))


def catalogue_rows(data: Path, draws: int = DRAWS) -> list[Row]:
    """Return the rows of the catalogue table ``loss_laws``: entry, field, value, source."""
    return [*_ladder_rows(data, draws), *_chinchilla_rows(draws)]


def _ladder_rows(data: Path, draws: int) -> Iterator[Row]:
    fits = {name: fit_loss_law(read_runs(data, column, "fit"), draws) for name, (column, _) in CORPORA.items()}
    tests = {name: read_runs(data, column, "test") for name, (column, _) in CORPORA.items()}
    errors = {name: held_out_errors(fit.best, tests[name]) for name, fit in fits.items()}
    # Pooled over both corpora: two held-out runs a corpus are too few for an error of their own.
    form_error = math.sqrt(float(np.mean(np.square(np.concatenate(list(errors.values()))))))
    for name, (column, corpus) in CORPORA.items():
        runs = read_runs(data, column, "fit")
        decades = math.log10(float(tests[name].flops.max() / runs.flops.max()))
        held_out = ", ".join(f"{100.0 * error:+.2f} %" for error in errors[name])
        yield name, "title", LADDER_TITLES[name], LADDER_SOURCE
        yield name, "corpus", corpus, "OLMo-ladder evaluation sets (github allenai/OLMo-ladder, 2024)"
        yield name, "tokenizer", "dolma2 (100,278 tokens)", "OLMo-ladder configuration (allenai/OLMo-ladder, 2024)"
        yield name, "parameter_count", "no_input_embedding", LADDER_COUNT_SOURCE
        yield from _number_rows(name, fits[name], LADDER_SOURCE)
        yield from _range_rows(
            name,
            (runs.tokens.min(), runs.parameters.max(), runs.tokens.max(), runs.flops.max()),
            "OLMo-ladder, final evaluation of each run (2024)",
        )
        source = f"OLMo-2 7B and 13B held out: here {held_out}; root mean square pooled over the Pile and C4"
        yield name, "form_error.fraction", _digits(form_error), source
        yield name, "form_error.decades", _digits(decades), "OLMo-2 13B, 5T tokens, against the largest ladder run"


def _chinchilla_rows(draws: int) -> Iterator[Row]:
    name = "chinchilla-besiroglu"
    yield name, "title", "Chinchilla (Besiroglu refit)", CHINCHILLA_SOURCE
    yield name, "corpus", "MassiveText (held-out)", "Hoffmann et al. 2022 (arXiv 2203.15556)"
    yield name, "tokenizer", "SentencePiece (32,000 tokens)", "Rae et al. 2021 (arXiv 2112.11446)"
    yield name, "parameter_count", "all", "Hoffmann et al. 2022 (arXiv 2203.15556): embeddings included"
    yield from _number_rows(name, Fit(CHINCHILLA, chinchilla_draws(draws)), CHINCHILLA_SOURCE)
    largest = (CHINCHILLA_MAX["parameters"], CHINCHILLA_MAX["tokens"], CHINCHILLA_MAX["flops"])
    yield from _range_rows(name, (2e9, *largest), "digitised runs (Besiroglu et al. 2024); from 2B tokens by judgement")
    held_out = "clustersim refit of the runs below 3e20 FLOP: mean absolute error 1.00 % on the 63 above (2026)"
    yield name, "form_error.fraction", _digits(0.01 * math.sqrt(math.pi / 2.0)), f"{held_out}, as a normal deviation"
    yield name, "form_error.decades", _digits(math.log10(1.3e22 / 3e20)), held_out


def _number_rows(name: str, fit: Fit, source: str) -> Iterator[Row]:
    for field, value in zip(("E", "A", "B", "alpha", "beta"), fit.best, strict=True):
        yield name, f"best.{field}", _digits(value), source
    rows = (" ".join(map(_digits, draw)) for draw in fit.draws)
    yield name, "draws", ";".join(rows), f"{source}; bootstrap draws of E A B alpha beta (clustersim, 2026)"


def _range_rows(name: str, limits: Sequence[float], source: str) -> Iterator[Row]:
    for field, value in zip(("min_tokens", "max_parameters", "max_tokens", "max_flops"), limits, strict=True):
        yield name, f"fitted.{field}", _digits(value), source


def _digits(value: float) -> str:
    return f"{value:.{DIGITS}g}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit every law and write the catalogue table."""
    parser = argparse.ArgumentParser(description="Fit the loss laws of the catalogue.")
    parser.add_argument("--data", type=Path, required=True, help="table of final losses")
    parser.add_argument("--out", type=Path, required=True, help="catalogue table to write")
    options = parser.parse_args(arguments)
    rows = catalogue_rows(options.data)
    with options.out.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([("entry", "field", "value", "source"), *rows])
    return 0


if __name__ == "__main__":
    sys.exit(main())
