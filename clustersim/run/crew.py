"""The nodes that work for the job: between two stretches those that are broken leave, and others come."""

import math
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple

import simpy

from clustersim.run.episodes import Episodes
from clustersim.run.fleet import COLD, WARM, Fleet
from clustersim.run.laws import Law
from clustersim.run.log import Log, SizeRow
from clustersim.run.plan import PlacementPlan, RunPlan
from clustersim.run.records import MAINTENANCE, NO_CAUSE, WAITING
from clustersim.run.stages import Stages
from clustersim.run.stops import PlannedStops

Process = Generator[simpy.Event, Any, None]


class _Broken(NamedTuple):
    """Nodes that have to leave the job."""

    nodes: list[int]
    incident: int
    repair_s: float


class Wanted(NamedTuple):
    """Somebody else is to have nodes of the job."""

    take: Callable[[], int]
    """Takes them, now that the job stands still; returns for which incident, or NO_CAUSE if it took none."""
    at_once: bool
    """Whether the job stops for it."""


class Crew:
    """Who works for the job. Nodes change while it stands still, and it may go on without some."""

    def __init__(
        self,
        env: simpy.Environment,
        plan: RunPlan,
        fleet: Fleet,
        episodes: Episodes,
        stages: Stages,
        log: Log,
        draws: dict[str, Iterator[float]],
    ) -> None:
        self._env = env
        self._plan = plan
        self._fleet = fleet
        self._episodes = episodes
        self._stages = stages
        self._log = log
        self._draws = draws
        self.broken: list[_Broken] = []
        self.wanted: list[Wanted] = []
        self._taken_by: set[int] = set()
        """Incidents for which somebody else has, or had, nodes of the job."""
        self.stops = PlannedStops()
        self.changed = True
        """Whether nodes have changed, or all have stopped, since the job was last started."""
        self.lacks = 0
        """Nodes that the job trains without."""
        self.lacks_for = NO_CAUSE
        """Why it does."""
        self._evicted_by = NO_CAUSE
        elastic = plan.recovery.elastic
        self._may_lack = len(elastic.slowdowns) if elastic else 0
        self.size = fleet.size
        """Nodes that the job is to have when it goes on."""
        self._placement = plan.spares.placement
        self._guests: dict[int, int] = {}
        self._arrival: simpy.Event | None = None

    def break_nodes(self, nodes: list[int], incident: int, repair_s: float) -> None:
        """Nodes of the job are broken; they leave it when it next stands still."""
        self.broken.append(_Broken(nodes, incident, repair_s))
        self.arrived()

    def hand_over(self, wanted: Wanted) -> None:
        """Somebody else is to have nodes of the job, which it loses when it next stands still."""
        self.wanted.append(wanted)
        self.arrived()

    def arrived(self) -> None:
        """Nodes may have come for which the job waits."""
        if self._arrival is not None and not self._arrival.triggered:
            self._arrival.succeed()

    @property
    def regrows(self) -> bool:
        """Whether the job stops as soon as nodes are back that it trains without."""
        elastic = self._plan.recovery.elastic
        return bool(self.lacks and elastic and elastic.regrows_at_once)

    @property
    def change_due(self) -> bool:
        """Whether others are to have nodes, a slow one is to be replaced, or one stands by that the job lacks."""
        return (
            any(wanted.at_once for wanted in self.wanted)
            or bool(self._episodes.to_replace(self._env.now))
            or bool(self.lacks and self._fleet.standing_by)
        )

    @property
    def has_work(self) -> bool:
        """Whether :meth:`get_ready` has anything to do: if not, all is as it left it."""
        fleet = self._fleet
        due = self.stops.due or self.broken or self.wanted or fleet.lacks or self.lacks or self._episodes.current
        return bool(due or self._placement or self.size != fleet.size)

    def get_ready(self, incident: int, *, failed: bool) -> Generator[simpy.Event, Any, int]:
        """Replace what is broken and do what was planned; returns what the restart is then due to.

        Parameters
        ----------
        incident : int
            What the job is down for.
        failed : bool
            Whether that is a failure.
        """
        if self._episodes.current:
            incident = self._break_troubled(incident, failed=failed)
        swaps = self._can_swap_back
        self.changed |= bool(
            self.stops.due or self.broken or self._fleet.missing or self.lacks or swaps or self._other_size
        )
        waits_for, called = self.lacks_for if incident == NO_CAUSE else incident, False
        if incident == NO_CAUSE and self.stops.due:
            # It may be worked off while nodes are waited for, and the job has stopped for it all the same.
            incident = self.stops.first().incident
            waits_for = incident if waits_for == NO_CAUSE else waits_for
        while (
            self.stops.due
            or self.broken
            or self.wanted
            or self._other_size
            or ((self._fleet.missing or swaps) and not called)
        ):
            called = True
            yield from self._replace_broken(waits_for)
            while self.stops.due:
                incident = self.stops.first().incident
                yield self._stages.begin(MAINTENANCE, self.stops.first().left_s, incident)
                self.stops.finish()
            waits_for = self.broken[0].incident if self.broken else incident
        if self._may_lack:
            self._go_on_without()
        if self._placement and self._fleet.guests != self._guests:
            self._go_on_with_guests(self._placement)
        return incident

    def wait_for(self, whom: str, law: Law, incident: int) -> Process:
        """Wait for people, spares or the queue."""
        length_s = law.sample_s(next(self._draws[whom]))
        yield from self._wait(self._stages.begin(WAITING, length_s, incident, whom))

    def _break_troubled(self, stopped_by: int, *, failed: bool) -> int:
        """Now that the job stands still, nodes in trouble leave it if they are to be replaced.

        Returns what the job is down for then: what stopped it if that was a failure, else the first of the troubles.
        """
        rows = self._log.incidents
        troubled = self._episodes.to_replace(self._env.now)
        for episode in troubled:
            nodes, incident = list(episode.nodes), episode.incident
            self.broken.append(_Broken(nodes, incident, episode.repair_s or 0.0))
            rows[incident] = rows[incident]._replace(evicted_nodes=len(nodes))
        return troubled[0].incident if troubled and not failed else stopped_by

    def _replace_broken(self, incident: int) -> Process:
        spares = self._plan.spares
        while self.broken or self.wanted or self._other_size or self._fleet.missing or self._can_swap_back:
            for nodes, cause, repair_s in self.broken:
                self._fleet.evict(nodes, cause, repair_s)
                self._evicted_by = cause
            self.broken.clear()
            if self.wanted:
                self._hand_over()
            if self._other_size:
                self._fleet.resize(self.size, incident)
                self._log.sizes.append(SizeRow(self._env.now, self.size))
            waits_for = self._waits_for(incident) if self._taken_by else incident
            coldest = self._fleet.call_spares()
            if self._can_swap_back:
                coldest = max(coldest, self._fleet.swap_back())
            if coldest == WARM:
                yield from self.wait_for("spares", spares.warm_swap, waits_for)
            elif coldest == COLD:
                yield from self.wait_for("spares", spares.cold_swap, waits_for)
            elif self._fleet.missing <= self._may_lack:
                break
            else:
                self._arrival = self._env.event()
                waits_for = self._waits_for(incident) if self._taken_by else incident
                self._stages.note(WAITING, math.inf, waits_for, "nodes" if waits_for in self._taken_by else "repair")
                yield from self._wait(self._arrival)
                self._arrival = None

    def _hand_over(self) -> None:
        """Let others have the nodes that they are to have."""
        wanted, self.wanted = self.wanted, []
        for incident in (one.take() for one in wanted):
            if incident != NO_CAUSE:
                self._taken_by.add(incident)
                self._evicted_by = incident
                self.changed = True

    def _waits_for(self, incident: int) -> int:
        """What the job waits for: as a rule what it is down for, but where others have its nodes each in its turn."""
        lacks = self._fleet.lacks
        taken = not self._taken_by.isdisjoint(lack.incident for lack in lacks)
        return lacks[0].incident if taken else incident

    def _go_on_without(self) -> None:
        """Go on without the nodes that are missing, if any are, or with all of them again."""
        missing, elastic = self._fleet.missing, self._plan.recovery.elastic
        # Where others have nodes, those of the one may be back in the moment in which the next leave.
        other = self._taken_by and self.lacks_for not in (lack.incident for lack in self._fleet.lacks)
        if missing > self.lacks or not missing or other:
            self._episodes.stand(self.lacks_for)
            self.lacks_for = self._evicted_by
        self.lacks = missing
        if missing and elastic:
            self._episodes.stand(self.lacks_for, *elastic.slowdowns[missing - 1])

    @property
    def _other_size(self) -> bool:
        """Whether the job is to have another number of nodes than it has."""
        return self.size != self._fleet.size

    @property
    def _can_swap_back(self) -> bool:
        """Whether spares from elsewhere are now to leave the job to nodes of its own."""
        return bool(self._placement and self._placement.swaps_back) and self._fleet.can_swap_back

    def _go_on_with_guests(self, placement: PlacementPlan) -> None:
        """Go on with spares from elsewhere: each incident bears what its spares add to those of the ones before."""
        for incident in self._guests.values():
            self._episodes.stand(incident, what="guests")
        self._guests = dict(self._fleet.guests)
        came = Counter(self._guests.values())
        before, count = (1.0,) * len(placement.slowdowns[0]), 0
        for incident, guests in came.items():
            count += guests
            now = placement.slowdowns[count - 1]
            self._episodes.stand(incident, *(a / b for a, b in zip(now, before, strict=True)), what="guests")
            before = now

    def _wait(self, event: simpy.Event) -> Process:
        """Wait, while planned stops are worked off."""
        self.stops.begin_wait(self._env.now)
        yield event
        self.stops.end_wait(self._env.now)
