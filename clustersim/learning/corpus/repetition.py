"""What tokens are worth that were seen before."""

import math
from collections.abc import Callable
from dataclasses import dataclass

R_DATA = 15.387756
"""R_D*: repetitions after which repeated tokens have given 1 - 1/e of all they ever will (arXiv 2305.16264, 2023)."""
R_PARAMETERS = 5.309743
"""R_N*: the same of parameters beyond those that the unique tokens call for (arXiv 2305.16264, 2023)."""
R_FACTOR = 2.0
"""90 % interval of R_D*, as a factor either way: an assumption. The paper calls its fit "fairly stable" and gives no
interval; repeats of heavily filtered text held up longer (arXiv 2503.07879, 2025: ten epochs better than ten times the
unfiltered tokens once), large models with little regularisation less long (arXiv 2605.01640, 2026)."""

TOKENS_PER_PARAMETER = 20.0
"""Tokens that compute is best spent on for each parameter (Hoffmann et al. 2022, arXiv 2203.15556)."""

LossOf = Callable[[float, float], float]
"""A law of the loss: parameters and tokens in, nats/token out."""

_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
_SEARCH = 60
_MOST_EPOCHS = 1000.0


def effective_tokens(unique: float, seen: float, r_data: float = R_DATA) -> float:
    """Tokens of fresh text that are worth as much as so many tokens of repeated text.

    ``D' = U + U R* (1 - exp(-R / R*))`` with ``R = D / U - 1`` repetitions.

    Parameters
    ----------
    unique : float
        Tokens U that there are.
    seen : float
        Tokens D trained on.
    r_data : float
        R_D*.

    Returns
    -------
    float
        D', between the smaller of both and ``seen``; never more than ``U (1 + R*)``.

    Notes
    -----
    Fitted to models of up to 9B parameters and 900B tokens of C4 and OSCAR. It has no term for harm: far beyond 40
    epochs the loss of a model that is not regularised rises again.

    References
    ----------
    .. [1] Muennighoff, N. et al. (2023), Scaling Data-Constrained Language Models. arXiv 2305.16264, eq. 5, appendix A.

    Examples
    --------
    Four epochs are nearly four times as good as one.

    >>> round(effective_tokens(1.0, 4.0), 2)
    3.73
    """
    if seen <= unique:
        return seen
    return unique * (1.0 - r_data * math.expm1(-(seen / unique - 1.0) / r_data))


def worth_of_next_token(unique: float, seen: float, r_data: float = R_DATA) -> float:
    """What one more token is worth, as a share of a fresh one: ``exp(-R / R*)``.

    Examples
    --------
    At the end of the fourth epoch.

    >>> round(worth_of_next_token(1.0, 4.0), 3)
    0.823
    """
    return math.exp(-max(0.0, seen / unique - 1.0) / r_data)


def worth_of_epoch(number: int, r_data: float = R_DATA) -> float:
    """Mean worth of the tokens of an epoch, as a share of fresh ones; the first is number 1.

    Examples
    --------
    >>> round(worth_of_epoch(4), 3)
    0.85
    """
    return effective_tokens(1.0, float(number), r_data) - effective_tokens(1.0, number - 1.0, r_data)


def effective_parameters(parameters: float, called_for: float, r_parameters: float = R_PARAMETERS) -> float:
    """Parameters that are worth as much where data do not call for so many.

    Parameters
    ----------
    parameters : float
        Parameters N of the model.
    called_for : float
        Parameters U_N that compute is best spent on with the unique tokens.
    r_parameters : float
        R_N*.

    References
    ----------
    .. [1] Muennighoff, N. et al. (2023), arXiv 2305.16264, eq. 6.
    """
    return effective_tokens(called_for, parameters, r_parameters)


def constrained_loss(loss: LossOf, parameters: float, tokens: float, unique: float) -> float:
    """Loss by any law L(N, D), on tokens of which only some are unique [nats/token].

    Parameters
    ----------
    loss : callable
        Parameters and tokens in, nats/token out.
    parameters, tokens : float
        The model and the tokens it sees.
    unique : float
        Tokens that there are.
    """
    called_for = min(tokens, unique) / TOKENS_PER_PARAMETER
    return loss(effective_parameters(parameters, called_for), effective_tokens(unique, tokens))


def repetition_shift_nats(loss: LossOf, parameters: float, tokens: float, effective: float) -> float:
    """By how much the loss of a given model is higher than on fresh tokens [nats/token]: the side of the data only."""
    return loss(parameters, effective) - loss(parameters, tokens)


@dataclass(frozen=True, slots=True)
class BestSplit:
    """How to spend compute on a model and on epochs."""

    epochs: float
    parameters: float
    tokens: float
    loss_nats: float


def best_split(loss: LossOf, flops: float, unique: float) -> BestSplit:
    """Epochs, and with them the size of the model, that make the loss lowest for a given compute.

    Parameters
    ----------
    loss : callable
        Parameters and tokens in, nats/token out.
    flops : float
        Training compute, 6 N D [FLOP].
    unique : float
        Tokens that there are.

    Notes
    -----
    A golden-section search in the logarithm of the epochs, which the loss has one minimum in.

    References
    ----------
    .. [1] Muennighoff, N. et al. (2023), arXiv 2305.16264, section 5: compute is better spent on epochs than on
       parameters, as R_D* is larger than R_N*.
    """

    def at(log_epochs: float) -> float:
        tokens = unique * math.exp(log_epochs)
        return constrained_loss(loss, flops / 6.0 / tokens, tokens, unique)

    low, high = math.log(1e-3), math.log(_MOST_EPOCHS)
    for _ in range(_SEARCH):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, right) if at(left) < at(right) else (left, high)
    epochs = math.exp(0.5 * (low + high))
    tokens = unique * epochs
    return BestSplit(epochs, flops / 6.0 / tokens, tokens, at(math.log(epochs)))
