"""Fits the loss under schedules: ``python -m clustersim.calibration.learning.schedules --data FILE --out FILE``.

The rows marked ``fit`` of ``validation/published/schedule_curves.csv``: three schedules of models of 25M, 100M and 400M
parameters (Luo et al. 2025, arXiv 2503.12811). Widths of the intervals come from leaving out one of them, and from
forecasting the last part of all from the first.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.learning.command import write_catalogue_table
from clustersim.calibration.learning.schedule_fit import ModelLaws, fit_model
from clustersim.calibration.learning.schedule_table import (
    CurveTable,
    Row,
    ScheduleCurve,
    faults,
    read_curves,
    schedule_curve,
)
from clustersim.catalog import entries, entry
from clustersim.learning.loss.multi_power import MultiPowerLaw
from clustersim.learning.loss.schedule_laws import TABLE, WIDTHS, multi_power_laws
from clustersim.learning.loss.tissue import MEMORY, TissueLaw
from clustersim.tables.csv_lines import TableError

Floats = NDArray[np.float64]
CatalogueRow = tuple[str, str, str, str]

MEMORIES = (0.999, 0.9985, 0.998, 0.997)
CUTS = (0.5, 2.0 / 3.0)
"""Shares of the longest curve after which its rest is forecast, for the growth of the error beyond the fit."""
FAR = 0.1
"""Least distance beyond the fitted area (logarithm) from which the growth of the error is read."""
ENOUGH = 3
"""Schedules of a model from which leaving one out measures its own error."""
WITHIN = 0.9
DRAWS = 40
BLOCK = 15
"""Rows of a curve whose residuals are drawn together: they are correlated along it."""
SEED = 20260101
DIGITS = 6
SOURCE = (
    "clustersim fit of cosine_24000, constant_24000 and wsdcon_9 (Luo et al. 2025, arXiv 2503.12811; github "
    "thu-yao-01-luo/MultiPowerLaw, MIT, commit 8da9f19), 2026"
)


@dataclass(frozen=True, slots=True)
class Widths:
    """Half-widths of 90 % intervals [nats/token].

    Attributes
    ----------
    several, one, no_fall : float
        Within the fitted area: for fits to several schedules, to one that comes down, and to none that does.
    beyond, one_beyond : float
        What is added per unit of the logarithm of the area over the largest fitted one: for fits to several schedules
        (and to none that comes down), and for those to one.
    """

    several: float
    one: float
    no_fall: float
    beyond: float
    one_beyond: float

    def half_width(self, laws: ModelLaws, curve: ScheduleCurve) -> Floats:
        """Half-width at the rows of a curve; what the two laws differ by widens it."""
        inside, growth = self.several, self.beyond
        if laws.assumed_annealing:
            inside = self.no_fall
        elif laws.schedules == 1:
            inside, growth = self.one, self.one_beyond
        _, differ = laws.losses(curve)
        return np.hypot(inside + growth * laws.beyond(curve), differ)


@dataclass(frozen=True, slots=True)
class ScheduleFit:
    """Laws by model, and how far they are to be trusted."""

    models: Mapping[str, ModelLaws]
    widths: Widths


def fit_schedules(curves: Sequence[ScheduleCurve], shipped: Widths | None = None) -> ScheduleFit:
    """Fit every model of some curves.

    Parameters
    ----------
    curves : sequence of ScheduleCurve
        Curves with their losses.
    shipped : Widths, optional
        Widths of another fit, for models with too few schedules to measure their own; required where no model has
        :data:`ENOUGH`.

    Returns
    -------
    ScheduleFit
        Models with enough rows, and widths. Nothing but these curves takes part, but for ``shipped``.
    """
    by_model: dict[str, list[ScheduleCurve]] = {}
    for curve in (curve.measured() for curve in curves):
        if len(curve.steps):
            by_model.setdefault(curve.model, []).append(curve)
    many = [own for own in by_model.values() if len(own) >= ENOUGH and any(_left_out(own, MEMORY))]
    memory = min(MEMORIES, key=lambda tried: _left_out_error(many, tried)) if many else MEMORY
    fitted = {name: fit_model(own, memory) for name, own in by_model.items()}
    models = {name: laws for name, laws in fitted.items() if laws is not None}
    if many:
        return ScheduleFit(models, _widths(many, memory, shipped))
    if shipped is None:
        msg = f"no model has {ENOUGH} schedules, and no widths are given"
        raise ValueError(msg)
    return ScheduleFit(models, shipped)


def _left_out_error(many: Sequence[Sequence[ScheduleCurve]], memory: float) -> float:
    return float(np.mean(np.concatenate([error for own in many for error, _ in _left_out(own, memory)])))


def _left_out(own: Sequence[ScheduleCurve], memory: float) -> Iterator[tuple[Floats, Floats]]:
    """Excess errors and distances beyond the fit of each curve of a model, from the others."""
    for out in own:
        laws = fit_model([curve for curve in own if curve is not out], memory)
        if laws is not None:
            yield _excess_error(laws, out), laws.beyond(out)


def _from_one(own: Sequence[ScheduleCurve], memory: float, *, assumed: bool) -> Iterator[tuple[Floats, Floats]]:
    """Excess errors and distances of the other curves from one alone: one that comes down, or one that does not."""
    for alone in own:
        laws = fit_model([alone], memory)
        if laws is not None and laws.assumed_annealing is assumed:
            for other in own:
                if other is not alone:
                    yield _excess_error(laws, other), laws.beyond(other)


def _excess_error(laws: ModelLaws, curve: ScheduleCurve) -> Floats:
    """Absolute error beyond what the two laws differ by, in quadrature."""
    loss, differ = laws.losses(curve)
    return np.asarray(np.sqrt(np.maximum((loss - curve.loss_nats) ** 2 - differ**2, 0.0)))


def _widths(many: Sequence[Sequence[ScheduleCurve]], memory: float, shipped: Widths | None) -> Widths:
    otherwise = shipped or Widths(*(0.0 for _ in fields(Widths)))
    several = _within([part for own in many for part in _left_out(own, memory)], otherwise.several)
    ones = [part for own in many for part in _from_one(own, memory, assumed=False)]
    flats = [part for own in many for part in _from_one(own, memory, assumed=True)]
    one = max(several, _within(ones, otherwise.one))
    cut = [part for own in many for part in _cut_short(own, memory)]
    beyond = _growth(cut, several, otherwise.beyond)
    return Widths(
        several,
        one,
        max(several, _within(flats, otherwise.no_fall)),
        beyond,
        max(beyond, _growth(ones, one, otherwise.one_beyond)),
    )


def _within(parts: Sequence[tuple[Floats, Floats]], otherwise: float) -> float:
    """Quantile of the errors within the fitted area."""
    return _quantile([error[beyond == 0.0] for error, beyond in parts], otherwise)


def _growth(parts: Sequence[tuple[Floats, Floats]], inside: float, otherwise: float) -> float:
    """Quantile of the error over the width within, per unit of distance beyond the fitted area."""
    far = [(error[beyond > FAR], beyond[beyond > FAR]) for error, beyond in parts]
    return _quantile([np.maximum(error - inside, 0.0) / beyond for error, beyond in far], otherwise)


def _quantile(parts: Sequence[Floats], otherwise: float) -> float:
    joined = np.concatenate([np.zeros(0), *parts])
    return float(np.quantile(joined, WITHIN)) if len(joined) else otherwise


def _cut_short(own: Sequence[ScheduleCurve], memory: float) -> Iterator[tuple[Floats, Floats]]:
    """Excess errors and distances of the last part of all curves of a model from the first."""
    longest = max(int(curve.steps[-1]) for curve in own)
    for cut in CUTS:
        laws = fit_model([curve.until(int(cut * longest)) for curve in own], memory)
        if laws is None:
            continue
        yield from ((_excess_error(laws, curve), laws.beyond(curve)) for curve in own)


def curves_of(table: CurveTable, warmup_steps: Mapping[str, int] | None = None) -> list[ScheduleCurve]:
    """Curves of a table, those without any learning rate left out."""
    warm = warmup_steps or {}
    found = (schedule_curve(rows, warm.get(model)) for (model, _), rows in table.curves().items())
    return [curve for curve in found if curve is not None]


def fit_file(path: Path) -> ScheduleFit:
    """Fit the models of a user's table.

    Raises
    ------
    TableError
        If a row of it cannot be read, or no row can be fitted; all faults at once.
    """
    table = read_curves(path)
    wrong = faults(table, with_loss=True)
    if wrong:
        raise TableError("\n".join(wrong))
    curves = [curve.measured() for curve in curves_of(table)]
    fit = fit_schedules(curves, shipped_fit().widths) if curves else None
    if fit is None or not fit.models:
        msg = f"{path}:1: no model has rows enough to fit, with step, lr and loss past the warm-up"
        raise TableError(msg)
    return fit


def shipped_fit() -> ScheduleFit:
    """The fit of the catalogue, by model name."""
    values = entry(TABLE, WIDTHS).values
    widths = Widths(*(float(values[field.name].text) for field in fields(Widths)))
    return ScheduleFit({name: _shipped(name) for name in entries(TABLE) if name != WIDTHS}, widths)


def _shipped(name: str) -> ModelLaws:
    values = {field: float(value.text) for field, value in entry(TABLE, name).values.items()}
    tissue = TissueLaw(*(values[f"tissue.{field.name}"] for field in fields(TissueLaw)))
    return ModelLaws(
        tissue,
        multi_power_laws()[name],
        values["peak"],
        values["reach"],
        int(values["warmup_steps"]),
        int(values["schedules"]),
        assumed_annealing=False,
    )


def read_published(path: Path, use: str) -> list[ScheduleCurve]:
    """Curves of the curated table that are marked ``use`` ("fit" or "test")."""
    table = read_curves(path)
    rows: list[Row] = [row for row in table.rows if row.cells["use"] == use]
    return curves_of(CurveTable(path, table.columns, tuple(rows)))


def catalogue_rows(data: Path, draws: int = DRAWS) -> list[CatalogueRow]:
    """Return the rows of the catalogue table ``schedule_laws``: entry, field, value, source."""
    curves = read_published(data, "fit")
    fit = fit_schedules(curves)
    rows: list[CatalogueRow] = []
    for name, laws in fit.models.items():
        own = [curve.measured() for curve in curves if curve.model == name]
        rows += _model_rows(name, laws, parameter_errors(own, laws, draws))
    return [*rows, *_width_rows(fit.widths)]


def parameter_errors(own: Sequence[ScheduleCurve], laws: ModelLaws, draws: int, seed: int = SEED) -> dict[str, float]:
    """Standard deviations of a model's parameters, by a bootstrap of blocks of residuals along each curve."""
    generator = np.random.default_rng(seed)
    drawn: list[dict[str, float]] = []
    for _ in range(draws):
        again = fit_model([_resampled(curve, laws, generator) for curve in own], laws.tissue.memory)
        drawn.append(_parameters(again) if again is not None else {})
    return (
        {name: float(np.std([one[name] for one in drawn], ddof=1)) for name in _parameters(laws)} if draws > 1 else {}
    )


def _resampled(curve: ScheduleCurve, laws: ModelLaws, generator: np.random.Generator) -> ScheduleCurve:
    loss, _ = laws.losses(curve)
    residuals, count = curve.loss_nats - loss, len(loss)
    starts = generator.integers(0, max(1, count - BLOCK), size=-(-count // BLOCK))
    picked = np.concatenate([np.arange(start, start + BLOCK) for start in starts.tolist()])[:count] % count
    return ScheduleCurve(curve.model, curve.schedule, curve.rates, curve.steps, loss + residuals[picked], curve.rows)


def _parameters(laws: ModelLaws) -> dict[str, float]:
    fitted = {f"tissue.{field.name}": getattr(laws.tissue, field.name) for field in fields(TissueLaw)}
    if laws.multi_power is not None:
        fitted |= {f"multi_power.{f.name}": getattr(laws.multi_power, f.name) for f in fields(MultiPowerLaw)}
    return fitted


def _model_rows(name: str, laws: ModelLaws, errors: Mapping[str, float]) -> Iterator[CatalogueRow]:
    yield name, "title", f"Llama-2-style model of {name} parameters, peak {laws.peak:g}", SOURCE
    for field, value in _parameters(laws).items():
        error = errors.get(field, 0.0)
        spread = f"; standard deviation {error:.2g} (block bootstrap)" if error else ""
        yield name, field, _digits(value), f"{SOURCE}{spread}"
    for field in ("peak", "reach", "warmup_steps", "schedules"):
        yield name, field, _digits(getattr(laws, field)), SOURCE


def _width_rows(widths: Widths) -> Iterator[CatalogueRow]:
    yield WIDTHS, "title", "half-widths of 90 % intervals", SOURCE
    how = {
        "several": "each schedule from the other two",
        "one": "two schedules from the third, where that comes down",
        "no_fall": "two schedules from the constant one and the annealing constants of other models",
        "one_beyond": "two schedules from the third, beyond its area",
        "beyond": "the last half and third of all schedules from what came before",
    }
    for field, said in how.items():
        yield WIDTHS, field, f"{getattr(widths, field):.3g}", f"{SOURCE}: {said}; 90 % of the errors lie within"


def _digits(value: float) -> str:
    return f"{value:.{DIGITS}g}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit the schedule laws and write the catalogue table."""
    return write_catalogue_table(
        "Fit the laws of the loss under schedules.", {"data": "table of loss curves"}, catalogue_rows, arguments
    )


if __name__ == "__main__":
    sys.exit(main())
