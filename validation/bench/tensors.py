"""Inputs of operators."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

PRECISIONS = {"fp32": 4, "bf16": 2}
"""Bytes of a value, by precision."""


def dtype_of(precision: str) -> "torch.dtype":
    """The type of torch of a precision.

    Parameters
    ----------
    precision : {"fp32", "bf16"}
        As in the job's settings.

    Returns
    -------
    torch.dtype
        The type.
    """
    import torch

    return {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]


def normal(*sizes: int, precision: str, device: "torch.device", gradient: bool = False) -> "torch.Tensor":
    """Values of the size that activations have: zeros draw less power, and tiny ones are slow on some processors.

    Parameters
    ----------
    *sizes : int
        Shape of the tensor.
    precision : {"fp32", "bf16"}
        Type of its values.
    device : torch.device
        Where it lies.
    gradient : bool
        Whether it takes a gradient.

    Returns
    -------
    torch.Tensor
        Standard normal values.
    """
    import torch

    return torch.randn(sizes, dtype=dtype_of(precision), device=device, requires_grad=gradient)
