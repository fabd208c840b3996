"""Collectives and messages between processes, over message sizes and sizes of the group."""

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any

from validation.bench.case import Case, Record, Value
from validation.bench.sampling import Prepared
from validation.bench.session import NotRunError, Session
from validation.bench.worker import Place, Work, join_group

if TYPE_CHECKING:
    import torch

MESSAGE_BYTES = {False: tuple(1 << power for power in range(12, 27, 2)), True: (1 << 12, 1 << 16)}
"""4 KiB to 64 MiB, and for a small run the ends of the range where the start of a message costs most."""

VALUE_BYTES = 4

Operation = Callable[[], object]


def run(session: Session) -> list[Record]:
    """Time every collective on every message and group."""
    if session.world < 2:
        problem = "one process has none to send to; give --world 2 or more"
        raise NotRunError(problem)
    return session.measured(cases(session), Work(prepare, enter))


def cases(session: Session) -> list[Case]:
    """Every collective on every message in every size of group.

    Parameters
    ----------
    session : Session
        Processes.

    Returns
    -------
    list of Case
        ``bytes`` is the size of the message as nccl-tests counts it: of the whole vector that is reduced, gathered,
        scattered or exchanged, in one process. A message and its way back are two operations.
    """
    return [
        _case(name, size // (devices * VALUE_BYTES) * devices * VALUE_BYTES, devices, session.place.backend)
        for name, devices, size in product(OPERATIONS, session.group_sizes, MESSAGE_BYTES[session.small])
        if name != "send_recv" or devices == 2
    ]


def _case(name: str, size: int, devices: int, backend: str) -> Case:
    parameters: dict[str, Value] = {
        "op": name,
        "devices": devices,
        "bytes": size,
        "backend": backend,
        "precision": "fp32",
    }
    return Case(
        section="collective",
        parameters=parameters,
        processes=devices,
        operations=2 if name == "send_recv" else 1,
        slowest=True,
    )


def enter(place: Place) -> dict[str, float]:
    """Join the group of all processes and make the smaller ones.

    Parameters
    ----------
    place : Place
        Where this process stands; its ``groups`` gains one for each size.

    Returns
    -------
    dict
        Empty: start-up has a section of its own.
    """
    import torch.distributed as dist

    join_group(place)
    size = 2
    while size < place.size:
        place.groups[size] = dist.new_group(list(range(size)))
        size *= 2
    return {}


def prepare(case: Case, place: Place) -> Prepared:
    """Make the vectors of a collective.

    Parameters
    ----------
    case : Case
        One of :func:`cases`.
    place : Place
        A process of the group.

    Returns
    -------
    Prepared
        The collective.
    """
    import torch

    devices = int(case.parameters["devices"])
    count = int(case.parameters["bytes"]) // VALUE_BYTES
    # Zeros stay zeros, however often they are summed.
    whole, part = (torch.zeros(n, device=place.device) for n in (count, count // devices))
    return Prepared(OPERATIONS[str(case.parameters["op"])](whole, part, place.groups[devices], place.rank))


def _all_reduce(whole: "torch.Tensor", _part: "torch.Tensor", group: Any, _rank: int) -> Operation:
    import torch.distributed as dist

    return lambda: dist.all_reduce(whole, group=group)


def _all_gather(whole: "torch.Tensor", part: "torch.Tensor", group: Any, _rank: int) -> Operation:
    gather = _renamed("all_gather_single", "all_gather_into_tensor")
    return lambda: gather(whole, part, group=group)


def _reduce_scatter(whole: "torch.Tensor", part: "torch.Tensor", group: Any, _rank: int) -> Operation:
    scatter = _renamed("reduce_scatter_single", "reduce_scatter_tensor")
    return lambda: scatter(part, whole, group=group)


def _all_to_all(whole: "torch.Tensor", _part: "torch.Tensor", group: Any, _rank: int) -> Operation:
    import torch.distributed as dist

    received = whole.clone()
    return lambda: dist.all_to_all_single(received, whole, group=group)


def _send_recv(whole: "torch.Tensor", _part: "torch.Tensor", group: Any, rank: int) -> Operation:
    """A message to the other process and back."""
    import torch.distributed as dist

    def first() -> None:
        dist.send(whole, dst=1, group=group)
        dist.recv(whole, src=1, group=group)

    def second() -> None:
        dist.recv(whole, src=0, group=group)
        dist.send(whole, dst=0, group=group)

    return first if rank == 0 else second


def _renamed(new: str, old: str) -> Callable[..., object]:
    """A function of ``torch.distributed`` that got another name in torch 2.13."""
    import torch.distributed as dist

    found: Callable[..., object] = getattr(dist, new, None) or getattr(dist, old)
    return found


OPERATIONS = {
    "all_reduce": _all_reduce,
    "all_gather": _all_gather,
    "reduce_scatter": _reduce_scatter,
    "all_to_all": _all_to_all,
    "send_recv": _send_recv,
}
