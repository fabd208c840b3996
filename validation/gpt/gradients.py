"""Norm and clipping of gradients that are spread over processes."""

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor

from validation.gpt.processes import DATA, PIPELINE, TENSOR, Processes
from validation.gpt.weights import Weight, local_part


def gradient_norm(weights: Sequence[Weight], processes: Processes) -> Tensor:
    """Root of the sum of the squares of all gradients of the whole model.

    Parameters
    ----------
    weights : sequence of Weight
        Of this process, with reduced gradients.
    processes : Processes
        The mesh they are spread over.

    Returns
    -------
    Tensor
        A number, the same on every process.

    Notes
    -----
    Squares of the local parts are added up by the dimensions of the mesh that split them, so that a weight which
    tensor-parallel processes hold whole counts once, then summed over those dimensions and over the pipeline.
    """
    squares: dict[frozenset[str], Tensor] = {}
    for split in _splits(weights):
        gradients = [_gradient(weight) for weight in weights if weight.counted and weight.split_over() == split]
        squares[split] = torch.stack(torch._foreach_norm(gradients)).square().sum()
    for dimension in (DATA, TENSOR):
        spread = [split for split in squares if dimension in split]
        if spread:
            sums = torch.stack([squares[split] for split in spread])
            dist.all_reduce(sums, group=processes.group(dimension))
            squares |= zip(spread, sums.unbind(), strict=True)
    total = torch.stack(list(squares.values())).sum()
    if processes.mesh[PIPELINE].size() > 1:
        dist.all_reduce(total, group=processes.group(PIPELINE))
    return total.sqrt()


def clip_gradients(weights: Sequence[Weight], norm: Tensor, limit: float) -> None:
    """Scale all gradients by ``limit / norm`` where the norm is above the limit, in place; a limit of 0 does nothing.

    The division happens on the device, without waiting for the norm (Pascanu et al. 2013, arXiv 1211.5063).
    """
    if limit:
        scale = (limit / norm).clamp(max=1.0)
        torch._foreach_mul_([_gradient(weight) for weight in weights], scale)


def _splits(weights: Sequence[Weight]) -> list[frozenset[str]]:
    """Return the different splits, in an order that is the same on all processes of a stage."""
    return list(dict.fromkeys(weight.split_over() for weight in weights if weight.counted))


def _gradient(weight: Weight) -> Tensor:
    gradient = weight.parameter.grad
    if gradient is None:
        message = f"{weight.name} has no gradient after the backward pass"
        raise RuntimeError(message)
    return local_part(gradient)
