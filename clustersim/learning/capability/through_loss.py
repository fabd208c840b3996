"""From a forecast loss to a benchmark's accuracy: the second of two steps."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from clustersim.catalog import entry, names
from clustersim.learning.capability.law import Floats, logistic
from clustersim.learning.capability.sampling import student4_quantile, uniforms

TABLE = "accuracy_laws"
COEFFICIENTS = ("middle", "steepness", "floor", "ceiling")
FEWEST_SAMPLES = 400


@dataclass(frozen=True, slots=True, eq=False)
class AccuracyLaw:
    """A benchmark's accuracy as a function of a loss.

    Attributes
    ----------
    name, title : str
        Catalogue entry, and its name for people.
    loss : str
        What the loss is: corpus, tokenizer, unit.
    best : ndarray of shape (4,)
        Loss halfway up, steepness [per unit of loss], floor and ceiling [fraction].
    draws : ndarray of shape (draws, 4)
        The same, drawn jointly from their bootstrap distribution.
    score_sd : float
        Root mean square of the fitted runs about the law [fraction].
    recipe_sd : float
        Root mean square of what a run's last, chosen tokens do to an accuracy at the same loss [fraction]: no run of
        the fit has such.
    form_sd_per_unit : float
        Root mean square error of the law's form per unit of loss below the lowest fitted one [fraction]. Heavy-tailed,
        as the errors that it is made of are few and go together.
    lowest_loss : float
        Lowest fitted loss.
    caveat : str
        What is known to go wrong; empty for nothing.
    """

    name: str
    title: str
    loss: str
    best: Floats
    draws: Floats
    score_sd: float
    recipe_sd: float
    form_sd_per_unit: float
    lowest_loss: float
    caveat: str

    def sigma(self, loss: ArrayLike) -> Floats:
        """Scale of a measured accuracy's Student's t with four degrees of freedom about the law [fraction]."""
        beyond = np.maximum(self.lowest_loss - np.asarray(loss, np.float64), 0.0)
        fixed = self.score_sd**2 + self.recipe_sd**2
        return np.asarray(np.sqrt(fixed + np.square(self.form_sd_per_unit * beyond)))


def accuracy(coefficients: Floats, loss: ArrayLike) -> Floats:
    """Accuracy at a loss, ``floor + (ceiling - floor) / (1 + exp(steepness (L - middle)))`` [fraction].

    Parameters
    ----------
    coefficients : ndarray of shape (..., 4)
        Middle, steepness, floor, ceiling.
    loss : array_like
        Loss, in the unit of the law.

    References
    ----------
    .. [1] Bhagia, A. et al. (2024), Establishing Task Scaling Laws via Compute-Efficient Model Ladders.
       arXiv 2412.04403.
    .. [2] Grattafiori, A. et al. (2024), The Llama 3 Herd of Models. arXiv 2407.21783, section 3.2.1.

    Examples
    --------
    >>> float(accuracy(np.array([2.2, 4.0, 0.25, 0.95]), 2.2))
    0.6
    """
    middle, steepness, floor, ceiling = np.moveaxis(np.asarray(coefficients, np.float64), -1, 0)
    return np.asarray(floor + (ceiling - floor) * logistic(steepness * (middle - np.asarray(loss, np.float64))))


def accuracy_draws(law: AccuracyLaw, loss_draws: ArrayLike) -> Floats:
    """Draws of a benchmark's accuracy from draws of the loss [fraction].

    Parameters
    ----------
    law : AccuracyLaw
        The law.
    loss_draws : array_like of shape (draws,) or float
        Forecast loss, in the unit of the law, for example from :func:`clustersim.learning.final_loss`.

    Returns
    -------
    ndarray
        As many draws as the loss has, or as few times as many as make 400. Nothing is random here.
    """
    losses = np.atleast_1d(np.asarray(loss_draws, np.float64))
    losses = np.tile(losses, -(-FEWEST_SAMPLES // len(losses)))
    first, second, _ = uniforms(len(losses))
    which = (first * len(law.draws)).astype(int)
    measured = accuracy(law.draws[which], losses) + law.sigma(losses) * student4_quantile(second)
    return np.clip(measured, 0.0, 1.0)


def accuracy_law(name: str) -> AccuracyLaw:
    """Read a law from the catalogue.

    Raises
    ------
    UnknownEntry
        If there is none of that name; the message names the ones that come close.
    """
    found = entry(TABLE, name)
    return accuracy_law_from_fields(name, found.title, {field: value.text for field, value in found.values.items()})


def accuracy_laws() -> tuple[str, ...]:
    """Laws of the catalogue."""
    return tuple(names(TABLE))


def accuracy_law_from_fields(name: str, title: str, fields: Mapping[str, str]) -> AccuracyLaw:
    """Make a law from the text of its catalogue fields."""
    return AccuracyLaw(
        name=name,
        title=title,
        loss=fields["loss"],
        best=np.array([float(fields[f"best.{key}"]) for key in COEFFICIENTS]),
        draws=np.array([row.split() for row in fields["draws"].split(";")], dtype=np.float64),
        score_sd=float(fields["score_sd"]),
        recipe_sd=float(fields["recipe_sd"]),
        form_sd_per_unit=float(fields["form_sd_per_unit"]),
        lowest_loss=float(fields["lowest_loss"]),
        caveat=fields.get("caveat", ""),
    )
