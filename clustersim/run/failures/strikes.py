"""What a failure does: which nodes it takes, whether the job stops for it, and what goes to repair."""

import math
from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import simpy

from clustersim.run.episodes import Episode
from clustersim.run.failures.clocks import Failure
from clustersim.run.fleet import Fleet
from clustersim.run.job import TRAINING, Disturbance, Job
from clustersim.run.laws import Law
from clustersim.run.log import IncidentRow, Log
from clustersim.run.plan import CategoryPlan, RunPlan
from clustersim.run.records import EFFECTS, HITS

_CRASH, _HANG = (EFFECTS.index(name) for name in ("crash", "hang"))
_SPOILING = ("corrupt", "loss_spike")
"""Effects by which the weights are no good, unnoticed for a while."""
_JOB, _SPARE, _JOB_DOWN, _UNNOTICED = (HITS.index(name) for name in ("job", "spare", "job_down", "unnoticed"))
_SHORTEST_RELAPSE_S = 60.0
"""So that a law of no duration does not stop the clock."""

Process = Generator[simpy.Event, Any, None]


class Strikes:
    """What happens when a unit fails."""

    def __init__(
        self, env: simpy.Environment, plan: RunPlan, fleet: Fleet, job: Job, log: Log, relapses: np.random.Generator
    ) -> None:
        self._env = env
        self._plan = plan
        self._fleet = fleet
        self._job = job
        self._log = log
        self._relapses = relapses
        self._cured: Counter[int] = Counter()
        """Failures of each node that a restart cured, since it was last replaced."""
        self._ails: dict[int, int] = {}
        """Category of what a node in service was broken by, and still is."""
        self._watched: set[int] = set()
        fleet.on_failed_repair = self._fail_again
        fleet.on_broken_joins = self._watch
        self._hang = Law("constant", plan.recovery.hang_timeout_s)
        self._detection = {"corrupt": plan.recovery.corruption, "loss_spike": plan.recovery.loss_spike}

    def strike(self, code: int, category: CategoryPlan, failure: Failure, unit: int) -> None:
        """A unit fails: work out what goes down with it and tell the job."""
        nodes: list[int] = []
        hits_job = True
        if category.blast_nodes:
            node = unit // category.units_per_domain * category.domain_nodes
            if category.blast_nodes < category.domain_nodes:
                node += int(failure.place * category.domain_nodes)
            nodes = self._fleet.in_service(node // category.blast_nodes * category.blast_nodes, category.blast_nodes)
            if not nodes:
                return  # what is switched off, being mended or not the plan's does not fail
            hits_job = self._fleet.in_job(nodes)
        elif unit // category.units_per_domain * category.domain_nodes >= self._fleet.size:
            return
        busy = hits_job and self._job.mode == TRAINING
        thinned = category.phase_rates or (category.idle_factor < 1.0 and not busy)
        if thinned and failure.idle >= category.strikes_with(busy=busy, place=self._job.place):
            return
        if category.effect == "crash" or category.effect == "hang":
            self._stop_by_failure(code, category, failure, nodes, hits_job)
        elif category.effect not in _SPOILING:
            self._trouble(code, category, failure, nodes, hits_job)
        elif hits_job:
            self._spoil(code, category, failure, nodes)

    def _stop_by_failure(
        self, code: int, category: CategoryPlan, failure: Failure, nodes: list[int], hits_job: bool
    ) -> None:
        """A crash or a hang: the job notices, and what has to be replaced goes to repair."""
        recovery = self._plan.recovery
        hang = category.effect == "hang" or failure.hang < category.hang_fraction
        detect_s = (category.detection or (self._hang if hang else recovery.crash)).sample_s(failure.detect)
        manual = False
        incident = len(self._log.incidents)
        hits = _SPARE
        if hits_job:
            manual = failure.manual < recovery.manual_fraction
            interrupts = self._job.fail(Disturbance(incident, detect_s, manual))
            manual = manual and interrupts
            hits = _JOB if interrupts else _JOB_DOWN
        evicted = self._found_broken(code, category, failure, nodes, hits_job)
        node = nodes[0] if nodes else -1
        effect = _HANG if hang else _CRASH
        row = IncidentRow(self._env.now, code, node, effect, hits, detect_s, len(evicted), manual)
        self._log.incidents.append(row)
        self._take_out(category, evicted, incident, failure, hits_job)

    def _found_broken(
        self, code: int, category: CategoryPlan, failure: Failure, nodes: list[int], hits_job: bool
    ) -> list[int]:
        """Nodes that are taken out: those that are broken, unless the diagnosis misses them or blames another."""
        if len(nodes) != 1:
            return nodes if failure.evict < category.evict else []
        recovery, (node,) = self._plan.recovery, nodes
        if failure.evict >= category.evict:
            if recovery.suspect_after is None:
                return []
            self._cured[node] += 1
            if self._cured[node] < recovery.suspect_after:
                return []
            del self._cured[node]
            return nodes
        diagnosis, verdict = recovery.diagnosis, failure.verdict
        if not hits_job or verdict >= diagnosis.missed + diagnosis.false_blame:
            self._cured.pop(node, None)
            return nodes
        self._fleet.broken.add(node)
        self._ails[node] = code
        self._watch(node)
        return [] if verdict < diagnosis.missed else self._fleet.another_in_job(node, failure.blamed)

    def _watch(self, node: int) -> None:
        """A broken node works for the job."""
        if node not in self._watched:
            self._watched.add(node)
            self._env.process(self._relapse(node))

    def _relapse(self, node: int) -> Process:
        """A broken node fails again once it has worked for the job a while, unless it is taken out before."""
        law, draws, fleet = self._plan.recovery.diagnosis.relapse, self._relapses, self._fleet
        code = self._ails[node]
        category = self._plan.categories[code]
        alone = category if category.blast_nodes == 1 else replace(category, blast_nodes=1)
        while node in fleet.broken and fleet.in_job([node]):
            yield self._job.training()
            yield self._env.timeout(max(_SHORTEST_RELAPSE_S, law.sample_s(float(draws.standard_normal()))))
            if node in fleet.broken and fleet.in_job([node]) and self._job.mode == TRAINING:
                fleet.broken.remove(node)
                self._watched.remove(node)
                unit, place = alone.unit_of(node)
                again = Failure.drawn(draws, self._env.now, unit, place)
                self.strike(code, alone, again._replace(evict=again.evict * alone.evict), unit)
                return
        self._watched.discard(node)

    def _fail_again(self, node: int, cause: int) -> bool:
        """A node comes back from repair; whether it is as broken as it went."""
        self._ails[node] = self._log.incidents[cause].category
        return self._ails[node] < len(self._plan.categories)

    def _take_out(
        self, category: CategoryPlan, nodes: list[int], incident: int, failure: Failure, hits_job: bool
    ) -> None:
        if not nodes:
            return
        repair_s = self._repair_s(category, failure)
        if hits_job:
            self._job.break_nodes(nodes, incident, repair_s)
        else:
            self._fleet.evict(nodes, incident, repair_s)

    def _spoil(self, code: int, category: CategoryPlan, failure: Failure, nodes: list[int]) -> None:
        """A corruption or a loss spike: the job trains on until its discovery, and then has to go back."""
        incident = len(self._log.incidents)
        if not self._job.corrupt(incident, category.rewind_steps):
            return
        detect_s = (category.detection or self._detection[category.effect]).sample_s(failure.detect)
        evicted = nodes if failure.evict < category.evict else []
        node, effect = nodes[0] if nodes else -1, EFFECTS.index(category.effect)
        row = IncidentRow(self._env.now, code, node, effect, _UNNOTICED, detect_s, len(evicted), False)
        self._log.incidents.append(row)

        def found(_event: simpy.Event) -> None:
            hits = self._job.discover(incident)
            skipped = 0.0 if hits == _UNNOTICED else category.skip_steps * self._job.tokens_per_step
            self._log.incidents[incident] = row._replace(hits=hits, skipped_tokens=skipped)
            if hits != _UNNOTICED:
                self._take_out(category, evicted, incident, failure, hits_job=True)

        discovery = simpy.Timeout(self._env, detect_s)
        discovery.callbacks.append(found)

    def _trouble(self, code: int, category: CategoryPlan, failure: Failure, nodes: list[int], hits_job: bool) -> None:
        """What the job trains on through: slow steps, checkpoints that are not written, or lost unnoticed."""
        log, now_s = self._log, self._env.now
        incident, effect = len(log.incidents), EFFECTS.index(category.effect)
        log.incidents.append(IncidentRow(now_s, code, nodes[0] if nodes else -1, effect, _SPARE, 0.0, 0, False))
        if not hits_job and category.effect != "slow":
            return
        repaired = nodes and failure.evict < category.evict
        repair_s = self._repair_s(category, failure) if repaired else None
        lasts_s = category.lasts.sample_s(failure.detect) if category.lasts else math.inf
        slowdowns = category.phase_slowdowns or (category.slowdown,)
        episode = Episode(incident, now_s + lasts_s, slowdowns, tuple(nodes), repair_s)
        hits = self._job.suffer(episode)
        if category.effect == "write_failure":
            self._job.fail_writes(episode)
        elif category.effect == "checkpoint_loss":
            hits = _UNNOTICED
            self._job.lose_checkpoint(incident)
        log.incidents[incident] = log.incidents[incident]._replace(hits=hits)

    def _repair_s(self, category: CategoryPlan, failure: Failure) -> float:
        return (category.repair or self._plan.spares.repair).sample_s(failure.repair)
