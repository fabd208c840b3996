"""The nodes: who is in the job, who stands by, who is being mended."""

import heapq
from collections.abc import Callable, Iterable

import simpy

from clustersim.run.log import Log, RepairRow
from clustersim.run.plan import SparesPlan

IN_JOB, HOT, WARM, COLD, OUT = range(5)
_POOLS = (HOT, WARM, COLD)


class Fleet:
    """Nodes of the job and its spares, and the repair shop with its finite hands.

    A repair is served first come, first served: it starts when a hand is free and returns its nodes when it ends.
    """

    def __init__(self, env: simpy.Environment, job_nodes: int, spares: SparesPlan, log: Log) -> None:
        self._env = env
        self._spares = spares
        self._log = log
        self._size = {HOT: spares.hot, WARM: spares.warm, COLD: spares.cold}
        self.missing = 0
        """Nodes the job lacks."""
        self.on_return: Callable[[], None] = lambda: None
        self.on_evict: Callable[[list[int], float], None] | None = None
        self._pools: dict[int, list[int]] = {}
        self.state = bytearray([IN_JOB]) * job_nodes
        for pool in _POOLS:
            first = len(self.state)
            self._pools[pool] = list(range(first, first + self._size[pool]))
            self.state.extend(bytearray([pool]) * self._size[pool])
        self._used = tuple(pool for pool in _POOLS if self._size[pool])
        """Pools that hold anything, the quickest first."""
        self.lemons: set[int] = set()
        """Nodes that keep failing."""
        self._hand_free_s = [0.0] * spares.repair_hands

    def in_service(self, first_node: int, count: int) -> list[int]:
        """Nodes of a domain that exist, are powered and not being mended: those a failure can strike."""
        state = self.state
        if count == 1:  # by far the most common, and three times as fast
            return [first_node] if first_node < len(state) and state[first_node] < COLD else []
        return [node for node in range(first_node, min(first_node + count, len(state))) if state[node] < COLD]

    def first_in_job(self) -> int:
        """The first node that works for the job; node 0 if none does."""
        return max(self.state.find(IN_JOB), 0)

    def in_job(self, nodes: Iterable[int]) -> bool:
        """Whether any of these nodes works for the job."""
        return IN_JOB in map(self.state.__getitem__, nodes)

    def evict(self, nodes: Iterable[int], cause: int, repair_s: float) -> None:
        """Take nodes out and queue one repair for all of them."""
        gone = []
        for node in nodes:
            pool = self.state[node]
            if pool == OUT:
                continue
            if pool == IN_JOB:
                self.missing += 1
            else:
                self._pools[pool].remove(node)
            self.state[node] = OUT
            gone.append(node)
        if gone:
            self._queue_repair(gone, cause, repair_s)
            if self.on_evict is not None:
                self.on_evict(gone, self._env.now)

    def _queue_repair(self, nodes: list[int], cause: int, repair_s: float) -> None:
        now_s = self._env.now
        start_s = max(now_s, self._hand_free_s[0])
        end_s = start_s + repair_s
        heapq.heapreplace(self._hand_free_s, end_s)
        self._log.repairs.append(RepairRow(now_s, start_s, end_s, len(nodes), cause))
        done = simpy.Timeout(self._env, end_s - now_s)
        done.callbacks.append(lambda _event: self._return(nodes))

    def _return(self, nodes: list[int]) -> None:
        for node in nodes:
            for pool in self._used:
                if len(self._pools[pool]) < self._size[pool]:
                    self._pools[pool].append(node)
                    self.state[node] = pool
                    break
            else:
                # Every pool is full, so the node goes back to the job that lacks it.
                self.state[node] = IN_JOB
                self.missing -= 1
        self.on_return()

    def call_spares(self) -> int:
        """Move as many spares into the job as it lacks and there are, the quickest first.

        Returns
        -------
        int
            The pool that took longest to join: HOT, WARM or COLD; HOT also if none joined.
        """
        coldest = HOT
        for pool in self._used:
            while self.missing and self._pools[pool]:
                self.state[self._pools[pool].pop()] = IN_JOB
                self.missing -= 1
                coldest = pool
        return coldest
