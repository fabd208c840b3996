"""Cross-entropy of the next token, also on logits that are split by vocabulary."""

import contextlib
from contextlib import AbstractContextManager

from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.distributed.tensor.parallel import loss_parallel
from torch.nn import functional

IGNORED = -100
"""Target that counts for nothing (torch's default)."""


def loss_context(tensor_parallel: int) -> AbstractContextManager[None]:
    """Context in which loss and backward pass must run: on split logits torch computes both on the parts."""
    return loss_parallel() if tensor_parallel > 1 else contextlib.nullcontext()


def mean_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over tokens, in nats, computed in float32; logits (B, L, V), targets (B, L)."""
    return functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())


def summed_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Sum over the tokens that are not ``IGNORED``, in nats, as a plain tensor."""
    loss = functional.cross_entropy(
        logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return plain(loss)


def plain(tensor: Tensor) -> Tensor:
    """Return a tensor as every process sees it whole."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
