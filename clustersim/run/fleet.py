"""The nodes: who is in the job, who stands by, who is being mended, who is away for a while, and who is given up."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import simpy

from clustersim.run.log import RepairRow
from clustersim.run.plan import SparesPlan
from clustersim.run.records import NO_CAUSE
from clustersim.run.shop import RepairShop

IN_JOB, HOT, WARM, COLD, OUT, AWAY, GONE = range(7)
_POOLS = (HOT, WARM, COLD)


class Lack(NamedTuple):
    """A place in the job that nobody fills."""

    since_s: float
    incident: int
    """What took its node."""


@dataclass(slots=True, eq=False)
class Stay:
    """Nodes that are out of service, and come back together."""

    state: int
    """OUT or AWAY."""
    nodes: list[int]
    strangers: int = 0
    """Nodes of others among them."""
    incident: int = NO_CAUSE
    """What they are out for."""


class Fleet:
    """Nodes of the job and its spares; those that are broken are in the repair shop."""

    def __init__(
        self, env: simpy.Environment, job_nodes: int, spares: SparesPlan, shop: RepairShop, *, elastic: bool = False
    ) -> None:
        self._env = env
        self._shop = shop
        self._job_nodes = job_nodes
        self.size = job_nodes
        """Nodes that the job is to have: the first of its own, or spares in their place."""
        self._placed = spares.placement is not None
        self._size = {HOT: spares.hot, WARM: spares.warm, COLD: spares.cold}
        self.lacks: deque[Lack] = deque()
        """Places in the job that are empty, in the order in which they will be filled."""
        self.left: list[int] = []
        """Nodes that left the job since it last trained."""
        self.guests: dict[int, int] = {}
        """Spares in the job that stand elsewhere, in the order in which they came, and the incident behind each."""
        self.stays: list[Stay] = []
        """All that is out, the longest first."""
        self.on_back: Callable[[Stay], None] = lambda _stay: None
        """Says which nodes come back, before they do."""
        self.on_return: Callable[[], None] = lambda: None
        self._returned: simpy.Event | None = None
        self.on_evict: Callable[[list[int], float], None] | None = None
        self._pools: dict[int, list[int]] = {}
        self.state = bytearray([IN_JOB]) * job_nodes
        for pool in _POOLS:
            first = len(self.state)
            self._pools[pool] = list(range(first, first + self._size[pool]))
            self.state.extend(bytearray([pool]) * self._size[pool])
        self._elastic = elastic
        self._used = tuple(pool for pool in _POOLS if self._size[pool] or (elastic and pool == HOT))
        """Pools that may hold anything, the quickest first."""
        self.lemons: set[int] = set()
        """Nodes that keep failing."""
        self.broken: set[int] = set()
        """Nodes in service that are broken, and nobody knows."""
        self.on_failed_repair: Callable[[int, int], bool] = lambda _node, _cause: False
        self.on_broken_joins: Callable[[int], None] = lambda _node: None

    def in_service(self, first_node: int, count: int) -> list[int]:
        """Nodes of a domain that exist, are powered and not being mended: those a failure can strike."""
        state = self.state
        if count == 1:  # by far the most common, and three times as fast
            return [first_node] if first_node < len(state) and state[first_node] < COLD else []
        return [node for node in range(first_node, min(first_node + count, len(state))) if state[node] < COLD]

    def working(self) -> list[int]:
        """Nodes that work for the job."""
        return [node for node, state in enumerate(self.state) if state == IN_JOB]

    def idle(self, most: int | None) -> list[int]:
        """So many nodes that stand by, or all, those that would join first before the others."""
        return [node for pool in self._used for node in reversed(self._pools[pool])][:most]

    def first_in_job(self) -> int:
        """The first node that works for the job; node 0 if none does."""
        return max(self.state.find(IN_JOB), 0)

    def in_job(self, nodes: Iterable[int]) -> bool:
        """Whether any of these nodes works for the job."""
        return IN_JOB in map(self.state.__getitem__, nodes)

    def another_in_job(self, node: int, draw: float) -> list[int]:
        """Some other node that works for the job, chosen by a uniform draw; none if there is none."""
        state = self.state
        first = int(draw * len(state))
        for other in chain(range(first, len(state)), range(first)):
            if other != node and state[other] == IN_JOB:
                return [other]
        return []

    def evict(self, nodes: Iterable[int], cause: int, repair_s: float) -> None:
        """Take nodes out and queue one repair for all of them."""
        gone = [node for node in nodes if self.state[node] < OUT]
        if gone:
            stay = self._take_out(OUT, gone, cause)
            self.forget(gone)
            self._shop.queue(gone, cause, repair_s, lambda repair: self._return(gone, stay, repair))

    def send_away(self, nodes: Iterable[int], cause: int) -> Stay:
        """Take good nodes out of service, until they are taken back."""
        return self._take_out(AWAY, list(nodes), cause)

    def swap_out(self, count: int) -> Stay:
        """Spares take the places of so many nodes of others, as far as there are any that the job does not lack."""
        nodes = self.idle(min(count, self.to_spare))
        stay = self._take_out(OUT, nodes, NO_CAUSE)
        stay.strangers = count - len(nodes)
        self.forget(nodes)
        return stay

    def _take_out(self, state: int, nodes: list[int], cause: int) -> Stay:
        for node in nodes:
            pool = self.state[node]
            if pool == IN_JOB:
                self.lacks.append(Lack(self._env.now, cause))
                self.left.append(node)
                self.guests.pop(node, None)
            else:
                self._pools[pool].remove(node)
            self.state[node] = state
        stay = Stay(state, nodes.copy(), incident=cause)
        self.stays.append(stay)
        return stay

    def forget(self, nodes: list[int]) -> None:
        """What ails these nodes does not ail those that come back."""
        self.broken.difference_update(nodes)
        if self.on_evict is not None:
            self.on_evict(nodes, self._env.now)

    def _return(self, gone: list[int], stay: Stay, repair: RepairRow) -> None:
        if repair.retired:
            self.lemons.difference_update(gone)
        self.mended(stay, repair)

    def mended(self, stay: Stay, repair: RepairRow) -> None:
        """Nodes come back from the shop."""
        self._end(stay)
        nodes = stay.nodes
        if repair.failed and nodes and self.on_failed_repair(nodes[0], repair.cause):
            self.broken.update(nodes)
        self._take_in(nodes, repair.cause)

    def take_back(self, stay: Stay, cause: int) -> None:
        """Good nodes are in service again."""
        self._end(stay)
        self._take_in(stay.nodes, cause)

    def _end(self, stay: Stay) -> None:
        self.stays.remove(stay)
        self.on_back(stay)

    def _take_in(self, nodes: list[int], cause: int) -> None:
        """Nodes are in service again; what they left for says which of the empty places are filled first."""
        if not nodes:
            return
        if len(self.lacks) > len(nodes):
            own = [lack for lack in self.lacks if lack.incident == cause][: len(nodes)]
            for lack in own:
                self.lacks.remove(lack)
            self.lacks.extendleft(reversed(own))
        for node in nodes:
            if self._given_up(node):
                self.state[node] = GONE
            elif (pool := self._free_pool()) is not None:
                self._stand_by(node, pool)
            elif self._elastic:
                # The job may be training without it; it joins when that next stops.
                self._stand_by(node, HOT)
            else:
                # Every pool is full, so the node goes back to the job that lacks it.
                self._join(node)
        self.on_return()
        if self._returned is not None:
            self._returned.succeed()
            self._returned = None

    def _given_up(self, node: int) -> bool:
        """Whether it is one of the job's own nodes that it does not have any more, or not yet."""
        return self.size <= node < self._job_nodes

    def _free_pool(self) -> int | None:
        for pool in self._used:
            if len(self._pools[pool]) < self._size[pool]:
                return pool
        return None

    def resize(self, nodes: int, cause: int) -> None:
        """From now on the job has so many nodes: the last of its own leave the plan, or are there again.

        What is out of service then leaves or joins when it comes back. So the job may lack nodes for a while; spares
        that it has too many go to neighbours that wait for one, and else stand by.

        Parameters
        ----------
        nodes : int
            Nodes of the job.
        cause : int
            Incident that a node is missing for from then on, if no other has taken it.
        """
        for node in range(nodes, self.size):
            if self.state[node] == IN_JOB:
                self.left.append(node)
            elif self.state[node] < OUT:
                self._pools[self.state[node]].remove(node)
            if self.state[node] < OUT:
                self.state[node] = GONE
        for node in range(self.size, nodes):
            if self.state[node] == GONE:
                self._begin_work(node)
        self.size = nodes
        working = self.working()
        self._fit_lacks(nodes - len(working), cause)
        free = working[nodes:]
        self.left += free
        for node in free:
            self.guests.pop(node, None)
        if any(stay.strangers for stay in self.stays):
            idle = self.idle(self.to_spare)
            for node in idle:
                self._pools[self.state[node]].remove(node)
            free += idle
        for node in free:
            self.state[node] = OUT
        if free:
            self.stays.append(back := Stay(OUT, free, incident=cause))
            self.take_back(back, cause)

    def _fit_lacks(self, missing: int, cause: int) -> None:
        """Let there be so many empty places; new ones are those of nodes that are out."""
        while len(self.lacks) > max(0, missing):
            self.lacks.pop()
        out_for = (stay.incident for stay in self.stays for node in stay.nodes if not self._given_up(node))
        known = deque(incident for incident in out_for if incident != NO_CAUSE)
        while len(self.lacks) < missing:
            self.lacks.append(Lack(self._env.now, known.popleft() if known else cause))

    def returned(self) -> simpy.Event:
        """The moment in which nodes next come back."""
        if self._returned is None:
            self._returned = self._env.event()
        return self._returned

    def _join(self, node: int) -> None:
        lack = self.lacks.popleft()
        if self._placed and node >= self._job_nodes:
            self.guests[node] = lack.incident
        self._begin_work(node)

    def _begin_work(self, node: int) -> None:
        self.state[node] = IN_JOB
        if node in self.broken:
            self.on_broken_joins(node)

    def _stand_by(self, node: int, pool: int) -> None:
        self._pools[pool].append(node)
        self.state[node] = pool

    @property
    def missing(self) -> int:
        """Nodes the job lacks."""
        return len(self.lacks)

    @property
    def standing_by(self) -> int:
        """Nodes that could join the job."""
        return sum(map(len, self._pools.values()))

    @property
    def to_spare(self) -> int:
        """Nodes that stand by and that the job does not lack already."""
        return max(0, self.standing_by - self.missing)

    def at_hand(self, nodes: Iterable[int]) -> bool:
        """Whether any of these nodes works for the job or stands by."""
        return any(self.state[node] < OUT for node in nodes)

    def call_spares(self) -> int:
        """Move as many spares into the job as it lacks and there are, the quickest first.

        Returns
        -------
        int
            The pool that took longest to join: HOT, WARM or COLD; HOT also if none joined.
        """
        coldest = HOT
        for pool in self._used:
            while self.lacks and self._pools[pool]:
                self._join(self._pools[pool].pop(self._next(pool)))
                coldest = pool
        return coldest

    def _next(self, pool: int) -> int:
        """Which of a pool joins: the last one, but before spares from elsewhere a node of the job's own."""
        nodes = self._pools[pool]
        if not self._placed:
            return -1
        return max(range(len(nodes)), key=lambda at: (nodes[at] < self._job_nodes, at))

    def swap_back(self) -> int:
        """Let nodes of the job that stand by take the places of spares from elsewhere; returns as :meth:`call_spares`.

        A spare stands by then in place of the node.
        """
        coldest = HOT
        for pool in self._used:
            for node in [node for node in self._pools[pool] if node < self._job_nodes][: len(self.guests)]:
                guest = next(iter(self.guests))
                del self.guests[guest]
                self.left.append(guest)
                self._pools[pool].remove(node)
                self._stand_by(guest, pool)
                self._begin_work(node)
                coldest = pool
        return coldest

    @property
    def can_swap_back(self) -> bool:
        """Whether a spare from elsewhere is in the job and a node of its own stands by."""
        return bool(self.guests) and any(node < self._job_nodes for pool in self._used for node in self._pools[pool])
