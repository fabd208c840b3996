"""Operators that move bytes and hardly compute, over sizes from the first cache to main memory."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from validation.bench.case import Case, Record, Value
from validation.bench.sampling import Prepared
from validation.bench.session import Session
from validation.bench.tensors import PRECISIONS, normal
from validation.bench.worker import Place, Work

if TYPE_CHECKING:
    import torch

WIDTH = 1024
"""Values of a row of the operators that work on rows; a width of small models, a choice."""

TENSOR_BYTES = {
    "small": (1 << 14, 1 << 18),
    "cpu": (1 << 15, 1 << 18, 1 << 21, 1 << 24, 1 << 26),
    "cuda": (1 << 18, 1 << 21, 1 << 24, 1 << 27, 1 << 30),
}
"""Sizes of the tensor worked on: from the first-level cache to memory of the processor, or of the accelerator."""

Operation = Callable[[], object]
Make = Callable[..., "torch.Tensor"]


def run(session: Session) -> list[Record]:
    """Time every operator on every size, alone and in all processes at once."""
    return session.measured(cases(session), Work(prepare))


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator on rows.

    Attributes
    ----------
    passes : float
        Reads and writes of a tensor as large as its input: each torch operator reads each of its inputs and writes its
        output once.
    precisions : tuple of str
        What it is timed in.
    build : callable
        From a function that makes one such tensor to the operation.
    section : str
        Where its records belong: with those of the optimizer, what is done to parameters.
    """

    passes: float
    precisions: tuple[str, ...]
    build: Callable[[Make], Operation]
    section: str = "memory"


def _copy(make: Make) -> Operation:
    source, target = make(), make()
    return lambda: target.copy_(source)


def _add(make: Make) -> Operation:
    import torch

    left, right, total = make(), make(), make()
    return lambda: torch.add(left, right, out=total)


def _cast(make: Make) -> Operation:
    import torch

    wide = make()
    return lambda: wide.to(torch.bfloat16)


def _rms_norm(make: Make) -> Operation:
    from torch.nn.functional import rms_norm

    x = make()
    weight = x[0].clone()
    return lambda: rms_norm(x, weight.shape, weight)


def _rms_norm_backward(make: Make) -> Operation:
    from torch.nn.functional import rms_norm

    x = make(gradient=True)
    weight = x[0].detach().clone()
    return _backward(rms_norm(x, weight.shape, weight), x)


def _swiglu(make: Make) -> Operation:
    from torch.nn.functional import silu

    gate, up = make(), make()
    return lambda: silu(gate) * up


def _swiglu_backward(make: Make) -> Operation:
    from torch.nn.functional import silu

    gate, up = make(gradient=True), make(gradient=True)
    return _backward(silu(gate) * up, gate, up)


def _softmax(make: Make) -> Operation:
    x = make()
    return lambda: x.softmax(-1)


def _cross_entropy(make: Make) -> Operation:
    from torch.nn.functional import cross_entropy

    logits = make()
    targets = _targets(logits)
    return lambda: cross_entropy(logits, targets)


def _cross_entropy_backward(make: Make) -> Operation:
    from torch.nn.functional import cross_entropy

    logits = make(gradient=True)
    return _backward(cross_entropy(logits, _targets(logits)), logits)


def _adamw(make: Make) -> Operation:
    import torch

    parameter = torch.nn.Parameter(make())
    parameter.grad = make()
    return torch.optim.AdamW([parameter], lr=1e-4, fused=True).step


def _clip_grad_norm(make: Make) -> Operation:
    import torch

    parameter = torch.nn.Parameter(make())
    parameter.grad = make()
    return lambda: torch.nn.utils.clip_grad_norm_([parameter], 1.0)


def _targets(logits: "torch.Tensor") -> "torch.Tensor":
    import torch

    return torch.randint(logits.shape[1], (logits.shape[0],), device=logits.device)


def _backward(result: "torch.Tensor", *inputs: "torch.Tensor") -> Operation:
    import torch

    gradient = torch.randn_like(result)
    return lambda: torch.autograd.grad(result, inputs, gradient, retain_graph=True)


_BOTH = tuple(PRECISIONS)

OPERATORS = {
    "copy": Operator(2, ("fp32",), _copy),
    "add": Operator(3, ("fp32",), _add),
    "cast": Operator(1.5, ("fp32",), _cast),  # to bf16: what autocast does to the weights
    "rms_norm": Operator(2, _BOTH, _rms_norm),
    "rms_norm_backward": Operator(3, _BOTH, _rms_norm_backward),
    "swiglu": Operator(5, _BOTH, _swiglu),  # silu reads one and writes one; the product reads two and writes one
    "swiglu_backward": Operator(9, _BOTH, _swiglu_backward),  # two products and the derivative of silu, three each
    "softmax": Operator(2, _BOTH, _softmax),
    "cross_entropy": Operator(2, ("fp32",), _cross_entropy),  # reads the logits, writes their logarithms
    "cross_entropy_backward": Operator(4, ("fp32",), _cross_entropy_backward),  # one more write: zeros of the gradient
    # Reads parameter, gradient and two moments; writes all but the gradient.
    "adamw": Operator(7, ("fp32",), _adamw, "optimizer"),
    "clip_grad_norm": Operator(3, ("fp32",), _clip_grad_norm, "optimizer"),  # the norm reads it; it is scaled in place
}


def cases(session: Session) -> list[Case]:
    """Every operator on every size that holds a row of it.

    Parameters
    ----------
    session : Session
        Shapes, threads and processes. Rows of cross-entropy are as wide as the vocabularies of the shapes.

    Returns
    -------
    list of Case
        ``tensor_bytes`` is the size of one tensor, ``bytes`` what all reads and writes of the operator add up to.
    """
    sizes = TENSOR_BYTES["small" if session.small else session.place.device_kind]
    vocabs = sorted({shape.vocab for shape in session.shapes})
    return [
        _case(name, precision, size // row_bytes, width, session.place.threads, processes)
        for name, operator in OPERATORS.items()
        for width in (vocabs if name.startswith("cross_entropy") else [WIDTH])
        for precision, size, processes in product(operator.precisions, sizes, session.process_counts)
        if size >= (row_bytes := width * PRECISIONS[precision])
    ]


def _case(name: str, precision: str, rows: int, width: int, threads: int, processes: int) -> Case:
    operator, tensor_bytes = OPERATORS[name], rows * width * PRECISIONS[precision]
    sizes: dict[str, Value] = {"rows": rows, "width": width, "tensor_bytes": tensor_bytes}
    if operator.section == "optimizer":
        sizes = {"params": rows * width, "rows": rows, "width": width}
    return Case(
        section=operator.section,
        parameters={"op": name, "precision": precision, **sizes, "threads": threads},
        processes=processes,
        bytes=int(operator.passes * tensor_bytes),
    )


def prepare(case: Case, place: Place) -> Prepared:
    """Make the tensors of an operator.

    Parameters
    ----------
    case : Case
        One of :func:`cases`.
    place : Place
        Whose device to use.

    Returns
    -------
    Prepared
        The operator. Copy and add write into memory that is there already; the others allocate what they return, as
        they do in a model.
    """
    rows, width = int(case.parameters["rows"]), int(case.parameters["width"])
    precision = str(case.parameters["precision"])

    def make(gradient: bool = False) -> "torch.Tensor":
        return normal(rows, width, precision=precision, device=place.device, gradient=gradient)

    return Prepared(OPERATORS[str(case.parameters["op"])].build(make))
