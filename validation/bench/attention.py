"""Causal attention, forward and backward, on the shapes of the models."""

from dataclasses import asdict, dataclass
from itertools import product
from typing import Self

from validation.bench.case import Case, Record
from validation.bench.sampling import Prepared
from validation.bench.session import Session
from validation.bench.shape import Shape
from validation.bench.tensors import PRECISIONS, normal
from validation.bench.worker import Place, Work

BACKWARD_PRODUCTS = 2.5
"""Products of the backward kernel over those of the forward one: five over two, as it works out the scores again (Dao
et al. 2022, FlashAttention, arXiv 2205.14135, algorithm 4)."""


def run(session: Session) -> list[Record]:
    """Time attention on every shape, alone and in all processes at once."""
    return session.measured(cases(session), Work(prepare))


def cases(session: Session) -> list[Case]:
    """Forward and backward on each shape in each precision.

    Parameters
    ----------
    session : Session
        Shapes, threads and processes.

    Returns
    -------
    list of Case
        FLOPs are those of the half of the scores that the causal mask keeps.
    """
    return [
        _case(sizes, direction, precision, session.place.threads, processes)
        for sizes, direction, precision, processes in product(
            dict.fromkeys(map(_Sizes.of, session.shapes)), ("forward", "backward"), PRECISIONS, session.process_counts
        )
    ]


@dataclass(frozen=True, slots=True)
class _Sizes:
    """What of a shape attention depends on, by the names of the records."""

    batch: int
    heads: int
    kv_heads: int
    seq: int
    head_dim: int

    @classmethod
    def of(cls, shape: Shape) -> Self:
        heads, kv_heads = shape.heads // shape.tensor, shape.kv_heads // shape.tensor
        return cls(shape.micro_batch, heads, kv_heads, shape.sequence_length, shape.head_dim)


def _case(sizes: _Sizes, direction: str, precision: str, threads: int, processes: int) -> Case:
    forward = 4 * sizes.batch * sizes.heads * sizes.seq**2 * sizes.head_dim // 2
    return Case(
        section="attention",
        parameters={**asdict(sizes), "causal": True, "op": direction, "precision": precision, "threads": threads},
        processes=processes,
        flop=forward if direction == "forward" else int(BACKWARD_PRODUCTS * forward),
    )


def prepare(case: Case, place: Place) -> Prepared:
    """Make queries, keys and values, and for the backward pass the result and its gradient.

    Parameters
    ----------
    case : Case
        One of :func:`cases`.
    place : Place
        Whose device to use.

    Returns
    -------
    Prepared
        ``scaled_dot_product_attention``, or the gradients of its three inputs.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    batch, heads, kv_heads, length, width = (
        int(case.parameters[name]) for name in ("batch", "heads", "kv_heads", "seq", "head_dim")
    )

    def make(heads: int) -> torch.Tensor:
        precision = str(case.parameters["precision"])
        return normal(batch, heads, length, width, precision=precision, device=place.device, gradient=True)

    query, key, value = make(heads), make(kv_heads), make(kv_heads)

    def forward() -> torch.Tensor:
        return scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=heads != kv_heads)

    if case.parameters["op"] == "forward":
        return Prepared(forward)
    result = forward()
    gradient = torch.randn_like(result)
    return Prepared(lambda: torch.autograd.grad(result, (query, key, value), gradient, retain_graph=True))
