"""Fits the forms of the loss law to final losses: many searches at once, so that a bootstrap takes a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.learning.runs import Runs

Floats = NDArray[np.float64]

DELTA = 1e-3
"""Width of the quadratic part of the Huber loss on log loss (Hoffmann et al. 2022, arXiv 2203.15556, section 3.3)."""
COARSE_DELTA = 0.02
"""The same for the search from afar, whose valley is smoother."""
COARSE_STEPS, FINE_STEPS, REFINED = 60, 400, 6
"""Steps of the coarse and of the fine search, and how many of the best starts are searched finely."""
STALLED_STEPS = 8
TIGHT = 1e-9
"""Relative gain of a step below which it does not count; after so many such steps a search ends."""
LARGEST_STEP = 2.0
"""Largest change of a logarithm in one step."""

SIZE_UNIT, DATA_UNIT = 1e9, 3e10
"""Model size and tokens about which the fit is written, so that its numbers are of one magnitude."""

FLOORLESS = -50.0
"""Logarithm of the floor of a form that has none."""

USUAL_POWER, FLOORLESS_POWER = 0.3, 0.08
"""Where the searches lean, by as little as ``ridge``: exponents of published laws with a floor (0.22 to 0.37:
Chinchilla, its refit, Muennighoff, Llama 3, OLMo) and without (Kaplan: 0.076 and 0.103)."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """How a form's free numbers make up theta: (log E, log A', log alpha, log B', log beta, log gamma).

    ``A'`` and ``B'`` are the two terms at :data:`SIZE_UNIT` and :data:`DATA_UNIT`.
    """

    matrix: Floats
    offset: Floats
    powers: tuple[int, ...]
    """Places of theta that are logarithms of free powers."""
    power: float = USUAL_POWER
    floor: bool = True


def _shape(rows: list[tuple[int, ...]], powers: tuple[int, ...], *, floor: bool = True) -> Shape:
    """For each free number, the places of theta that it fills."""
    matrix = np.zeros((6, len(rows)))
    for column, places in enumerate(rows):
        matrix[list(places), column] = 1.0
    offset = np.zeros(6) if floor else np.array([FLOORLESS, 0.0, 0.0, 0.0, 0.0, 0.0])
    return Shape(matrix, offset, powers, USUAL_POWER if floor else FLOORLESS_POWER, floor)


SHAPES: Mapping[str, Shape] = {
    "hoffmann": _shape([(0,), (1,), (2,), (3,), (4,)], (2, 4)),
    "gadre": _shape([(0,), (1,), (2, 4), (3,)], (2, 4)),
    "kaplan_floor": _shape([(0,), (1,), (2,), (3,), (4, 5)], (2, 4)),
    "joint": _shape([(0,), (1,), (2,), (3,), (4,), (5,)], (2, 4, 5)),
    "kaplan": _shape([(1,), (2,), (3,), (4, 5)], (2, 4), floor=False),
}
"""Shapes by name of the form (:data:`clustersim.learning.loss.forms.FORMS`)."""


def fit_form(form: str, runs: Runs, ridge: float = 0.0, delta: float = DELTA) -> Floats:
    """Coefficients of the best fit of a form, by a Huber loss on log loss from many starts.

    Parameters
    ----------
    form : str
        Name of the form.
    runs : Runs
        Final losses over several sizes and lengths.
    ridge : float
        How much a fit leans to the usual exponents, in units of log loss per unit of the logarithm of an exponent; it
        keeps apart what few sizes cannot tell apart.
    delta : float
        Width of the quadratic part of the Huber loss.

    Returns
    -------
    ndarray of shape (6,)
        E, A, B, alpha, beta, gamma.

    References
    ----------
    .. [1] Hoffmann, J. et al. (2022). arXiv 2203.15556, section 3.3 and appendix D.3.
    """
    best: Floats = _coefficients(SHAPES[form], _best(form, runs, ridge, delta)[None])[0]
    return best


def bootstrap_form(
    form: str, runs: Runs, draws: int, generator: np.random.Generator, ridge: float = 0.0, delta: float = DELTA
) -> Floats:
    """Coefficients of fits to resampled runs, of shape (draws, 6).

    Notes
    -----
    The bootstrap resamples the residuals of log loss around the best fit and keeps the design (N, D), because a ladder
    is a planned grid of sizes and lengths: resampling whole runs drops corners of the grid and biases the
    extrapolation (median 1 to 2 % below the best fit at 405B parameters).

    References
    ----------
    .. [1] Efron, B. and Tibshirani, R. (1993), An Introduction to the Bootstrap, chapter 9.
    """
    shape, design = SHAPES[form], _design(runs)
    best = _best(form, runs, ridge, delta)
    fitted = _log_loss(shape, best[None], design)[0][0]
    residuals = np.log(runs.loss_nats) - fitted
    resampled = fitted + generator.choice(residuals, (draws, len(residuals)))
    found, _ = _minimise(shape, np.tile(best, (draws, 1)), design, resampled, ridge, delta, FINE_STEPS)
    return _coefficients(shape, found)


def _best(form: str, runs: Runs, ridge: float, delta: float) -> Floats:
    """Free numbers of the best fit."""
    shape, design, measured = SHAPES[form], _design(runs), np.log(runs.loss_nats)[None]
    starts = _starts(form, float(measured.mean()))
    far, cost = _minimise(shape, starts, design, measured, ridge, COARSE_DELTA, COARSE_STEPS)
    near, cost = _minimise(shape, far[np.argsort(cost)[:REFINED]], design, measured, ridge, delta, FINE_STEPS)
    best: Floats = near[cost.argmin()]
    return best


def _starts(form: str, level: float) -> Floats:
    """Starts of the search, about a mean log loss."""
    if not SHAPES[form].floor:
        grid = product((0.3, 0.55), np.log((0.05, 0.1, 0.17)), (0.8,))
        return np.array([(level - 0.5 + first, power, level - 0.9 + second, power) for first, power, second in grid])
    starts: list[tuple[float, ...]] = []
    for floor, power, data in product((-3.0, 0.0, 0.3, 0.6), np.log((0.15, 0.3, 0.5)), (-1.5, -0.5)):
        start = (level - 1.2 + floor, -0.7, power, data, power)
        if form == "joint":
            starts += [(*start, np.log(joint)) for joint in (0.25, 0.6)]
        else:
            starts.append(start[: SHAPES[form].matrix.shape[1]])
    return np.array(starts)


def _design(runs: Runs) -> tuple[Floats, Floats]:
    return np.log(runs.parameters / SIZE_UNIT), np.log(runs.tokens / DATA_UNIT)


def _log_loss(shape: Shape, free: Floats, design: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Log loss of shape (searches, runs), and its gradient by the free numbers (searches, runs, numbers)."""
    size, data = design
    theta = free @ shape.matrix.T + shape.offset
    floor, at_size, log_alpha, at_data, log_beta, log_gamma = (column[:, None] for column in theta.T)
    alpha, beta, gamma = np.exp(log_alpha), np.exp(log_beta), np.exp(log_gamma)
    first, second = at_size - alpha * size, at_data - beta * data
    joined = np.logaddexp(first / gamma, second / gamma)
    share = np.exp(first / gamma - joined)
    above = gamma * joined
    log_loss = np.logaddexp(floor, above)
    slope = np.exp(above - log_loss)
    by_first, by_second = slope * share, slope * (1.0 - share)
    gradient = np.stack(
        [
            1.0 - slope,
            by_first,
            -by_first * alpha * size,
            by_second,
            -by_second * beta * data,
            slope * (above - (share * first + (1.0 - share) * second)),
        ],
        axis=-1,
    )
    return log_loss, gradient @ shape.matrix


def _minimise(
    shape: Shape, free: Floats, design: tuple[Floats, Floats], measured: Floats, ridge: float, delta: float, steps: int
) -> tuple[Floats, Floats]:
    """Levenberg-Marquardt searches side by side, with the weights of the Huber loss; free numbers and costs."""
    pull = np.zeros(6)
    pull[list(shape.powers)] = ridge
    target = np.where(pull > 0.0, np.log(shape.power), 0.0)
    pulled = pull[:, None] * shape.matrix

    def look(at: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        log_loss, gradient = _log_loss(shape, at, design)
        residual = log_loss - measured
        leaning = (at @ shape.matrix.T + shape.offset - target) * pull
        size = np.abs(residual)
        huber = np.where(size <= delta, 0.5 * residual**2, delta * (size - 0.5 * delta))
        return huber.sum(axis=1) + 0.5 * (leaning**2).sum(axis=1), residual, gradient, leaning

    free = free.copy()
    cost, residual, gradient, leaning = look(free)
    damping = np.full(len(free), 1e-2)
    stalled = np.zeros(len(free), dtype=int)
    diagonal = np.arange(free.shape[1])
    for _ in range(steps):
        weight = np.minimum(1.0, delta / np.maximum(np.abs(residual), 1e-300))
        curvature = np.einsum("bri,br,brj->bij", gradient, weight, gradient) + pulled.T @ pulled
        downhill = np.einsum("bri,br->bi", gradient, weight * residual) + leaning @ pulled
        curvature[:, diagonal, diagonal] *= 1.0 + damping[:, None]
        curvature[:, diagonal, diagonal] += 1e-14
        step = np.linalg.solve(curvature, -downhill[..., None])[..., 0]
        step *= np.minimum(1.0, LARGEST_STEP / np.maximum(np.abs(step).max(axis=1), 1e-300))[:, None]
        tried = look(free + step)
        better = tried[0] < cost
        stalled = np.where(better & (cost - tried[0] > TIGHT * cost), 0, stalled + 1)
        free[better] += step[better]
        cost = np.where(better, tried[0], cost)
        residual = np.where(better[:, None], tried[1], residual)
        gradient = np.where(better[:, None, None], tried[2], gradient)
        leaning = np.where(better[:, None], tried[3], leaning)
        damping = np.where(better, np.maximum(damping / 3.0, 1e-9), np.minimum(damping * 4.0, 1e6))
        if (stalled > STALLED_STEPS).all():
            break
    return free, cost


def _coefficients(shape: Shape, free: Floats) -> Floats:
    """Free numbers to (E, A, B, alpha, beta, gamma)."""
    theta = free @ shape.matrix.T + shape.offset
    alpha, beta, gamma = np.exp(theta[:, [2, 4, 5]]).T
    floor = np.exp(theta[:, 0]) if shape.floor else np.zeros(len(theta))
    size, data = np.exp(theta[:, 1]) * SIZE_UNIT**alpha, np.exp(theta[:, 3]) * DATA_UNIT**beta
    return np.stack([floor, size, data, alpha, beta, gamma], axis=-1)
