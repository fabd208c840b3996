"""The Chinchilla law with its uncertainty, from published parameters: its runs are not redistributed."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.learning.law_rows import Row, draw_rows, number_row, range_rows
from clustersim.calibration.learning.runs import Runs

Floats = NDArray[np.float64]

NAME = "chinchilla-besiroglu"
COEFFICIENTS = np.array([1.8172, 482.01, 2085.43, 0.3478, 0.3658])
"""Besiroglu et al. (2024), arXiv 2404.10102, table 1: E, A, B, alpha, beta of the refit to 240 digitised runs."""
FLOOR_ERROR = 0.03
"""Standard error of E in the same table."""
BUDGETS = (6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21)
"""Compute budgets of the runs (Hoffmann et al. 2022, arXiv 2203.15556, section 3.2)."""
LARGEST = {"parameters": 1.62e10, "tokens": 3.2e11, "flops": 1.3e22}
"""Largest digitised run (Besiroglu et al. 2024)."""
MEAN_ERROR, ERROR_FROM_FLOPS = 0.01, 3e20
"""Mean absolute error of a refit of the runs below so much compute on the 63 above (clustersim, 2026)."""
SOURCE = "Besiroglu et al. 2024 (arXiv 2404.10102), refit of the Chinchilla runs (arXiv 2203.15556)"


def chinchilla_draws(draws: int, seed: int) -> Floats:
    """Draws of the Chinchilla law around its published parameters, of shape (draws, 6).

    Notes
    -----
    The digitised points are not redistributed, and the published standard errors say nothing of the correlations that
    the interval lives on. So the covariance is that of a least-squares fit of log loss, linearised, to a grid of runs
    over the published compute budgets, sizes and lengths, with the one noise level (1.25 %) that gives the published
    standard error of E. It then gives those of A, alpha and beta to within 20 %.
    """
    theta = np.concatenate([np.log(COEFFICIENTS[[1, 2, 0]]), COEFFICIENTS[3:]])
    gradient = _log_loss_gradient(_design())
    unit = np.linalg.inv(gradient.T @ gradient)
    noise_variance = (FLOOR_ERROR / COEFFICIENTS[0]) ** 2 / unit[2, 2]
    drawn = np.random.default_rng(seed).multivariate_normal(theta, unit * noise_variance, size=draws)
    size, data, floor, alpha, beta = drawn.T
    return np.stack([np.exp(floor), np.exp(size), np.exp(data), alpha, beta, np.ones(draws)], axis=-1)


def chinchilla_rows(draws: int, seed: int) -> Iterator[Row]:
    """Rows of the catalogue: entry, field, value, source."""
    yield NAME, "title", "Chinchilla (Besiroglu refit)", SOURCE
    yield NAME, "corpus", "MassiveText (held-out)", "Hoffmann et al. 2022 (arXiv 2203.15556)"
    yield NAME, "tokenizer", "SentencePiece (32,000 tokens)", "Rae et al. 2021 (arXiv 2112.11446)"
    yield NAME, "parameter_count", "all", "Hoffmann et al. 2022 (arXiv 2203.15556): embeddings included"
    yield from draw_rows(NAME, {"hoffmann": chinchilla_draws(draws, seed)}, SOURCE)
    largest = (LARGEST["parameters"], LARGEST["tokens"], LARGEST["flops"])
    yield from range_rows(NAME, (2e9, *largest), "digitised runs (Besiroglu et al. 2024); from 2B tokens by judgement")
    held_out = (
        f"clustersim refit of runs below {ERROR_FROM_FLOPS:.0e} FLOP: mean absolute error {100.0 * MEAN_ERROR:.2f} % "
        "on the 63 above (2026)"
    )
    deviation = MEAN_ERROR * np.sqrt(np.pi / 2.0)
    yield number_row(NAME, "residual.fraction", deviation, f"{held_out}, as a normal deviation; one form only")
    yield number_row(NAME, "residual.decades", np.log10(LARGEST["flops"] / ERROR_FROM_FLOPS), held_out)
    yield number_row(
        NAME, "residual.scatter", 0.0125, "noise of the digitised runs that gives the published error of E"
    )


def _log_loss_gradient(runs: Runs) -> Floats:
    """Gradient of log loss by (log A, log B, log E, alpha, beta), of shape (runs, 5)."""
    floor, size_scale, data_scale, alpha, beta = COEFFICIENTS
    size, data = size_scale * runs.parameters**-alpha, data_scale * runs.tokens**-beta
    terms = np.stack(
        [size, data, np.full_like(size, floor), -size * np.log(runs.parameters), -data * np.log(runs.tokens)], axis=1
    )
    return np.asarray(terms / (floor + size + data)[:, None])


def _design() -> Runs:
    """Sizes from a sixth to six times the optimum of each compute budget, within the published range."""
    _, size_scale, data_scale, alpha, beta = COEFFICIENTS
    ratio = (alpha * size_scale / (beta * data_scale)) ** (1.0 / (alpha + beta))
    budgets = np.array(BUDGETS)[:, None]
    sizes = ratio * (budgets / 6.0) ** (beta / (alpha + beta)) * np.geomspace(1.0 / 6.0, 6.0, 27)
    tokens = budgets / (6.0 * sizes)
    kept = (sizes > 5.7e7) & (sizes < LARGEST["parameters"]) & (tokens < LARGEST["tokens"])
    return Runs(sizes[kept], tokens[kept], np.ones(int(kept.sum())))
