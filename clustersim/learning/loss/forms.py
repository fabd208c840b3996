"""Published forms of the loss law, all cases of one: how model size and tokens join to a loss."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

COEFFICIENTS = ("E", "A", "B", "alpha", "beta", "gamma")
"""Names of the six numbers of :func:`joint_loss_nats`, in order."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the loss law: which of the six numbers of :func:`joint_loss_nats` it leaves free.

    Parameters
    ----------
    name : str
        Name in the catalogue.
    title : str
        What people call it.
    formula : str
        As published, in plain text.
    parameters : int
        Numbers that a fit chooses.
    reference : str
        The paper.
    """

    name: str
    title: str
    formula: str
    parameters: int
    reference: str


FORMS = {
    form.name: form
    for form in (
        Form(
            "hoffmann",
            "sum of size and data (Hoffmann)",
            "E + A/N^alpha + B/D^beta",
            5,
            "Hoffmann et al. 2022, arXiv 2203.15556, section 3.3",
        ),
        Form(
            "gadre",
            "sum with equal exponents (Gadre)",
            "E + (a M^eta + b M^-eta) C^-eta, M = D/N",
            4,
            "Gadre et al. 2024, arXiv 2403.08540, section 3",
        ),
        Form(
            "kaplan_floor",
            "Kaplan with a floor",
            "E + [(Nc/N)^(aN/aD) + Dc/D]^aD",
            5,
            "Kaplan et al. 2020, arXiv 2001.08361, equation 1.5, with the floor of Hoffmann et al. 2022",
        ),
        Form(
            "joint",
            "joint (between Hoffmann and Kaplan)",
            "E + [(A/N^alpha)^(1/gamma) + (B/D^beta)^(1/gamma)]^gamma",
            6,
            "clustersim 2026: Hoffmann is gamma = 1, Kaplan gamma = beta",
        ),
        Form(
            "kaplan",
            "Kaplan, without a floor",
            "[(Nc/N)^(aN/aD) + Dc/D]^aD",
            4,
            "Kaplan et al. 2020, arXiv 2001.08361, equation 1.5",
        ),
    )
}
"""Forms of the loss law by name. ``kaplan`` is kept as the one that held-out runs reject."""


def joint_loss_nats(coefficients: Floats, parameters: ArrayLike, tokens: ArrayLike) -> Floats:
    """Held-out loss ``E + [(A/N**alpha)**(1/gamma) + (B/D**beta)**(1/gamma)]**gamma``.

    Parameters
    ----------
    coefficients : ndarray of shape (..., 6)
        E [nats/token], A, B, alpha, beta, gamma. ``A/N**alpha`` is what is lost above the floor with data without end,
        ``B/D**beta`` with a model without end, whatever gamma is.
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
    Gamma says how the two shortages join: 1 adds them, near 0 the larger one rules alone. On the OLMo ladder free
    gammas are 0.2 to 0.4 and leave a quarter of the residual of a sum.

    Examples
    --------
    >>> besiroglu = np.array([1.8172, 482.01, 2085.43, 0.3478, 0.3658, 1.0])
    >>> round(float(joint_loss_nats(besiroglu, 70e9, 1.4e12)), 3)
    1.974
    """
    floor, size_scale, data_scale, alpha, beta, gamma = np.moveaxis(np.asarray(coefficients, dtype=np.float64), -1, 0)
    size = (np.log(size_scale) - alpha * np.log(np.asarray(parameters, np.float64))) / gamma
    data = (np.log(data_scale) - beta * np.log(np.asarray(tokens, np.float64))) / gamma
    # In logarithms: a power of 1/gamma of a large A overflows.
    loss: Floats = floor + np.exp(gamma * np.logaddexp(size, data))
    return loss


def kaplan_loss_nats(
    parameters: float,
    tokens: float,
    *,
    size_scale: float,
    data_scale: float,
    size_power: float,
    data_power: float,
    floor_nats: float = 0.0,
) -> float:
    """Kaplan's loss ``[(Nc/N)**(aN/aD) + Dc/D]**aD``, on top of a floor.

    Parameters
    ----------
    parameters, tokens : float
        N (without embeddings in the paper) and D.
    size_scale, data_scale : float
        Nc and Dc: parameters and tokens at which the loss would be 1 nat/token above the floor.
    size_power, data_power : float
        aN and aD.
    floor_nats : float
        Loss that no model gets below [nats/token]; the paper has none.

    References
    ----------
    .. [1] Kaplan, J. et al. (2020), Scaling Laws for Neural Language Models. arXiv 2001.08361, equation 1.5.

    Examples
    --------
    >>> paper = dict(size_scale=6.4e13, data_scale=1.8e13, size_power=0.076, data_power=0.103)
    >>> round(kaplan_loss_nats(1.5e9, 22e9, **paper), 2)
    2.31
    """
    size = (size_scale / parameters) ** (size_power / data_power)
    return float(floor_nats + (size + data_scale / tokens) ** data_power)


def gadre_loss_nats(
    flops: float, tokens_per_parameter: float, *, floor_nats: float, size: float, data: float, eta: float
) -> float:
    """Loss of an over-trained model ``E + (a M**eta + b M**-eta) C**-eta``.

    Parameters
    ----------
    flops : float
        Training compute C = 6 N D [FLOP].
    tokens_per_parameter : float
        M = D / N.
    floor_nats : float
        E [nats/token].
    size, data : float
        a and b: what is lost for want of parameters, and of data.
    eta : float
        Half the common exponent of N and D.

    Notes
    -----
    Lines of equal M are parallel in the logarithm of compute. It is Hoffmann's sum with alpha = beta = 2 eta, with
    A = a/6**eta and B = b/6**eta.

    References
    ----------
    .. [1] Gadre, S. et al. (2024), Language models scale reliably with over-training and on downstream tasks.
       arXiv 2403.08540, equation 4.

    Examples
    --------
    >>> round(gadre_loss_nats(1e21, 20.0, floor_nats=1.8, size=100.0, data=200.0, eta=0.12), 3)
    2.654
    """
    ratio = tokens_per_parameter**eta
    return float(floor_nats + (size * ratio + data / ratio) * flops**-eta)
