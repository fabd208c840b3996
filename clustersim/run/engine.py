"""One simulated run: processes that wait, models that decide, records that stay."""

import gc
import math
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import simpy

from clustersim.run.calendar.entries import follow
from clustersim.run.categories import own_code
from clustersim.run.diurnal import seconds_to_next_change, slowdown_at
from clustersim.run.expand import NO_PART, build_records
from clustersim.run.failures.ageing import NO_AGEING
from clustersim.run.failures.clocks import Failure, failures, mixed_failures
from clustersim.run.failures.lemons import LemonFailure, lemon_failures, lemons
from clustersim.run.failures.strikes import Strikes
from clustersim.run.fleet import Fleet
from clustersim.run.job import DONE, Job
from clustersim.run.loading import slowdowns
from clustersim.run.log import Log, SizeRow
from clustersim.run.neighbours import Neighbours, evictions_per_s
from clustersim.run.plan import CategoryPlan, DiurnalPlan, LemonsPlan, LoadingPlan, PhasePlan, RunPlan
from clustersim.run.records import DATA_LOADING, EFFECTS, HITS, NO_CAUSE, TIME_OF_DAY, Ended, Records
from clustersim.run.shop import RepairShop, shop_draws
from clustersim.run.streams import key, normals, stream, uniforms
from clustersim.run.tenants import come_and_go

_SLOW, _JOB = EFFECTS.index("slow"), HITS.index("job")
_WAITING_PARTS = ("spares", "repair", "people", "queue")
_AWAY_PART = "nodes"
"""The wait for nodes that somebody else has."""

_GOLDEN_RATIO = (math.sqrt(5.0) - 1.0) / 2.0
_SMALLEST_PROBABILITY = 1e-12

_NOTICEABLE = 1.0 + 1e-6
"""Factor on the time of steps up to which nobody notices that they wait for data: seconds in a run of months."""

_PATIENCE = 20.0
_PATIENCE_S = 30 * 86400.0

Process = Generator[simpy.Event, Any, None]


def simulate(plan: RunPlan, seed: int, replication: int = 0, horizon_s: float | None = None) -> Records:
    """Simulate one run.

    Parameters
    ----------
    plan : RunPlan
        What to run.
    seed : int
        Seed of the study; the same plan, seed and replication give byte-identical records.
    replication : int
        Number of the replication, from 0: each has its own streams.
    horizon_s : float, optional
        Stop after this much wall time [s], finished or not; by default the plan's deadline. Without either the run is
        given up when it has taken twenty times its undisturbed length and a month: it fails faster than it recovers.

    Returns
    -------
    Records
        What happened, and in ``ended`` why the record stops.
    """
    if horizon_s is None:
        horizon_s = plan.deadline_s
    with _no_search_for_cycles():
        run = _Run(plan, seed, replication)
        if horizon_s is None:
            return run.until(max(_PATIENCE * plan.ideal_s, _PATIENCE_S), "gave_up")
        return run.until(horizon_s)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """No cyclic garbage collection: a run makes hardly any cycles, and to look for them takes a tenth of its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def drawn_phases(plan: RunPlan, seed: int, replication: int) -> tuple[PhasePlan, ...]:
    """Phases with the step times of this replication, at the size that the job has at first."""
    return drawn_courses(plan, seed, replication)[0]


def drawn_courses(plan: RunPlan, seed: int, replication: int) -> tuple[tuple[PhasePlan, ...], ...]:
    """Phases at each size with the step times of this replication: one common error, lognormal with median 1.

    The errors of successive replications fill their distribution evenly (a golden-ratio Kronecker sequence with a
    random start; Niederreiter 1992, chapter 3), so that a few hundred replications pin the quantiles it dominates.
    Each replication by itself is still a fair draw.
    """
    if not plan.parameter_uncertainty:
        return plan.courses
    start = float(stream(seed, 0, "step time").random())
    error = NormalDist().inv_cdf(max((start + replication * _GOLDEN_RATIO) % 1.0, _SMALLEST_PROBABILITY))
    return tuple(
        tuple(replace(p, step_time_s=p.step_time_s * math.exp(p.step_sigma * error)) for p in course)
        for course in plan.courses
    )


def drawn_rate_factor(plan: RunPlan, category: CategoryPlan, seed: int, replication: int) -> float:
    """Factor on a category's rate in this replication.

    A rate known from a published count is drawn from ``Gamma(count) / count``: its mean is the published rate, its
    relative variance that of a Poisson count, ``1 / count`` (posterior under the scale-invariant prior; Gelman et al.
    2013, BDA3, section 2.8).
    """
    if not plan.parameter_uncertainty or category.published_count is None:
        return 1.0
    generator = stream(seed, replication, f"rate of {category.name}")
    return float(generator.standard_gamma(category.published_count)) / category.published_count


class _Run:
    """One environment with its processes."""

    def __init__(self, plan: RunPlan, seed: int, replication: int) -> None:
        self._plan = plan
        self._env = simpy.Environment()
        self._log = Log()
        waits = (*_WAITING_PARTS, _AWAY_PART) if plan.lends else _WAITING_PARTS
        self._parts = (NO_PART, *(part.name for part in plan.recovery.restart_parts), *waits)
        shop = RepairShop(self._env, plan.spares, self._log, shop_draws(seed, replication))
        elastic = plan.recovery.elastic is not None
        self._fleet = Fleet(self._env, plan.job_nodes, plan.spares, shop, elastic=elastic)
        draws = {name: normals(stream(seed, replication, name)) for name in ("restart", "spares", "people", "queue")}
        draws["in job"] = uniforms(stream(seed, replication, "restarts in the job"))
        courses = drawn_courses(plan, seed, replication)
        self._phases = courses[0]
        if plan.phases[0].nodes is not None:
            self._fleet.resize(plan.phases[0].nodes, NO_CAUSE)
            self._fleet.left.clear()
        self._log.sizes.append(SizeRow(0.0, self._fleet.size))
        self._chance = key(seed, replication, "checkpoints")
        self._job = Job(self._env, plan, courses, self._fleet, self._log, self._parts, draws, self._chance)
        self._strikes = Strikes(
            self._env, plan, self._fleet, self._job, self._log, stream(seed, replication, "relapses")
        )
        for code, category in enumerate(plan.categories):
            self._start_clocks(code, category, seed, replication)
        if plan.lemons:
            self._start_lemons(plan.lemons, seed, replication)
        if plan.diurnal:
            self._env.process(self._feel_the_day(plan.diurnal))
        if plan.loading:
            self._feed(plan.loading, courses)
        for tenant in plan.checkpoint.storage.tenants if plan.checkpoint.storage else ():
            self._env.process(
                come_and_go(self._env, tenant, self._job.store, stream(seed, replication, f"tenant {tenant.name}"))
            )
        if plan.incidents:
            self._env.process(self._replay(seed, replication))
        if plan.resizes:
            self._env.process(self._resize())
        follow(self._env, plan, self._fleet, self._job, self._log, seed, replication)
        if plan.neighbour_nodes:
            self._start_neighbours(plan, shop, seed, replication)

    def _start_clocks(self, code: int, category: CategoryPlan, seed: int, replication: int) -> None:
        """The units of the job and those of its spares fail by streams of their own.

        So another number of spares leaves the failures of all other nodes as they were.
        """
        factor = drawn_rate_factor(self._plan, category, seed, replication) * category.peak_rate
        ageing = self._plan.ageing if category.ages else NO_AGEING
        in_job = category.units_on(self._plan.job_nodes)
        for first, units, where in ((0, in_job, ""), (in_job, category.units - in_job, " among the spares")):
            if units > 0:
                generator = stream(seed, replication, f"failures of {category.name}{where}")
                part = replace(category, units=units)
                clock = failures(part, generator, self._plan.fleet_age_s, factor, ageing)
                self._env.process(self._fail(code, category, clock, first))

    def _start_lemons(self, plan: LemonsPlan, seed: int, replication: int) -> None:
        for first, nodes, where in (
            (0, self._plan.job_nodes, ""),
            (self._plan.job_nodes, self._plan.spares.total, " among the spares"),
        ):
            drawn = lemons(plan, nodes, stream(seed, replication, f"lemons{where}"))
            found = [first + node for node in drawn]
            self._fleet.lemons.update(found)
            generator = stream(seed, replication, f"failures of lemons{where}")
            clock = lemon_failures(plan, found, self._plan.categories, generator, self._plan.ageing)
            self._env.process(self._fail_lemons(clock))

    def _start_neighbours(self, plan: RunPlan, shop: RepairShop, seed: int, replication: int) -> None:
        """Other jobs, with streams of their own for all that chance decides about them."""
        draws = shop_draws(seed, replication, "of neighbours")
        neighbours = Neighbours(self._env, plan, self._fleet, shop, self._log, draws)
        rates_s = [
            evictions_per_s(c, plan.neighbour_nodes, plan.lemons) * drawn_rate_factor(plan, c, seed, replication)
            for c in plan.categories
        ]
        # However each of so many units fails, all together are one Poisson process (Khintchine 1960, chapter 5).
        found = mixed_failures(rates_s, 1, stream(seed, replication, "failures of neighbours"), plan.ageing)
        self._env.process(neighbours.run(found))

    def _feel_the_day(self, diurnal: DiurnalPlan) -> Process:
        """Every few hours steps take as long as the time of day makes them."""
        incident = self._log.strike(0.0, own_code(self._plan, TIME_OF_DAY), _SLOW, _JOB)
        while True:
            now_s = self._env.now
            self._job.slow_all(incident, slowdown_at(diurnal, now_s))
            yield simpy.Timeout(self._env, seconds_to_next_change(diurnal, now_s))

    def _feed(self, loading: LoadingPlan, courses: tuple[tuple[PhasePlan, ...], ...]) -> None:
        """Steps take as long as their data need, now and whenever others ask more or less of the store."""
        incident = NO_CAUSE
        known: dict[tuple[float, ...], tuple[float, ...]] = {}

        def follow_the_store() -> None:
            nonlocal incident
            others = tuple(self._job.store.others_bytes_s)
            if others not in known:
                known[others] = slowdowns(loading, courses, others)
            least = known[others]
            if incident == NO_CAUSE and max(least) > _NOTICEABLE:
                incident = self._log.strike(self._env.now, own_code(self._plan, DATA_LOADING), _SLOW, _JOB)
            if incident != NO_CAUSE:
                self._job.bound_all(incident, least)

        self._job.store.on_change = follow_the_store
        follow_the_store()

    def until(self, horizon_s: float, unfinished: Ended = "deadline") -> Records:
        """Run until the job is done or the horizon is reached; ``unfinished`` says what the latter means."""
        self._env.run(until=self._env.timeout(horizon_s) | self._job.process)
        ended: Ended = "finished" if self._job.mode == DONE else unfinished
        if ended != "finished":
            self._job.close()
        return build_records(self._log, self._plan, self._phases, self._parts, self._chance, self._env.now, ended)

    def _fail(self, code: int, category: CategoryPlan, clock: Iterator[Failure], first_unit: int) -> Process:
        env = self._env
        for failure in clock:
            yield simpy.Timeout(env, failure.t_s - env.now)
            self._strikes.strike(code, category, failure, first_unit + failure.unit)

    def _fail_lemons(self, clock: Iterator[LemonFailure]) -> Process:
        env = self._env
        for node, code, failure in clock:
            yield simpy.Timeout(env, failure.t_s - env.now)
            if node in self._fleet.lemons:
                category = self._plan.categories[code]
                self._strikes.strike(code, category, failure, node * category.units_per_domain)

    def _replay(self, seed: int, replication: int) -> Process:
        """Recorded incidents strike when they did; what else chance decides about each comes from its own stream."""
        for recorded in self._plan.incidents:
            yield self._env.timeout(max(0.0, recorded.at_s - self._env.now))
            category = recorded.of(self._plan.categories[recorded.category])
            generator = stream(seed, replication, f"incident of {category.name} at {recorded.at_s!r} s")
            unit, place = category.unit_of(self._fleet.first_in_job())
            failure = Failure.drawn(generator, recorded.at_s, unit, place)
            self._strikes.strike(recorded.category, category, failure, unit)

    def _resize(self) -> Process:
        """On its dates the job changes its size."""
        for resize in self._plan.resizes:
            yield self._env.timeout(resize.at_s - self._env.now)
            self._job.resize()
