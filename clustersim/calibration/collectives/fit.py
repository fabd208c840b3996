"""Fits the rates of the collectives to measured times."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clustersim.calibration.collectives.free import FREE_RATES, FreeRate, Key
from clustersim.calibration.collectives.hardware import Setup, setup_of
from clustersim.calibration.collectives.predict import predict_collectives, predicted
from clustersim.calibration.collectives.rows import MeasuredCollective
from clustersim.calibration.splits import split_of_cell
from clustersim.hardware.rates import RatesTable, calibrated_rates

ERROR_SCALE = 0.08
"""Log error beyond which a row counts less than its square (soft L1): scatter between repeated runs of nccl-tests."""

SMALL_BYTES = 2**20
"""Below this size latency decides, and software as much as hardware."""

SMALL_WEIGHT = 0.5
"""Weight of a row below that size, relative to one above. Chosen: the target is the error above it."""

INTERVAL_SPREADS = 1.645
"""Half of a 90 % interval in standard deviations of a normal distribution."""


@dataclass(frozen=True, slots=True)
class FittedRate:
    """A fitted rate with its 90 % interval and the number of fit rows of its entry."""

    free: FreeRate
    value: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the fit rows of one entry cover."""

    rows: int
    gpus_max: int
    bytes_min: float
    bytes_max: float


@dataclass(frozen=True, slots=True)
class CollectivesFit:
    """Result of a fit: rates by key, what the rows of each entry cover, and the whole table with both filled in."""

    fitted: Mapping[Key, FittedRate]
    coverage: Mapping[str, Coverage]
    table: RatesTable


def fit_collectives(
    rows: Sequence[MeasuredCollective], start: RatesTable | None = None, free: Sequence[FreeRate] = FREE_RATES
) -> CollectivesFit:
    """Fit the rates to the rows whose cell ``split`` says ``fit``.

    Parameters
    ----------
    rows : sequence of MeasuredCollective
        Measured rows. All that are not marked ``fit`` are left out here, whatever the caller passes, and those that
        cannot be predicted or were not timed.
    start : mapping, optional
        Everything that is not fitted; the catalogue's when omitted.
    free : sequence of FreeRate
        What to fit. A rate whose entry has no rows stays out and keeps the value in `start`.

    Returns
    -------
    CollectivesFit
        Maximum of a robust posterior.

    Raises
    ------
    ValueError
        If no usable row is marked ``fit``.

    Notes
    -----
    Soft-L1 loss on the logarithm of the time. Rows of one source, collective and scale repeat each other, so together
    they weigh as much as the square root of their number. Intervals from the curvature, 1.645 standard errors, inside
    the bounds.
    """
    import numpy as np
    from scipy.optimize import least_squares

    table = start or calibrated_rates()
    used = _usable(rows)
    if not used:
        msg = "no usable row is marked fit in the column split; nothing can be fitted"
        raise ValueError(msg)
    coverage = _coverage(used)
    active = [rate for rate in free if rate.key[0] in coverage or rate.key[0] == "pipelining"]
    weights = np.array(_weights([row for row, _ in used]))
    priors = np.array([math.log(rate.prior) for rate in active])
    ties = np.array([ERROR_SCALE / rate.spread for rate in active])

    def residuals(
        logs: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    ) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        tried = with_rates(table, {r.key: math.exp(log) for r, log in zip(active, logs, strict=True)})
        return np.concatenate([weights * np.array(_log_errors(used, tried)), ties * (logs - priors)])

    ends = [[math.log(end) for end in side] for side in zip(*(r.bounds for r in active), strict=True)]
    found = least_squares(
        residuals, priors, bounds=ends, loss="soft_l1", f_scale=ERROR_SCALE, diff_step=3e-3, max_nfev=40
    )
    half_widths = INTERVAL_SPREADS * ERROR_SCALE * np.sqrt(np.diag(np.linalg.pinv(found.jac.T @ found.jac)))
    fitted = {
        rate.key: _inside(rate, math.exp(log), half, _rows_of(rate.key[0], coverage, len(used)))
        for rate, log, half in zip(active, found.x, half_widths, strict=True)
    }
    values = {key: item.value for key, item in fitted.items()}
    return CollectivesFit(fitted, coverage, _with_coverage(with_rates(table, values), coverage))


def with_rates(table: RatesTable, values: Mapping[Key, float]) -> RatesTable:
    """Return a copy of a table with some rates replaced."""
    changed = {entry: dict(fields) for entry, fields in table.items()}
    for (entry, field), value in values.items():
        changed[entry][field] = value
    return changed


_Used = Sequence[tuple[MeasuredCollective, Setup]]


def _usable(rows: Sequence[MeasuredCollective]) -> list[tuple[MeasuredCollective, Setup]]:
    kept = [row for row in rows if split_of_cell(row.cells.get("split")) == "fit" and row.time_s is not None]
    predictable = [item.row for item in predict_collectives(kept) if item.time_s is not None]
    return [(row, setup) for row in predictable if not isinstance(setup := setup_of(row), str)]


def _log_errors(used: _Used, table: RatesTable) -> list[float]:
    return [math.log(predicted(row, setup, table).time_s / (row.time_s or 1.0)) for row, setup in used]


def _weights(rows: Sequence[MeasuredCollective]) -> list[float]:
    groups = [(row.text("source")[:60], row.text("nvlink gen"), row.collective, row.ranks) for row in rows]
    sizes = Counter(groups)
    large = [1.0 if (row.size_bytes or 0.0) >= SMALL_BYTES else SMALL_WEIGHT for row in rows]
    return [math.sqrt(weight / math.sqrt(sizes[group])) for weight, group in zip(large, groups, strict=True)]


def _coverage(used: _Used) -> dict[str, Coverage]:
    groups: dict[str, list[MeasuredCollective]] = {}
    for row, setup in used:
        for name in filter(None, (setup.scale_up, setup.network)):
            groups.setdefault(name, []).append(row)
    return {
        name: Coverage(
            rows=len(items),
            gpus_max=max(row.ranks or 0 for row in items),
            bytes_min=min(row.size_bytes or 0.0 for row in items),
            bytes_max=max(row.size_bytes or 0.0 for row in items),
        )
        for name, items in groups.items()
    }


def _rows_of(entry: str, coverage: Mapping[str, Coverage], total: int) -> int:
    return coverage[entry].rows if entry in coverage else total


def _with_coverage(table: RatesTable, coverage: Mapping[str, Coverage]) -> RatesTable:
    changed = {entry: dict(fields) for entry, fields in table.items()}
    for entry, fields in changed.items():
        item = coverage.get(entry, Coverage(0, 0, 0.0, 0.0))
        if entry != "pipelining":
            fields.update(rows=item.rows, gpus_max=item.gpus_max, bytes_min=item.bytes_min, bytes_max=item.bytes_max)
    return changed


def _inside(rate: FreeRate, value: float, half_width: float, rows: int) -> FittedRate:
    low, high = (value * math.exp(sign * half_width) for sign in (-1.0, 1.0))
    return FittedRate(rate, value, max(low, rate.bounds[0]), min(high, rate.bounds[1]), rows)
