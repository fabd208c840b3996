"""Puts the tasks of all ranks into one order in which everything waited for comes first."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from clustersim.step.pipeline.route import Cell, after, before, boundary
from clustersim.step.pipeline.schedule import Schedule
from clustersim.step.pipeline.tasks import KINDS_OF, Kind, RankOrder, Task

START = 0
NOBODY = 1
START_NODES = 2
"""Nodes 0 and 1 are the start of the step and a message that was always there; tasks come after them."""

Need = tuple[Cell, bool, int]
"""A pass that must be over: where, whether forward, and of which micro-batch."""


class PipelineDeadlockError(ValueError):
    """Ranks wait for each other in a circle."""


@dataclass(slots=True)
class Compiled:
    """Lists by node, and nodes by rank; see :class:`~clustersim.step.pipeline.graph.Graph`."""

    previous: list[int] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)
    links: list[int] = field(default_factory=list)
    ranks: list[list[tuple[int, Task | None]]] = field(default_factory=list)
    first_forward: dict[Cell, int] = field(default_factory=dict)
    last_backward: dict[Cell, int] = field(default_factory=dict)

    def add(self, rank: int, task: Task | None, slot: int, source: int, link: int) -> int:
        """Append a node and return its number."""
        node, row = START_NODES + len(self.slots), self.ranks[rank]
        self.previous.append(row[-1][0] if row else START)
        self.source.append(source)
        self.slots.append(slot)
        self.links.append(link)
        row.append((node, task))
        return node


@dataclass(frozen=True, slots=True)
class _Way:
    """What a pass in a cell waits for: the node table of the pass before it, the link between, and own passes."""

    cell: Cell
    forward: bool
    waits_for: Cell | None
    done: dict[int, int]
    message: dict[int, int] | None
    link: int
    own_forward: dict[int, int] | None


def compile_orders(schedule: Schedule, orders: Sequence[RankOrder]) -> Compiled:
    """Let every rank go as far as it can, in turn, until all is done.

    Parameters
    ----------
    schedule : Schedule
        Which way micro-batches go.
    orders : sequence of RankOrder
        Tasks of each rank.

    Returns
    -------
    Compiled
        All tasks as nodes.

    Raises
    ------
    PipelineDeadlockError
        If no rank can go on.
    """
    compiled = Compiled(ranks=[[] for _ in orders])
    ways = _ways(schedule)
    kinds = KINDS_OF[schedule.name]
    slot_of = {
        (rank, chunk, kind): (rank * schedule.chunks + chunk) * len(kinds) + number
        for rank in range(schedule.stages)
        for chunk in range(schedule.chunks)
        for number, kind in enumerate(kinds)
    }
    done = [0] * len(orders)
    total = sum(len(order.tasks) for order in orders)
    while sum(done) < total:
        before_s = sum(done)
        for rank, order in enumerate(orders):
            done[rank] = _advance(rank, order.tasks, done[rank], ways, slot_of, compiled)
        if sum(done) == before_s:
            raise PipelineDeadlockError(_circle(schedule, orders, done, ways))
    return compiled


def _ways(schedule: Schedule) -> dict[tuple[int, int, bool], _Way]:
    cells = [Cell(rank, chunk) for rank in range(schedule.stages) for chunk in range(schedule.chunks)]
    tables: dict[tuple[Cell, bool], dict[int, int]] = {(cell, way): {} for cell in cells for way in (True, False)}
    ways = {}
    for cell in cells:
        for forward in (True, False):
            other = (before if forward else after)(schedule, cell)
            ways[cell.rank, cell.chunk, forward] = _Way(
                cell=cell,
                forward=forward,
                waits_for=other,
                done=tables[cell, forward],
                message=None if other is None else tables[other, forward],
                link=0 if other is None else boundary(schedule, cell, other),
                own_forward=None if forward else tables[cell, True],
            )
    return ways


def _advance(
    rank: int,
    tasks: Sequence[Task],
    start: int,
    ways: dict[tuple[int, int, bool], _Way],
    slot_of: dict[tuple[int, int, Kind], int],
    compiled: Compiled,
) -> int:
    """Do the tasks of a rank until one has to wait; return how many are done."""
    last_slot = len(slot_of)
    for position in range(start, len(tasks)):
        task = tasks[position]
        passes = _passes(task)
        messages: list[tuple[int, int]] = []
        for chunk, forward, micro_batch in passes:
            way = ways[rank, chunk, forward]
            if way.own_forward is not None and micro_batch not in way.own_forward:
                return position
            if way.message is None:
                continue
            source = way.message.get(micro_batch)
            if source is None:
                return position
            if way.waits_for is not None and way.waits_for.rank != rank:
                messages.append((source, way.link))
        if task.kind is Kind.WEIGHT and task.micro_batch not in ways[rank, task.chunk, False].done:
            return position
        for source, link in messages[:-1]:
            compiled.add(rank, None, last_slot, source, link)
        source, link = messages[-1] if messages else (NOBODY, 0)
        node = compiled.add(rank, task, slot_of[rank, task.chunk, task.kind], source, link)
        for chunk, forward, micro_batch in passes:
            way = ways[rank, chunk, forward]
            way.done[micro_batch] = node
            if forward:
                compiled.first_forward.setdefault(way.cell, node)
            else:
                compiled.last_backward[way.cell] = node
        if task.kind is Kind.WEIGHT:
            compiled.last_backward[Cell(rank, task.chunk)] = node
    return len(tasks)


def _passes(task: Task) -> tuple[tuple[int, bool, int], ...]:
    """Chunk, direction and micro-batch of what others may wait for; nobody waits for a weight gradient."""
    kind, chunk, micro_batch, paired = task
    if kind is Kind.FORWARD:
        return ((chunk, True, micro_batch),)
    if kind is Kind.PAIR:
        return ((chunk, True, micro_batch), (1 - chunk, False, paired))
    return () if kind is Kind.WEIGHT else ((chunk, False, micro_batch),)


def _circle(
    schedule: Schedule, orders: Sequence[RankOrder], done: Sequence[int], ways: dict[tuple[int, int, bool], _Way]
) -> str:
    """The ranks that wait for each other, each with the task it stands before and what it waits for."""
    rank = next(rank for rank, order in enumerate(orders) if done[rank] < len(order.tasks))
    seen: list[int] = []
    words: list[str] = []
    while rank not in seen:
        seen.append(rank)
        task = orders[rank].tasks[done[rank]]
        where, forward, micro_batch = _missing(rank, task, ways)
        awaited = f"{'F' if forward else 'B'}{micro_batch}.{where.chunk}"
        words.append(f"rank {rank} at {task.label} waits for {awaited} of rank {where.rank}")
        rank = where.rank
    return f"{schedule.name} deadlocks: {'; '.join(words[seen.index(rank) :])}"


def _missing(rank: int, task: Task, ways: dict[tuple[int, int, bool], _Way]) -> Need:
    """First pass that a task waits for in vain."""
    for chunk, forward, micro_batch in _passes(task):
        way = ways[rank, chunk, forward]
        if way.own_forward is not None and micro_batch not in way.own_forward:
            return way.cell, True, micro_batch
        if way.message is not None and way.waits_for is not None and micro_batch not in way.message:
            return way.waits_for, forward, micro_batch
    return Cell(rank, task.chunk), False, task.micro_batch
