"""AdamW, its groups, and its state as named tensors."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import AdamW

from validation.gpt.config import Training
from validation.gpt.weights import Weight

MOMENTS = ("exp_avg", "exp_avg_sq")
"""torch's names of the running means of the gradient and of its square."""


def build_optimizer(weights: Sequence[Weight], train: Training) -> AdamW:
    """Build a fused AdamW; matrices decay, norms do not.

    Weights that are spread alike form a group: the fused kernel takes only tensors of one kind and one mesh.

    References
    ----------
    .. [1] Loshchilov, I., Hutter, F. (2019), Decoupled Weight Decay Regularization, arXiv 1711.05101.
    """
    groups: dict[tuple[bool, frozenset[str]], list[Weight]] = {}
    for weight in weights:
        groups.setdefault((weight.parameter.dim() >= 2, weight.split_over()), []).append(weight)
    return AdamW(
        [
            {"params": [weight.parameter for weight in members], "weight_decay": train.weight_decay if decays else 0.0}
            for (decays, _), members in groups.items()
        ],
        lr=train.learning_rate,
        betas=(train.beta1, train.beta2),
        eps=train.epsilon,
        fused=True,
    )


def set_learning_rate(optimizer: AdamW, rate: float) -> None:
    """Give every group the same learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def moments(optimizer: AdamW, weights: Sequence[Weight]) -> dict[str, Tensor]:
    """Return the moments of every weight under names, as parts of the whole; created as zeros where there are none yet.

    Returns
    -------
    dict
        ``NAME.exp_avg`` and ``NAME.exp_avg_sq``, sharing storage with the optimizer's state.
    """
    named = {}
    for weight in weights:
        state = optimizer.state[weight.parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device=weight.parameter.device)
            for moment in MOMENTS:
                state[moment] = torch.zeros_like(weight.parameter)
        for moment in MOMENTS:
            named[f"{weight.name}.{moment}"] = weight.whole(state[moment])
    return named


def set_steps_done(optimizer: AdamW, steps: int) -> None:
    """Tell the bias correction how many updates the moments have seen."""
    for state in optimizer.state.values():
        state["step"].fill_(float(steps))
