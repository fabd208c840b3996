"""How much of a forecast's spread is the form of the law, how much its parameters, how much what neither explains."""

from collections.abc import Mapping
from typing import TypedDict

import numpy as np

from clustersim.learning.loss.forms import FORMS, Floats, joint_loss_nats
from clustersim.learning.loss.law import LossLaw


class FormForecast(TypedDict):
    """What one form says [nats/token]."""

    form: str
    title: str
    weight: float
    p5: float
    p50: float
    p95: float
    held_out_error: float | None
    """Root mean square relative error on runs held out of its fit."""


class Decomposition(TypedDict):
    """Shares of the variance of the log loss, which sum to 1, and the standard deviation they share."""

    form: float
    parameters: float
    residual: float
    sigma: float
    form_if_alike: float
    """What the share of the form would be, were every form believed alike, the rejected one included."""
    by_form: list[FormForecast]
    """Forms by name; a rejected one has the weight 0."""


def decomposition(law: LossLaw, parameters: float, tokens: float) -> Decomposition:
    """Split the variance of a forecast of the final loss.

    Parameters
    ----------
    law : LossLaw
        The law.
    parameters, tokens : float
        N as the law counts them, and D.

    Returns
    -------
    Decomposition
        ``form``: variance of the forms' means, each with its weight. ``parameters``: mean over the forms of the
        variance of their draws. ``residual``: variance of the error that is left.

    Notes
    -----
    The law of total variance, on the logarithm of the loss.
    """
    logs = np.log(joint_loss_nats(law.draws, parameters, tokens))
    names = np.array(law.forms)
    groups = {form: logs[names == form] for form in law.weights}
    weights = law.weights
    outside = {form: np.log(joint_loss_nats(row[None], parameters, tokens)) for form, row in law.rejected.items()}
    between, within = _variances(groups, weights)
    everyone = groups | outside
    alike, inside = _variances(everyone, dict.fromkeys(everyone, 1.0 / len(everyone)))
    residual = law.residual_sigma(parameters, tokens) ** 2
    total = between + within + residual
    return {
        "form": between / total,
        "parameters": within / total,
        "residual": residual / total,
        "sigma": float(np.sqrt(total)),
        "form_if_alike": alike / (alike + inside + residual),
        "by_form": [_of_form(law, form, weights.get(form, 0.0), group) for form, group in everyone.items()],
    }


def _variances(groups: Mapping[str, Floats], weights: Mapping[str, float]) -> tuple[float, float]:
    """Variance of the means of groups, and mean of their variances."""
    mean = sum(weights[form] * float(group.mean()) for form, group in groups.items())
    between = sum(weights[form] * (float(group.mean()) - mean) ** 2 for form, group in groups.items())
    return between, sum(weights[form] * float(group.var()) for form, group in groups.items())


def explained(law: LossLaw, parameters: float, tokens: float) -> str:
    """Say in a sentence what the interval is made of."""
    parts = decomposition(law, parameters, tokens)
    sigma = law.residual_sigma(parameters, tokens)
    names = [FORMS[form].title for form in law.weights]
    forms = f"{len(names)} forms of the law ({', '.join(names)})" if len(names) > 1 else f"one form, {names[0]}"
    shares = ", ".join(
        f"{round(100.0 * share)} % {what}"
        for what, share in (
            ("which form holds", parts["form"]),
            ("its parameters", parts["parameters"]),
            ("what neither explains", parts["residual"]),
        )
    )
    return (
        f"The 90 % interval joins {len(law.draws)} draws of {forms} and an error of {100.0 * law.residual_error:.2f} % "
        f"as larger runs held out of the fit showed {law.residual_decades:.1f} decades of compute beyond it, "
        f"here {100.0 * sigma:.1f} %. Its variance is {shares}."
    )


def _of_form(law: LossLaw, form: str, weight: float, logs: Floats) -> FormForecast:
    p5, p50, p95 = np.exp(np.percentile(logs, (5.0, 50.0, 95.0))).tolist()
    return {
        "form": form,
        "title": FORMS[form].title,
        "weight": weight,
        "p5": p5,
        "p50": p50,
        "p95": p95,
        "held_out_error": law.held_out_errors.get(form),
    }
