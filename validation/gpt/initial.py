"""Initial weights that depend on nothing but the seed and the name of the parameter."""

import hashlib
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from validation.gpt.config import ModelShape
from validation.gpt.model import GPT

STANDARD_DEVIATION = 0.02
"""Of all matrices (GPT-2, Radford et al. 2019; Megatron-LM)."""


def build_model(shape: ModelShape, seed: int, layers: Sequence[int] | None, dtype: torch.dtype, autocast: bool) -> GPT:
    """Build the model or a stage of it on the CPU, in float32, with its initial weights.

    Each parameter has a stream of random numbers of its own, so every layout starts from the same model. A process
    holds its whole stage in host memory once, 4 bytes a parameter, before it is sharded.
    """
    with torch.device("meta"):
        model = GPT(shape, layers, dtype, autocast)
    model.to_empty(device="cpu")
    model.tie()
    for name, parameter in model.named_parameters():
        fill(parameter.data, canonical_name(name, shape.tied), seed, shape.layers)
    return model


def canonical_name(name: str, tied: bool) -> str:
    """Name under which a parameter is initialised and saved: a tied head is the embedding."""
    return "embedding.weight" if tied and name == "head.weight" else name


def fill(weight: Tensor, name: str, seed: int, layers: int) -> None:
    """Give one parameter its initial values, in place.

    Norms start at 1, matrices from a normal distribution; those that write to the residual path have their deviation
    divided by the root of the number of such matrices, ``2 * layers`` (GPT-2, Radford et al. 2019, section 2.3).
    """
    if weight.dim() == 1:
        weight.fill_(1.0)
        return
    writes_residual = name.endswith(("attention.output.weight", "feed_forward.down.weight"))
    deviation = STANDARD_DEVIATION / (math.sqrt(2.0 * layers) if writes_residual else 1.0)
    stream = int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "little")
    generator = torch.Generator().manual_seed(stream & (2**63 - 1))
    weight.normal_(0.0, deviation, generator=generator)
