"""What a simulated pipeline did, and how long."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import add, mul

from clustersim.step.pipeline.compiler import NOBODY, START_NODES
from clustersim.step.pipeline.graph import Graph
from clustersim.step.pipeline.periodic import Pace, nodes_between
from clustersim.step.pipeline.route import micro_batches_of
from clustersim.step.pipeline.schedule import Schedule
from clustersim.step.pipeline.work import Grid, Work

ROUNDING = 1e-12
"""Idle time, relative to the whole, that is none."""


@dataclass(frozen=True, eq=False)
class PipelineRun:
    """A pipeline after one step's micro-batches; what is not asked for is not worked out.

    Attributes
    ----------
    schedule : Schedule
        The schedule in full.
    work : Work
        Times of one micro-batch.
    graph : Graph
        What was simulated, perhaps of fewer micro-batches.
    finish_s : sequence of float, shape (nodes + 2,)
        When each node of it was over [s].
    durations_s : sequence of float, shape (nodes,)
        How long each node kept its rank [s].
    blocked_s : sequence of float, shape (slots,), optional
        Part of that in which the rank stood still for its message [s]; None for none.
    messages_s : sequence of float, shape (stages,)
        Time of a message from its sender's computation to its arrival, by link [s].
    varied : bool
        Whether micro-batches differ.
    rounds : int
        Rounds of the steady state left out.
    pace : Pace, optional
        That round and its time.
    """

    schedule: Schedule
    work: Work
    graph: Graph
    finish_s: Sequence[float]
    durations_s: Sequence[float]
    blocked_s: Sequence[float] | None
    messages_s: Sequence[float]
    varied: bool = False
    rounds: int = 0
    pace: Pace | None = None
    _exposed_by_rank: dict[int, float] = field(default_factory=dict, init=False, repr=False)

    def extended(self, schedule: Schedule, rounds: int, pace: Pace) -> "PipelineRun":
        """Add further rounds of the steady state."""
        return replace(self, schedule=schedule, rounds=rounds, pace=pace)

    @property
    def added_s(self) -> float:
        """Time of the rounds left out [s]."""
        return 0.0 if self.pace is None else self.rounds * self.pace.lag_s

    @cached_property
    def total_s(self) -> float:
        """From the first task to the end of the last [s]."""
        return max(self.finish_s[row[-1][0]] for row in self.graph.ranks) + self.added_s

    @cached_property
    def busy_s(self) -> tuple[float, ...]:
        """Computation of each rank [s], shape (stages,)."""
        if self.varied or self.work.pair_hidden_s is not None:
            return tuple(self._over(rank, self._compute) for rank in range(self.schedule.stages))
        counts = [len(micro_batches_of(self.schedule, chunk)) for chunk in range(self.schedule.chunks)]
        rows = zip(self.work.forward_s, self.work.backward_s, strict=True)
        return tuple(sum(map(mul, counts, map(add, forward, backward))) for forward, backward in rows)

    @cached_property
    def critical_rank(self) -> int:
        """The rank that is idle least: the first with most to compute."""
        busy_s = self.busy_s
        return busy_s.index(max(busy_s))

    def exposed_s(self, rank: int) -> float:
        """Time a rank waits for messages that are on their way, or for its own to leave [s]."""
        known = self._exposed_by_rank.get(rank)
        if known is None:
            known = self._over(rank, self._exposed) if any(self.messages_s) else 0.0
            self._exposed_by_rank[rank] = known
        return known

    def idle_s(self, rank: int) -> float:
        """Time a rank has nothing to do [s]: it neither computes nor waits for a message on its way."""
        idle_s = self.total_s - self.busy_s[rank] - self.exposed_s(rank)
        # A rank without a break adds up the same times in another order.
        return idle_s if idle_s > ROUNDING * self.total_s else 0.0

    @property
    def bubble_s(self) -> float:
        """Idle time of the critical rank [s]."""
        return self.idle_s(self.critical_rank)

    @cached_property
    def gradient_ready_s(self) -> Grid:
        """When the gradients of each chunk are final [s], shape (stages, chunks); rank by rank, chunk by chunk."""
        finish_s, added_s, slots = self.finish_s, self.added_s, self.graph.slots
        if self.blocked_s is None:
            return tuple(tuple([finish_s[node] + added_s for node in row]) for row in self.graph.last_backward)
        blocked_s = self.blocked_s
        return tuple(
            tuple([finish_s[node] - blocked_s[slots[node - START_NODES]] + added_s for node in row])
            for row in self.graph.last_backward
        )

    @cached_property
    def first_forward_s(self) -> Grid:
        """When each chunk first needs its weights [s], shape (stages, chunks)."""
        finish_s, durations_s = self.finish_s, self.durations_s
        return tuple(
            tuple([finish_s[node] - durations_s[node - START_NODES] for node in row])
            for row in self.graph.first_forward
        )

    def held_s(self, node: int) -> float:
        """Time the rank stands still for the message of a node [s]."""
        return 0.0 if self.blocked_s is None else self.blocked_s[self.graph.slots[self.graph.index(node)]]

    def message_wait_s(self, node: int) -> float:
        """Time the rank waits before a node for a message that is on its way [s]."""
        index = self.graph.index(node)
        if self.graph.source[index] == NOBODY:
            return 0.0
        gap_s = self.finish_s[node] - self.durations_s[index] - self.finish_s[self.graph.previous[index]]
        return max(0.0, min(gap_s, self.messages_s[self.graph.links[index]]))

    def _over(self, rank: int, measure: Callable[[Iterable[int]], float]) -> float:
        """Sum over the nodes of a rank, rounds that were left out included."""
        row = self.graph.ranks[rank]
        total = measure([node for node, _ in row])
        if self.rounds and self.pace is not None and self.graph.steady is not None:
            start, end = self.pace.round.starts[rank], self.graph.steady.ends[rank]
            total += self.rounds * measure(list(nodes_between(row, start, end)))
        return total

    def _compute(self, nodes: Iterable[int]) -> float:
        index = self.graph.index
        return sum([self.durations_s[index(node)] - self.held_s(node) for node in nodes])

    def _exposed(self, nodes: Iterable[int]) -> float:
        """Same as the two methods above for many nodes, in one bare loop: it runs in every step prediction."""
        previous, source, links, slots = self.graph.previous, self.graph.source, self.graph.links, self.graph.slots
        finish_s, durations_s, messages_s = self.finish_s, self.durations_s, self.messages_s
        exposed_s = 0.0 if self.blocked_s is None else sum([self.blocked_s[slots[n - START_NODES]] for n in nodes])
        for node in nodes:
            index = node - START_NODES
            if source[index] != NOBODY:
                gap_s = finish_s[node] - durations_s[index] - finish_s[previous[index]]
                if gap_s > 0.0:
                    message_s = messages_s[links[index]]
                    exposed_s += gap_s if gap_s < message_s else message_s
        return exposed_s
