"""The repair shop: finite hands and parts, repairs that fail, nodes that are beyond repair."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import simpy

from clustersim.run.log import Log, RepairRow
from clustersim.run.plan import SparesPlan
from clustersim.run.streams import normals, stream, uniforms

Draws = Mapping[str, Iterator[float]]
"""Endless normal draws by name: ``parts``, ``replacement``; uniform ones: ``outcome``."""


def shop_draws(seed: int, replication: int, whose: str = "") -> Draws:
    """What chance decides in the shop, by streams of their own for the nodes of ``whose``, or of this cluster."""
    of = f" {whose}".rstrip()
    return {
        "parts": normals(stream(seed, replication, f"parts{of}")),
        "replacement": normals(stream(seed, replication, f"replacement{of}")),
        "outcome": uniforms(stream(seed, replication, f"outcome of repairs{of}")),
    }


class RepairShop:
    """Repairs, first come, first served: each starts when a hand and a part are there, and one mends all its nodes.

    A part that is taken is ordered again at once. The nodes are back when the repair ends; a node that is beyond repair
    is back as a new one, when that has come.
    """

    def __init__(self, env: simpy.Environment, plan: SparesPlan, log: Log, draws: Draws) -> None:
        self._env = env
        self._plan = plan
        self._log = log
        self._draws = draws
        self._hand_free_s = [0.0] * plan.repair_hands
        self._part_there_s = [0.0] * plan.parts.stock if plan.parts else []
        self._visits: Counter[int] = Counter()

    def queue(self, nodes: list[int], cause: int, repair_s: float, done: Callable[[RepairRow], None]) -> None:
        """Queue one repair for all these nodes; ``done`` is called when they are back."""
        self._queue(nodes, len(nodes), cause, repair_s, done, self._draws)

    def queue_for_others(
        self, count: int, cause: int, repair_s: float, done: Callable[[RepairRow], None], draws: Draws
    ) -> None:
        """Queue one repair for so many nodes of others, by draws of their own; nobody counts their visits."""
        self._queue([], count, cause, repair_s, done, draws)

    def _queue(
        self, nodes: list[int], count: int, cause: int, repair_s: float, done: Callable[[RepairRow], None], draws: Draws
    ) -> None:
        row = self._planned(nodes, count, cause, repair_s, draws)
        self._log.repairs.append(row)
        back = simpy.Timeout(self._env, row.back_s - self._env.now)
        back.callbacks.append(lambda _event: done(row))

    def _planned(self, nodes: list[int], count: int, cause: int, repair_s: float, draws: Draws) -> RepairRow:
        now_s, plan = self._env.now, self._plan
        start_s = max(now_s, self._hand_free_s[0])
        if plan.parts:
            start_s = max(start_s, self._part_there_s[0])
            heapq.heapreplace(self._part_there_s, start_s + plan.parts.lead_time.sample_s(next(draws["parts"])))
        end_s = start_s + repair_s
        heapq.heapreplace(self._hand_free_s, end_s)
        retired, failed = self._outcome(nodes, count, draws)
        back_s = end_s
        if retired and plan.retirement:
            back_s += plan.retirement.lead_time.sample_s(next(draws["replacement"]))
        return RepairRow(now_s, start_s, end_s, count, cause, back_s, retired, failed)

    def _outcome(self, nodes: list[int], count: int, draws: Draws) -> tuple[bool, bool]:
        """Whether the node is retired, and if not, whether it is still broken; what takes down several does neither."""
        retirement, failed_share = self._plan.retirement, self._plan.failed_repairs
        if count > 1 or not (retirement or failed_share):
            return False, False
        for node in nodes:
            self._visits[node] += 1
        beyond, failed = next(draws["outcome"]), next(draws["outcome"])
        if retirement:
            most = retirement.after_repairs
            often = most is not None and any(self._visits[node] >= most for node in nodes)
            if often or beyond < retirement.share:
                for node in nodes:
                    del self._visits[node]
                return True, False
        return False, failed < failed_share
