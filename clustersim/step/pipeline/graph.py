"""A schedule as flat lists, so that a simulation is one loop over them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from clustersim.step.pipeline.compiler import START_NODES, Compiled, compile_orders
from clustersim.step.pipeline.orders import rank_orders
from clustersim.step.pipeline.periodic import Steady, steady_of
from clustersim.step.pipeline.route import Cell, after, before, boundary
from clustersim.step.pipeline.schedule import Schedule
from clustersim.step.pipeline.tasks import KINDS_OF, Kind, Task

Pick = Callable[[Sequence[float]], tuple[float, ...]]

GRAPHS_KEPT = 512
"""Compiled schedules that are kept. One of 4,096 tasks takes half a megabyte."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A schedule as nodes in an order in which all a node waits for comes first.

    Attributes
    ----------
    schedule : Schedule
        What was compiled.
    previous, source : tuple of int, shape (nodes,)
        Node before it on the same rank, and node whose message it waits for. Nodes 0 and 1 are none of the tasks: the
        start of the step, and a message that was always there.
    slots : tuple of int, shape (nodes,)
        Where its duration stands in the table (:mod:`~clustersim.step.pipeline.table`).
    links : tuple of int, shape (nodes,)
        Number of the link its message comes over; 0 without message.
    durations, delays : callable
        Pick the durations out of that table, and the delays out of those of the links, for all nodes at once.
    sent : tuple of tuple of int, shape (slots, messages)
        Numbers of the links that the results of a task leave by.
    messages : tuple of int, shape (slots,)
        How many they are.
    ranks : tuple, shape (stages,)
        Nodes of each rank in its order, and the tasks they are. A node that only waits for a second message has none.
    first_forward, last_backward : tuple, shape (stages, chunks)
        Nodes that need the weights of a chunk first, and that make its gradients final.
    steady : Steady or None
        Where rounds of the steady state can be compared; None if there are none.
    """

    schedule: Schedule
    previous: tuple[int, ...]
    source: tuple[int, ...]
    slots: tuple[int, ...]
    links: tuple[int, ...]
    durations: Pick
    delays: Pick
    sent: tuple[tuple[int, ...], ...]
    messages: tuple[int, ...]
    ranks: tuple[tuple[tuple[int, Task | None], ...], ...]
    first_forward: tuple[tuple[int, ...], ...]
    last_backward: tuple[tuple[int, ...], ...]
    steady: Steady | None

    def index(self, node: int) -> int:
        """Place of a node in the lists."""
        return node - START_NODES


@lru_cache(maxsize=GRAPHS_KEPT)
def compile_graph(schedule: Schedule) -> Graph:
    """Compile a schedule.

    Parameters
    ----------
    schedule : Schedule
        The schedule and its size.

    Returns
    -------
    Graph
        The same object for the same schedule.

    Raises
    ------
    PipelineDeadlockError
        If the ranks wait for each other in a circle; the message names it.
    """
    orders = rank_orders(schedule)
    compiled = compile_orders(schedule, orders)
    sent = _sent(schedule)
    return Graph(
        schedule=schedule,
        previous=tuple(compiled.previous),
        source=tuple(compiled.source),
        slots=tuple(compiled.slots),
        links=tuple(compiled.links),
        durations=_pick(compiled.slots),
        delays=_pick(compiled.links),
        sent=sent,
        messages=tuple(map(len, sent)),
        ranks=tuple(map(tuple, compiled.ranks)),
        first_forward=_by_chunk(schedule, compiled, compiled.first_forward),
        last_backward=_by_chunk(schedule, compiled, compiled.last_backward),
        steady=steady_of(schedule, orders, compiled),
    )


def _by_chunk(schedule: Schedule, compiled: Compiled, nodes: dict[Cell, int]) -> tuple[tuple[int, ...], ...]:
    chunks = range(schedule.chunks)
    return tuple(tuple(nodes[Cell(rank, chunk)] for chunk in chunks) for rank in range(len(compiled.ranks)))


def _pick(places: list[int]) -> Pick:
    """Pick of many places at once; ``itemgetter`` of a single one gives no tuple, so there is one more."""
    getter = itemgetter(*places, places[-1])
    return lambda table: getter(table)[:-1]


def _sent(schedule: Schedule) -> tuple[tuple[int, ...], ...]:
    """Links of the messages of each slot: activations on, gradients back."""
    rows: list[tuple[int, ...]] = []
    for rank in range(schedule.stages):
        for chunk in range(schedule.chunks):
            here, other = Cell(rank, chunk), Cell(rank, schedule.chunks - 1 - chunk)
            ahead = _link(schedule, here, after(schedule, here))
            back = _link(schedule, here, before(schedule, here))
            pair = ahead + _link(schedule, other, before(schedule, other))
            by_kind = {Kind.FORWARD: ahead, Kind.BACKWARD: back, Kind.INPUT: back, Kind.PAIR: pair}
            rows += (by_kind.get(kind, ()) for kind in KINDS_OF[schedule.name])
    return (*rows, ())


def _link(schedule: Schedule, cell: Cell, other: Cell | None) -> tuple[int, ...]:
    return () if other is None or other.rank == cell.rank else (boundary(schedule, cell, other),)
