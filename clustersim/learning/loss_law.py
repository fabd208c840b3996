"""Loss laws: held-out loss as a function of model size and training tokens, with the draws that say how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clustersim.catalog import entry
from clustersim.learning.parameters import Convention, convention

TABLE = "loss_laws"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LossLaw:
    """A loss law with its uncertainty and the ground it stands on.

    Parameters
    ----------
    name : str
        Name of the catalogue entry.
    corpus, tokenizer : str
        What the loss is measured on. Losses on another corpus or tokenizer cannot be compared with it.
    parameter_count : {"all", "no_input_embedding"}
        Which parameters of a model the law means (see :func:`clustersim.learning.counted_parameters`).
    best : ndarray of shape (5,)
        E [nats/token], A, B, alpha, beta of the best fit.
    draws : ndarray of shape (draws, 5)
        The same five, drawn jointly from their bootstrap distribution. They are strongly correlated: an interval made
        from five independent standard errors would be far too wide.
    min_tokens : float
        Fewest tokens the law speaks of; before that a run is in its warm-up transient.
    max_parameters, max_tokens, max_flops : float
        The largest model, longest run and largest compute (6 N D) it was fitted to.
    form_error : float
        Root mean square error of the law on runs held out of the fit, as a fraction of the loss.
    form_error_decades : float
        Decades of compute beyond ``max_flops`` at which that error was measured.
    mixture : bool
        Whether the law, fitted to dense models, is read for a mixture of experts.
    """

    name: str
    corpus: str
    tokenizer: str
    parameter_count: Convention
    best: Floats
    draws: Floats
    min_tokens: float
    max_parameters: float
    max_tokens: float
    max_flops: float
    form_error: float
    form_error_decades: float
    mixture: bool = False

    def decades_beyond(self, parameters: float, tokens: float) -> float:
        """Decades of training compute (6 N D) beyond the largest fitted run; 0 inside."""
        return float(np.log10(max(6.0 * parameters * tokens / self.max_flops, 1.0)))

    def form_sigma(self, parameters: float, tokens: float) -> float:
        """Standard deviation of the relative error of the law's form.

        Notes
        -----
        What the hold-outs showed up to the distance at which they lie, growing in proportion to the distance (decades
        of compute) beyond it. The growth is an assumption: no run with a published loss lies that far out.
        """
        return self.form_error * max(1.0, self.decades_beyond(parameters, tokens) / self.form_error_decades)


def loss_nats(coefficients: Floats, parameters: float, tokens: ArrayLike) -> Floats:
    """Held-out loss ``L(N, D) = E + A / N**alpha + B / D**beta``.

    Parameters
    ----------
    coefficients : ndarray of shape (..., 5)
        E [nats/token], A, B, alpha, beta.
    parameters : float
        Parameters N of the model, counted as the law counts them.
    tokens : array_like, broadcastable to (...)
        Training tokens D.

    Returns
    -------
    ndarray of shape (...)
        Loss [nats/token].

    Notes
    -----
    The loss of a run whose learning-rate schedule ends at D tokens, on text seen once. A checkpoint in the middle of a
    longer run reads higher: 1 to 4 % for OLMo-2 7B between 0.25T and 3.8T tokens.

    References
    ----------
    .. [1] Hoffmann, J. et al. (2022), Training Compute-Optimal Large Language Models. arXiv 2203.15556, section 3.3.
    .. [2] Besiroglu, T. et al. (2024), Chinchilla Scaling: A replication attempt. arXiv 2404.10102.

    Examples
    --------
    >>> besiroglu = np.array([1.8172, 482.01, 2085.43, 0.3478, 0.3658])
    >>> round(float(loss_nats(besiroglu, 70e9, 1.4e12)), 3)
    1.974
    """
    floor, size_scale, data_scale, alpha, beta = np.moveaxis(np.asarray(coefficients, dtype=np.float64), -1, 0)
    law: Floats = floor + size_scale * parameters**-alpha + data_scale * np.asarray(tokens, np.float64) ** -beta
    return law


def loss_law(name: str, *, mixture: bool = False) -> LossLaw:
    """Read a loss law from the catalogue.

    Parameters
    ----------
    name : str
        Name of the catalogue entry.
    mixture : bool
        Whether it is read for a mixture of experts; the forecast then says that the law was fitted to dense models.

    Raises
    ------
    UnknownEntry
        If the catalogue has no such law; the message names the ones that come close.
    """
    law = law_from_fields(name, {field: value.text for field, value in entry(TABLE, name).values.items()})
    return replace(law, mixture=mixture)


def law_from_fields(name: str, fields: Mapping[str, str]) -> LossLaw:
    """Make a loss law from the text of its catalogue fields."""
    numbers = {field: float(text) for field, text in fields.items() if field.partition(".")[0] in _NUMERIC}
    return LossLaw(
        name=name,
        corpus=fields["corpus"],
        tokenizer=fields["tokenizer"],
        parameter_count=convention(fields["parameter_count"]),
        best=np.array([numbers[f"best.{key}"] for key in ("E", "A", "B", "alpha", "beta")]),
        draws=np.array([row.split() for row in fields["draws"].split(";")], dtype=np.float64),
        min_tokens=numbers["fitted.min_tokens"],
        max_parameters=numbers["fitted.max_parameters"],
        max_tokens=numbers["fitted.max_tokens"],
        max_flops=numbers["fitted.max_flops"],
        form_error=numbers["form_error.fraction"],
        form_error_decades=numbers["form_error.decades"],
    )


_NUMERIC = ("best", "fitted", "form_error")
