"""The loss of a run forecast before it starts, from smaller ones."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clustersim.calibration.learning.loss_law import Fit, fit_loss_law
from clustersim.calibration.learning.runs import Runs

FIRST_SHARE = 0.25
"""Share of a run before which its losses are left out: the law has no warm-up and no transient."""

LOW, HIGH = 5.0, 95.0
"""Percentiles of the 90 % interval."""


def law_of(runs: Sequence[Mapping[str, Any]]) -> Fit:
    """Fit ``L = E + A / N**alpha + B / D**beta`` to the evaluations of the runs.

    Parameters
    ----------
    runs : sequence of mapping
        Each with its ``parameters`` and its ``evaluations``: ``tokens`` and ``loss`` [nats per token].
    """
    points = [(run["parameters"], point["tokens"], point["loss"]) for run in runs for point in late(run)]
    return fit_loss_law(Runs(*(np.array(column, float) for column in zip(*points, strict=True))))


def late(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Evaluations of a run that the law speaks of."""
    points = run["evaluations"]
    first = FIRST_SHARE * points[-1]["tokens"]
    return [point for point in points if point["tokens"] >= first]


def forecast(law: Fit, parameters: float, tokens: Sequence[float], form_error: float) -> list[dict[str, float]]:
    """Loss after so many tokens, with its 90 % interval.

    Parameters
    ----------
    law : Fit
        Best fit and bootstrap draws.
    parameters : float
        Size of the model.
    tokens : sequence of float
        Where.
    form_error : float
        Relative error of the law's form: what it was off by on the largest of the runs that it had not seen. Added to
        the draws in quadrature, as the spread of a normal distribution.
    """
    found = []
    for count in tokens:
        best = float(_loss(law.best, parameters, count))
        draws = np.asarray(_loss(law.draws, parameters, count))
        low, high = np.percentile(draws, (LOW, HIGH))
        wide = 1.645 * form_error * best
        found.append(
            {
                "tokens": float(count),
                "loss": best,
                "low": best - float(np.hypot(best - min(low, best), wide)),
                "high": best + float(np.hypot(max(high, best) - best, wide)),
            }
        )
    return found


def form_error_of(runs: Sequence[Mapping[str, Any]]) -> float:
    """Largest relative error on the late losses of the largest run, of the law fitted to the others."""
    *smaller, largest = sorted(runs, key=lambda run: run["parameters"])
    law = law_of(smaller)
    return max(
        abs(float(_loss(law.best, largest["parameters"], point["tokens"])) / point["loss"] - 1.0)
        for point in late(largest)
    )


def _loss(coefficients: Any, parameters: float, tokens: float) -> Any:
    floor, size_scale, data_scale, alpha, beta = np.moveaxis(np.asarray(coefficients), -1, 0)
    return floor + size_scale * parameters**-alpha + data_scale * tokens**-beta
