"""Loss laws: held-out loss as a function of model size and training tokens, with the draws that say how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clustersim.catalog import entry
from clustersim.learning.loss.forms import FORMS
from clustersim.learning.loss.parameters import Convention, convention

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
    draws : ndarray of shape (draws, 6)
        Coefficients of :func:`~clustersim.learning.loss.forms.joint_loss_nats`, each row equally likely: fits of
        several forms to resampled runs, as many of each form as it weighs. The numbers of a row go together: an
        interval made from independent standard errors would be far too wide.
    forms : tuple of str
        Name of the form of each draw, those of one form together.
    min_tokens : float
        Fewest tokens the law speaks of; before that a run is in its warm-up transient.
    max_parameters, max_tokens, max_flops : float
        The largest model, longest run and largest compute (6 N D) it was fitted to.
    residual_error : float
        Standard deviation of the relative error that neither forms nor draws explain, on runs held out of the fit.
    residual_decades : float
        Decades of compute beyond the fitted runs up to which that error was seen.
    scatter : float
        Standard deviation of the relative loss from run to run, seeds and evaluation included.
    held_out_errors : mapping of str to float
        Root mean square relative error of each form on runs held out of its fit; empty where none were.
    rejected : mapping of str to ndarray of shape (6,)
        Best fit of the form that those runs reject; it takes part in no forecast.
    mixture : bool
        Whether the law, fitted to dense models, is read for a mixture of experts.
    """

    name: str
    corpus: str
    tokenizer: str
    parameter_count: Convention
    draws: Floats
    forms: tuple[str, ...]
    min_tokens: float
    max_parameters: float
    max_tokens: float
    max_flops: float
    residual_error: float
    residual_decades: float
    scatter: float
    held_out_errors: Mapping[str, float] = field(default_factory=dict)
    rejected: Mapping[str, Floats] = field(default_factory=dict)
    mixture: bool = False

    @property
    def weights(self) -> dict[str, float]:
        """Share of the draws that each form has."""
        return {form: self.forms.count(form) / len(self.forms) for form in dict.fromkeys(self.forms)}

    def decades_beyond(self, parameters: float, tokens: float) -> float:
        """Decades of training compute (6 N D) beyond the largest fitted run; 0 inside."""
        return float(np.log10(max(6.0 * parameters * tokens / self.max_flops, 1.0)))

    def residual_sigma(self, parameters: float, tokens: float) -> float:
        """Standard deviation of the relative error that neither forms nor draws explain.

        Notes
        -----
        What the hold-outs showed up to the distance at which they lie, growing in proportion to the distance (decades
        of compute) beyond it. The growth is an assumption: no run with a published loss lies that far out.
        """
        return self.residual_error * max(1.0, self.decades_beyond(parameters, tokens) / self.residual_decades)


def loss_nats(coefficients: Floats, parameters: ArrayLike, tokens: ArrayLike) -> Floats:
    """Held-out loss ``L(N, D) = E + A / N**alpha + B / D**beta``.

    Parameters
    ----------
    coefficients : ndarray of shape (..., 5)
        E [nats/token], A, B, alpha, beta.
    parameters : array_like, broadcastable to (...)
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
    size = size_scale * np.asarray(parameters, np.float64) ** -alpha
    law: Floats = floor + size + data_scale * np.asarray(tokens, np.float64) ** -beta
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
    drawn = {
        form: np.array([row.split() for row in fields[f"draws.{form}"].split(";")], dtype=np.float64)
        for form in FORMS
        if f"draws.{form}" in fields
    }
    return LossLaw(
        name=name,
        corpus=fields["corpus"],
        tokenizer=fields["tokenizer"],
        parameter_count=convention(fields["parameter_count"]),
        draws=np.concatenate(list(drawn.values())),
        forms=tuple(form for form, draws in drawn.items() for _ in draws),
        min_tokens=numbers["fitted.min_tokens"],
        max_parameters=numbers["fitted.max_parameters"],
        max_tokens=numbers["fitted.max_tokens"],
        max_flops=numbers["fitted.max_flops"],
        residual_error=numbers["residual.fraction"],
        residual_decades=numbers["residual.decades"],
        scatter=numbers["residual.scatter"],
        held_out_errors={key.partition(".")[2]: value for key, value in numbers.items() if key.startswith("held_out.")},
        rejected={
            key.partition(".")[2]: np.array(text.split(), dtype=np.float64)
            for key, text in fields.items()
            if key.startswith("rejected.")
        },
    )


_NUMERIC = ("fitted", "residual", "held_out")
