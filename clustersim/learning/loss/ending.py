"""The final loss of a run whose learning rate ends elsewhere than that of the law's runs did."""

import numpy as np
from numpy.typing import NDArray

from clustersim.learning.loss.curve import Annealing, annealing_of
from clustersim.learning.loss.forecast import final_loss
from clustersim.learning.loss.law import LossLaw
from clustersim.learning.loss.spread import spread_quantiles

Floats = NDArray[np.float64]

ENDING_ERROR = 1
"""Index of the quantiles of the error of the annealing (see :mod:`clustersim.learning.loss.spread`)."""


def ended_loss(
    law: LossLaw, parameters: float, tokens: float, end_share: float, annealing: Annealing | None = None
) -> Floats:
    """Draws of the held-out loss of a run that ends after ``tokens`` with its learning rate at a share of the peak.

    Parameters
    ----------
    law : LossLaw
        The law.
    parameters, tokens : float
        N as the law counts them, and D.
    end_share : float
        Learning rate at the end, as a share of the peak: 0.1 for the runs of the ladder, 0 for one annealed to nothing.
    annealing : Annealing, optional
        Its constants; those of the law's corpus when omitted.

    Returns
    -------
    ndarray of shape (draws,)
        Loss [nats/token], draw by draw that of :func:`~clustersim.learning.loss.forecast.final_loss` moved by what the
        last learning rate costs.

    Notes
    -----
    The area under the learning rate is taken to be that of the law's runs. OLMo-2 7B, annealed to zero, is forecast
    1.6 % too high on the Pile as if it had ended at a tenth, and 0.3 % so.
    """
    known = annealing or annealing_of(law.name)
    power = known.exponent
    term = known.strength * (end_share**power - known.end_share**power) / power
    sure = known.strength_error * spread_quantiles(len(law.draws), ENDING_ERROR)
    ended: Floats = final_loss(law, parameters, tokens) * np.exp(term * (1.0 + sure))
    return ended
