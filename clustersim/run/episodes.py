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
    slowdowns: tuple[float, ...] = (1.0,)
    """Factor on the time of a step: one for all phases, or one for each."""
    nodes: tuple[int, ...] = ()
    repair_s: float | None = None

    @property
    def slows(self) -> bool:
        """Whether steps take longer."""
        return max(self.slowdowns) > 1.0

    def slowdown(self, phase: int) -> float:
        """Factor on the time of a step in a phase."""
        return self.slowdowns[phase if len(self.slowdowns) > 1 else 0]


class Episodes:
    """The trouble there is."""

    def __init__(self, fleet: Fleet, log: Log) -> None:
        self._fleet = fleet
        self._log = log
        self.current: list[Episode] = []
        """What has begun and is not known to be over."""
        self._standing: dict[tuple[int, str], tuple[float, ...]] = {}
        """Factors on every step, by incident and what it has brought about."""
        self._least: tuple[int, tuple[float, ...]] = (NO_CAUSE, (1.0,))
        """Least factor on the steps of each phase, and the incident behind it."""

    def begin(self, episode: Episode) -> None:
        """Trouble begins."""
        may_end_early = episode.nodes and episode.until_s < math.inf
        if episode.slows or episode.repair_s is not None or may_end_early:
            self.current.append(episode)
        self._fleet.on_evict = self._leave

    def stand(self, incident: int, *slowdowns: float, what: str = "") -> None:
        """From now on every step takes so many times as long, whatever else is slow; without a factor that ends.

        One factor holds for all phases, or there is one for each. ``what`` tells apart what one incident brings about.
        """
        if slowdowns:
            self._standing[incident, what] = slowdowns
        else:
            self._standing.pop((incident, what), None)

    def bound(self, incident: int, slowdowns: tuple[float, ...]) -> None:
        """From now on a step takes at least so many times as long in each phase, however fast the nodes are."""
        self._least = incident, slowdowns

    @property
    def slow(self) -> bool:
        """Whether anything may slow steps down."""
        return bool(self.current or self._standing) or self._least[0] != NO_CAUSE

    def pace(self, now_s: float, phase: int) -> tuple[float, int]:
        """Factor on the time of a step, and the incident behind most of it: of equals the one that began first.

        Of several slow nodes the slowest counts, for which all others wait; what slows every node comes on top. What
        bounds the steps counts where it is the longest.
        """
        self._forget(now_s)
        factor, cause = 1.0, NO_CAUSE
        for episode in self.current:
            slowdown = episode.slowdown(phase)
            if slowdown > factor and (not episode.nodes or self._fleet.in_job(episode.nodes)):
                factor, cause = slowdown, episode.incident
        largest = factor
        for (incident, _what), slowdowns in self._standing.items():
            slowdown = slowdowns[phase if len(slowdowns) > 1 else 0]
            factor *= slowdown
            if slowdown > largest:
                largest, cause = slowdown, incident
        incident, bounds = self._least
        bound = bounds[phase if len(bounds) > 1 else 0]
        return (bound, incident) if bound > factor else (factor, cause)

    def to_replace(self, now_s: float) -> list[Episode]:
        """Those whose nodes are to leave and have not left; what is away for a while is nobody's to replace."""
        self._forget(now_s)
        return [e for e in self.current if e.repair_s is not None and self._fleet.at_hand(e.nodes)]

    def _forget(self, now_s: float) -> None:
        if self.current:
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
