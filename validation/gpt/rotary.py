"""Rotary position embedding."""

from functools import lru_cache

import torch
from torch import Tensor


@lru_cache(maxsize=8)
def rotary_table(length: int, width: int, theta: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary angles.

    Parameters
    ----------
    length : int
        Positions.
    width : int
        Width of a head; even.
    theta : float
        Base of the angles.
    device : torch.device
        Where they are needed.

    Returns
    -------
    tuple of Tensor
        Two of shape ``(length, width)`` in float32. Pair ``i`` of a head turns by
        ``position * theta ** (-2 i / width)``; it is made of the elements ``i`` and ``i + width / 2``, the order of
        Hugging Face's Llama.

    Notes
    -----
    One table serves all layers. It is no buffer of the module: FSDP would cast it to the precision of the weights.

    References
    ----------
    .. [1] Su, J. et al. (2021), RoFormer, arXiv 2104.09864, section 3.2.
    """
    exponents = torch.arange(0, width, 2, dtype=torch.float32, device=device) / width
    angles = torch.outer(torch.arange(length, dtype=torch.float32, device=device), theta**-exponents)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
    """Turn queries or keys by their positions.

    Parameters
    ----------
    x : Tensor
        Shape ``(batch, heads, length, width)``.
    table : tuple of Tensor
        From :func:`rotary_table`.

    Returns
    -------
    Tensor
        Same shape and type; computed in float32.
    """
    cosines, sines = table
    wide = x.float()
    low, high = wide.chunk(2, dim=-1)
    return (wide * cosines + torch.cat((-high, low), dim=-1) * sines).to(x.dtype)
