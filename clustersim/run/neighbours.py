"""Other jobs that share the spares and the repair shop: what breaks there, and who gets a node that is free."""

from collections import deque
from collections.abc import Generator, Iterator
from typing import Any

import simpy

from clustersim.run.failures.clocks import Failure
from clustersim.run.fleet import Fleet, Stay
from clustersim.run.log import Log
from clustersim.run.plan import CategoryPlan, LemonsPlan, RunPlan
from clustersim.run.records import EFFECTS, HITS
from clustersim.run.shop import Draws, RepairShop

_NEIGHBOUR = HITS.index("neighbour")

Process = Generator[simpy.Event, Any, None]


def evictions_per_s(category: CategoryPlan, nodes: int, lemons: LemonsPlan | None = None) -> float:
    """How often a failure of this category takes nodes out among so many, in the long run [1/s]."""
    if not category.blast_nodes:
        return 0.0
    rate_s = category.rate_per_unit_s * category.units_per_domain * category.evict * nodes / category.domain_nodes
    if lemons is not None and category.strikes_one_node:
        rate_s *= 1.0 + lemons.fraction * (lemons.factor - 1.0)
    return rate_s


class Neighbours:
    """The nodes of other jobs. Which of them fails nobody asks, only how many are there.

    A node that breaks there is replaced by a spare, as ours are, and mended in the same shop. Who lacks a node, the job
    or a neighbour, waits for the next that comes back: first come, first served.
    """

    def __init__(
        self,
        env: simpy.Environment,
        plan: RunPlan,
        fleet: Fleet,
        shop: RepairShop,
        log: Log,
        draws: Draws,
    ) -> None:
        self._env = env
        self._plan = plan
        self._fleet = fleet
        self._shop = shop
        self._log = log
        self._draws = draws
        self._waiting: deque[float] = deque()
        """Since when neighbours lack a node, for each that they lack."""
        fleet.on_back = self._share

    def run(self, found: Iterator[tuple[int, Failure]]) -> Process:
        """What breaks there, one failure after the other."""
        nodes = self._plan.neighbour_nodes
        for code, failure in found:
            yield simpy.Timeout(self._env, failure.t_s - self._env.now)
            # Places that are empty do not fail.
            if failure.hang * nodes < nodes - len(self._waiting):
                self._fail(code, failure)

    def _fail(self, code: int, failure: Failure) -> None:
        """Nodes of a neighbour break; spares that nobody waits for take their places, and they go to the shop."""
        category = self._plan.categories[code]
        count = min(category.blast_nodes, self._plan.neighbour_nodes - len(self._waiting))
        incident = self._log.strike(self._env.now, code, EFFECTS.index(category.effect), _NEIGHBOUR, count)
        stay = self._fleet.swap_out(count)
        self._waiting.extend([self._env.now] * stay.strangers)
        repair_s = (category.repair or self._plan.spares.repair).sample_s(failure.repair)
        self._shop.queue_for_others(
            count, incident, repair_s, lambda repair: self._fleet.mended(stay, repair), self._draws
        )

    def _share(self, stay: Stay) -> None:
        """Nodes are back: say which of ours are.

        Of all that are out neighbours will have as many as they lack. If one of ours goes to a neighbour, one that they
        would have had is ours when it comes; if one of theirs comes to us, one of ours will be theirs.
        """
        ours = self._ours(len(stay.nodes) + stay.strangers)
        while len(stay.nodes) > ours:
            node, other = stay.nodes.pop(), next(other for other in self._fleet.stays if other.strangers)
            other.nodes.append(node)
            other.strangers -= 1
            self._fleet.state[node] = other.state
            self._fleet.forget([node])
        while len(stay.nodes) < ours:
            other = next(other for other in self._fleet.stays if other.nodes)
            node = other.nodes.pop()
            stay.nodes.append(node)
            other.strangers += 1
            self._fleet.forget([node])

    def _ours(self, count: int) -> int:
        """How many of these nodes are not for neighbours that have waited longer than the job."""
        since_s = deque(sorted(lack.since_s for lack in self._fleet.lacks)[self._fleet.standing_by :])
        ours = 0
        for _ in range(count):
            if self._waiting and not (since_s and since_s[0] <= self._waiting[0]):
                self._waiting.popleft()
            else:
                ours += 1
                if since_s:
                    since_s.popleft()
        return ours
