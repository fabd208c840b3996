"""Fits the two laws of the loss under a schedule to the curves of one model."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.learning.schedule_table import ScheduleCurve
from clustersim.learning.loss.curve import ANY, annealing_of, lagged
from clustersim.learning.loss.multi_power import MultiPowerLaw, joined_falls, multi_power_loss
from clustersim.learning.loss.tissue import MEMORY, TissueLaw, annealing_area, falls, tissue_loss

Floats = NDArray[np.float64]

UNIT_STEPS = 1e4
"""Steps at the peak in which areas are counted, so that coefficients are of order one."""
POWERS = (0.05, 2.0)
"""Bounds of the power of the area."""
SHAPE_START = (0.45, -2.2, 0.6, 0.64)
SHAPE_BOUNDS = ((0.05, -9.0, 0.05, 0.0), (2.0, 3.0, 3.0, 1.5))
"""Power of the area, log speed per step at the peak, shape and power of the rate: values of Luo et al. (2025), table 4,
for 25M to 400M, in steps at the peak."""
FEWEST_ROWS = 8
FEWEST_FOR_MULTI_POWER = 2
"""Schedules that a fit of the multi-power law needs: one curve does not tell its seven parameters."""


@dataclass(frozen=True, slots=True)
class ModelLaws:
    """What was fitted to one model.

    Attributes
    ----------
    tissue : TissueLaw
        In learning rates as shares of ``peak``.
    multi_power : MultiPowerLaw or None
        The same; None where there are too few schedules for it.
    peak : float
        Largest learning rate of the fit.
    reach : float
        Largest area of the fit, in steps at the peak.
    warmup_steps : int
        Steps after which the fitted curves were at their peak.
    schedules : int
        Curves of the fit.
    assumed_annealing : bool
        Whether no fitted curve came down, so that what annealing gains is that of other models.
    """

    tissue: TissueLaw
    multi_power: MultiPowerLaw | None
    peak: float
    reach: float
    warmup_steps: int
    schedules: int
    assumed_annealing: bool

    def losses(self, curve: ScheduleCurve) -> tuple[Floats, Floats]:
        """Loss at the rows of a curve [nats/token]: mean of the laws, and half of what they differ by."""
        share = curve.rates / self.peak
        first = tissue_loss(self.tissue, share)[curve.steps - 1]
        if self.assumed_annealing:
            return first * _assumed_annealing(share)[curve.steps - 1], np.zeros_like(first)
        if self.multi_power is None:
            return first, np.zeros_like(first)
        second = multi_power_loss(self.multi_power, share, curve.steps)
        return 0.5 * (first + second), 0.5 * np.abs(first - second)

    def beyond(self, curve: ScheduleCurve) -> Floats:
        """Logarithm of the area over the largest fitted one, at the rows of a curve; 0 within."""
        area = np.cumsum(curve.rates)[curve.steps - 1] / self.peak
        return np.asarray(np.log(np.maximum(area / self.reach, 1.0)))


def fit_model(curves: Sequence[ScheduleCurve], memory: float = MEMORY) -> ModelLaws | None:
    """Fit the laws to the curves of one model, by least squares; every curve weighs the same.

    Parameters
    ----------
    curves : sequence of ScheduleCurve
        With known losses only.
    memory : float
        Decay of Tissue's annealing momentum per step.

    Returns
    -------
    ModelLaws or None
        None for fewer rows than :data:`FEWEST_ROWS`.

    Notes
    -----
    Both laws are linear in floor, scale and annealing; only what is left is searched (variable projection, Golub and
    Pereyra 1973), which makes the search of the multi-power law one of four numbers instead of seven.
    """
    curves = [curve for curve in curves if len(curve.steps)]
    if sum(len(curve.steps) for curve in curves) < FEWEST_ROWS:
        return None
    peak = max(float(curve.rates.max()) for curve in curves)
    falling = any(_falls_within(curve) for curve in curves)
    tissue = _fit_tissue(curves, peak, memory) if falling else _fit_area(curves, peak, memory)
    enough = falling and len(curves) >= FEWEST_FOR_MULTI_POWER
    return ModelLaws(
        tissue,
        _fit_multi_power(curves, peak) if enough else None,
        peak,
        max(float(curve.rates[: curve.steps[-1]].sum()) for curve in curves) / peak,
        min(int(np.argmax(curve.rates >= curve.rates.max() * (1.0 - 1e-9))) + 1 for curve in curves),
        len(curves),
        not falling,
    )


def _falls_within(curve: ScheduleCurve) -> bool:
    return bool(np.any(falls(curve.rates[: curve.steps[-1]]) > 0.0))


def _assumed_annealing(share: Floats) -> Floats:
    """Factor by which a lower learning rate lowers the loss, by the constants of other models."""
    annealing = annealing_of(ANY)
    late = np.maximum(lagged(np.arange(1.0, len(share) + 1.0), share, annealing.lag), 0.0)
    power = annealing.exponent
    return np.exp(annealing.strength * (np.minimum(late, 1.0) ** power - 1.0) / power)


def _areas(curve: ScheduleCurve, peak: float) -> Floats:
    return np.asarray(np.cumsum(curve.rates)[curve.steps - 1] / (peak * UNIT_STEPS))


def _project(curves: Sequence[ScheduleCurve], columns: Sequence[list[Floats]]) -> tuple[Floats, Floats]:
    """Coefficients of the columns by least squares, and the weighted residuals."""
    weights = [1.0 / math.sqrt(len(curve.steps)) for curve in curves]
    design = np.concatenate([np.stack(own, axis=1) * w for own, w in zip(columns, weights, strict=True)])
    measured = np.concatenate([curve.loss_nats * w for curve, w in zip(curves, weights, strict=True)])
    found = np.linalg.lstsq(design, measured, rcond=None)[0]
    return found, design @ found - measured


def _best_power(cost: Callable[[float], float]) -> float:
    from scipy.optimize import minimize_scalar

    return float(minimize_scalar(cost, bounds=POWERS, method="bounded").x)


def _fit_tissue(curves: Sequence[ScheduleCurve], peak: float, memory: float) -> TissueLaw:
    areas = [_areas(curve, peak) for curve in curves]
    down = [annealing_area(curve.rates, memory)[curve.steps - 1] / (peak * UNIT_STEPS) for curve in curves]

    def columns(power: float) -> list[list[Floats]]:
        return [[np.ones_like(a), a**-power, -d] for a, d in zip(areas, down, strict=True)]

    power = _best_power(lambda tried: float(np.sum(_project(curves, columns(tried))[1] ** 2)))
    floor, scale, gain = _project(curves, columns(power))[0].tolist()
    return TissueLaw(floor, scale, power, gain, memory, UNIT_STEPS)


def _fit_area(curves: Sequence[ScheduleCurve], peak: float, memory: float) -> TissueLaw:
    curves = [
        replace(curve, loss_nats=curve.loss_nats / _assumed_annealing(curve.rates / peak)[curve.steps - 1])
        for curve in curves
    ]
    areas = [_areas(curve, peak) for curve in curves]

    def columns(power: float) -> list[list[Floats]]:
        return [[np.ones_like(a), a**-power] for a in areas]

    power = _best_power(lambda tried: float(np.sum(_project(curves, columns(tried))[1] ** 2)))
    floor, scale = _project(curves, columns(power))[0].tolist()
    return TissueLaw(floor, scale, power, 0.0, memory, UNIT_STEPS)


def _fit_multi_power(curves: Sequence[ScheduleCurve], peak: float) -> MultiPowerLaw:
    from scipy.optimize import least_squares

    areas = [_areas(curve, peak) for curve in curves]
    joined = [joined_falls(curve.rates / peak) for curve in curves]

    def columns(shape: Floats) -> list[list[Floats]]:
        power, speed, saturation, rate_power = shape
        paid = [
            _paid(area * UNIT_STEPS, own, math.exp(speed), saturation, rate_power)
            for area, own in zip(areas, joined, strict=True)
        ]
        return [[np.ones_like(a), a**-power, -p] for a, p in zip(areas, paid, strict=True)]

    found = least_squares(
        lambda shape: _project(curves, columns(shape))[1],
        SHAPE_START,
        bounds=SHAPE_BOUNDS,
        x_scale=(0.1, 1.0, 0.2, 0.2),
        max_nfev=60,
    ).x
    floor, scale, gain = _project(curves, columns(found))[0].tolist()
    power, speed, saturation, rate_power = found.tolist()
    return MultiPowerLaw(floor, scale * UNIT_STEPS**power, power, gain, math.exp(speed), saturation, rate_power)


def _paid(here: Floats, joined: tuple[Floats, Floats, Floats], speed: float, shape: float, rate_power: float) -> Floats:
    fall, fallen_to, before = joined
    since = np.maximum(here[:, None] - before, 0.0)
    reached = 1.0 - (speed * np.maximum(fallen_to, 1e-12) ** -rate_power * since + 1.0) ** -shape
    return np.asarray((reached * fall).sum(axis=1))
