"""Trouble that lasts a while and does not stop the job: slow nodes, storage that takes no checkpoint."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from clustersim.run.fleet import Fleet
from clustersim.run.log import Log
from clustersim.run.records import NO_CAUSE


@dataclass(slots=True, eq=False)
class Episode:
    """Trouble of some nodes, or of the job as a whole if there are none.

    It is over at its end, or as soon as all its nodes are replaced. ``repair_s`` is given when they are to be: nobody
    stops the job for it, but they leave the next time it stops, if they are in trouble still.
    """

    incident: int
    until_s: float = math.inf
    slowdown: float = 1.0
    nodes: tuple[int, ...] = ()
    repair_s: float | None = None


class Episodes:
    """The trouble there is. Several slow nodes at once are as slow as the slowest, for which all others wait."""

    def __init__(self, fleet: Fleet, log: Log) -> None:
        self._fleet = fleet
        self._log = log
        self.current: list[Episode] = []
        """What has begun and is not known to be over."""

    def begin(self, episode: Episode) -> None:
        """Trouble begins."""
        may_end_early = episode.nodes and episode.until_s < math.inf
        if episode.slowdown > 1.0 or episode.repair_s is not None or may_end_early:
            self.current.append(episode)
        self._fleet.on_evict = self._leave

    def slowest(self, now_s: float) -> tuple[float, int]:
        """Factor on the time of a step and the incident behind it: of equals the one that began first."""
        self._forget(now_s)
        slow = [e for e in self.current if e.slowdown > 1.0 and (not e.nodes or self._fleet.in_job(e.nodes))]
        worst = max(slow, key=lambda e: e.slowdown, default=None)
        return (worst.slowdown, worst.incident) if worst else (1.0, NO_CAUSE)

    def to_replace(self, now_s: float) -> list[Episode]:
        """Those whose nodes are to leave and have not left."""
        self._forget(now_s)
        return [e for e in self.current if e.repair_s is not None]

    def _forget(self, now_s: float) -> None:
        self.current = [e for e in self.current if e.until_s > now_s]

    def _leave(self, nodes: Iterable[int], now_s: float) -> None:
        """Nodes are taken out, and their trouble with them."""
        gone = set(nodes)
        for episode in [e for e in self.current if not gone.isdisjoint(e.nodes)]:
            episode.nodes = tuple(node for node in episode.nodes if node not in gone)
            if not episode.nodes:
                self.current.remove(episode)
                self._log.write_failures[:] = [
                    row._replace(until_s=now_s) if row.incident == episode.incident else row
                    for row in self._log.write_failures
                ]
