"""Fits the few efficiencies of the step model to published step times, and measures its error on held-out rows.

``clustersim calibrate throughput`` runs it.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from clustersim.calibration.fitted import INTERVAL_SPREADS, Fit, inside, with_shared
from clustersim.calibration.free import FREE, Free, Key
from clustersim.calibration.rows import PublishedStep
from clustersim.calibration.score import ClassScore, score
from clustersim.step.breakdown import step_breakdown
from clustersim.step.efficiency import Table, calibrated_precision, calibrated_table, generation_of
from clustersim.step.job import Job, job_of
from clustersim.step.options import options_of
from clustersim.workload.layout import micro_batches

ERROR_SCALE = 0.05
"""Log error beyond which a row counts less than its square (soft L1): scatter between repeated published rows."""


STEP = 1e-3
"""Step of the logarithm of a parameter for a finite difference."""


def predicted_s(row: PublishedStep, table: Table) -> float:
    """Step time of a published row under a table [s]; of several possible micro-batches the fastest."""
    return min(
        sum(step_breakdown(_job(row, index, table), micro_batches(layout, row.global_batch)).values())
        for index, layout in enumerate(row.layouts)
    )


def _job(row: PublishedStep, index: int, table: Table) -> Job:
    return job_of(
        row.model,
        row.layouts[index],
        row.sequence_length,
        row.precision,
        row.cluster,
        row.stack,
        table,
        options_of(row.options),
    )


def log_errors(rows: Sequence[PublishedStep], table: Table) -> list[float]:
    """Logarithm of predicted over published step time of each row."""
    return [math.log(predicted_s(row, table) / row.step_time_s) for row in rows]


def fit(rows: Sequence[PublishedStep], start: Table | None = None, free: Sequence[Free] = FREE) -> Fit:
    """Fit the free parameters to the rows marked ``fit``.

    Parameters
    ----------
    rows : sequence of PublishedStep
        Published rows; those marked ``test`` are left out here, whatever the caller passes.
    start : Table, optional
        Start values and everything that is not fitted; the catalogue's when omitted.
    free : sequence of Free
        Which parameters to fit, between what bounds, and how loosely they are tied to what is known of them.

    Returns
    -------
    Fit
        Parameters at the maximum of a robust posterior.

    Notes
    -----
    Soft-L1 loss on the log step time. Rows of one model in one layout on one GPU, precision and stack repeat each
    other, so together they weigh as much as the square root of their number. Each parameter is tied to its prior
    (log-normal), which decides where the rows say little. Intervals are from the curvature at the optimum, 1.645
    standard errors, inside the bounds. Values have the four digits that a table keeps; what follows another value is
    brought up to it.
    """
    import numpy as np
    from scipy.optimize import least_squares

    table = start or calibrated_table()
    used = [row for row in rows if row.split == "fit"]
    active = [parameter for parameter in free if _rows_of(parameter.key, used)]
    weights = np.sqrt(row_weights(used))
    priors = np.array([math.log(parameter.prior) for parameter in active])
    ties = np.array([ERROR_SCALE / parameter.spread for parameter in active])

    def residuals(
        logs: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    ) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        tried = with_values(table, {p.key: math.exp(log) for p, log in zip(active, logs, strict=True)})
        return np.concatenate([weights * np.array(log_errors(used, tried)), ties * (logs - priors)])

    spoken = [[index for index, row in enumerate(used) if speaks(parameter.key, row)] for parameter in active]

    def jacobian(
        logs: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    ) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
        values = {p.key: math.exp(log) for p, log in zip(active, logs, strict=True)}
        base = np.array(log_errors(used, with_values(table, values)))
        matrix = np.zeros((len(used) + len(active), len(active)))
        for column, (parameter, indices) in enumerate(zip(active, spoken, strict=True)):
            moved = with_values(table, {**values, parameter.key: values[parameter.key] * math.exp(STEP)})
            there = np.array(log_errors([used[index] for index in indices], moved))
            matrix[indices, column] = weights[indices] * (there - base[indices]) / STEP
            matrix[len(used) + column, column] = ties[column]
        return matrix

    bounds = [[math.log(end) for end in ends] for ends in zip(*(p.bounds for p in active), strict=True)]
    found = least_squares(residuals, priors, bounds=bounds, jac=jacobian, loss="soft_l1", f_scale=ERROR_SCALE)
    half_widths = INTERVAL_SPREADS * ERROR_SCALE * np.sqrt(np.diag(np.linalg.pinv(found.jac.T @ found.jac)))
    fitted = {
        parameter.key: inside(parameter, math.exp(log), half_width, _rows_of(parameter.key, used)).as_written()
        for parameter, log, half_width in zip(active, found.x, half_widths, strict=True)
    }
    return Fit(fitted, with_shared(with_values(table, {key: item.value for key, item in fitted.items()})))


def with_values(table: Table, values: Mapping[Key, float]) -> Table:
    """Return a copy of a table with some parameters replaced."""
    changed = {entry: dict(fields) for entry, fields in table.items()}
    for (entry, field), value in values.items():
        changed[entry][field] = value
    return changed


def row_weights(rows: Sequence[PublishedStep]) -> list[float]:
    """Weight of each row: one over the square root of how many rows share its model, layout and machines."""
    groups = [(row.model_name, row.gpu, row.precision, row.stack, *_degrees(row)) for row in rows]
    sizes = Counter(groups)
    return [1.0 / math.sqrt(sizes[group]) for group in groups]


def _degrees(row: PublishedStep) -> tuple[int, ...]:
    """How a row splits the model: a further layout of a sweep says something new, unlike a further batch."""
    layout = row.layouts[0]
    return layout.tensor_parallel, layout.context_parallel, layout.pipeline_parallel, layout.micro_batch


def _rows_of(key: Key, rows: Sequence[PublishedStep]) -> int:
    return sum(speaks(key, row) for row in rows)


def speaks(key: Key, row: PublishedStep) -> bool:
    """Whether a row can say something of a parameter.

    It is of its generation (and precision) or stack, and has experts (with biases) where the parameter is theirs.
    """
    entry, field = key
    if entry.startswith("stack-"):
        return f"stack-{row.stack}" == entry and _concerns(field, row)
    generation = generation_of(row.cluster.node.accelerator) or ""
    if generation != entry and generation.partition("-")[0] != entry:
        return False
    return field not in ("gemm_bf16", "gemm_fp8") or field in _formats(row)


_OF_EXPERTS = ("expert", "ep_exposed", "routed_passes")
_OF_BIASED_EXPERTS = ("biased_experts", "biased_fused")


def _concerns(field: str, row: PublishedStep) -> bool:
    """Whether the model of a row has the part that a parameter of the software belongs to."""
    if field in _OF_EXPERTS:
        return row.model.mixture is not None
    if field in _OF_BIASED_EXPERTS:
        kernels = "biased_fused" if "fused_experts" in row.options else "biased_experts"
        return row.model.mixture is not None and row.model.ffn_bias and field == kernels
    return True


def fitted_cards(rows: Sequence[PublishedStep]) -> dict[str, list[str]]:
    """Catalogue names of the cards of the fit rows, by GPU generation and by ``stack-<name>``, sorted."""
    cards: dict[str, set[str]] = {}
    for row in rows:
        accelerator = row.cluster.node.accelerator
        if row.split == "fit":
            for entry in (generation_of(accelerator), f"stack-{row.stack}"):
                cards.setdefault(entry or "", set()).add(accelerator.catalogue_entry or row.gpu)
    return {entry: sorted(names) for entry, names in cards.items()}


def _formats(row: PublishedStep) -> tuple[str, ...]:
    """Rates that a row takes: that of its format, and that of 16 bits for the output layer."""
    return "gemm_bf16", f"gemm_{calibrated_precision(row.precision)}"


def evaluate(rows: Sequence[PublishedStep], table: Table | None = None) -> dict[str, ClassScore]:
    """Error on held-out rows, by class.

    Parameters
    ----------
    rows : sequence of PublishedStep
        Published rows of both splits: errors are those of the ``test`` rows, ranges are those of the ``fit`` rows.
    table : Table, optional
        Parameters; the catalogue's when omitted.

    Returns
    -------
    dict of str to ClassScore
        See :func:`clustersim.calibration.score.score`.
    """
    used = table or calibrated_table()
    return score(rows, log_errors(rows, used))
