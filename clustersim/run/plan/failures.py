"""Kinds of failure, and incidents that are known."""

from dataclasses import dataclass, replace
from typing import Literal

from clustersim.run.failures.lifetimes import EXPONENTIAL, Lifetime
from clustersim.run.laws import Law

Effect = Literal["crash", "hang", "corrupt", "loss_spike", "slow", "write_failure", "checkpoint_loss"]


@dataclass(frozen=True, slots=True)
class CategoryPlan:
    """One kind of failure.

    ``units`` clocks exist, each with mean time to failure ``1 / rate_per_unit_s``; unit ``u`` belongs to the nodes
    ``u // units_per_domain * domain_nodes`` onwards. ``blast_nodes`` of 0 takes down the job and no node, if these are
    among those that it has; fewer than ``domain_nodes`` are taken down at a place in the domain that chance decides.
    """

    name: str
    component: str
    units: int
    rate_per_unit_s: float
    units_per_domain: int = 1
    domain_nodes: int = 1
    blast_nodes: int = 1
    effect: Effect = "crash"
    hang_fraction: float = 0.0
    evict: float = 1.0
    lifetime: Lifetime = EXPONENTIAL
    """Law of the time to failure of a new unit."""
    renewal: float = 1.0
    """Share of its age that a unit loses by a failure and its repair: 1 as good as new, 0 as bad as old."""
    repair: Law | None = None
    """How long its repair takes; that of the plan when None."""
    idle_factor: float = 1.0
    """Rate of units that do not train over that of those that do."""
    published_count: float | None = None
    """Failures behind the rate, which draw it in each replication; or the shape of its spread, where runs differ."""
    phase_rates: tuple[float, ...] = ()
    """Factor on the rate in each phase, those of one size after those of another; empty where it is 1 in all."""
    ages: bool = True
    """Whether what changes the rates of the fleet, its age and the weather, changes this one."""
    slowdown: float = 1.0
    """Factor on the time of a step while it lasts; of the effect ``slow`` alone."""
    phase_slowdowns: tuple[float, ...] = ()
    """The same in each phase, where it is not the same in all."""
    rewind_steps: int = 0
    """Steps before the spike that the weights go back at least; of the effect ``loss_spike`` alone."""
    skip_steps: int = 0
    """Batches of data left out after it."""
    lasts: Law | None = None
    """How long it lasts; of the effects ``slow`` and ``write_failure`` alone."""
    detection: Law | None = None
    """Time to its detection; that of the plan when None."""

    @property
    def stops_job(self) -> bool:
        """Whether the job has to recover from it, sooner or later; it goes on through the others."""
        return self.effect in ("crash", "hang", "corrupt", "loss_spike")

    @property
    def strikes_one_node(self) -> bool:
        """Whether its units sit in one node each and take down that node alone."""
        return self.domain_nodes == self.blast_nodes == 1

    @property
    def rate_s(self) -> float:
        """Failures per second of all units together, in the long run."""
        return self.units * self.rate_per_unit_s

    @property
    def peak_rate(self) -> float:
        """Highest factor on the rate in any phase."""
        return max(self.phase_rates, default=1.0)

    def strikes_with(self, *, busy: bool, place: int) -> float:
        """Chance that a failure that falls due does strike: units that stand idle, and some phases, have fewer.

        Thinning: the clock runs at the highest rate (Lewis and Shedler 1979, :doi:`10.1002/nav.3800260304`).
        """
        chance = 1.0 if busy else self.idle_factor
        if not self.phase_rates:
            return chance
        # A job that is done still has its last phase.
        return chance * self.phase_rates[min(place, len(self.phase_rates) - 1)] / self.peak_rate

    def units_on(self, nodes: int) -> int:
        """Units on the first so many nodes, those that they share with later nodes included."""
        if not self.blast_nodes:
            nodes = max(nodes, 1)  # a clock of the job as a whole runs whatever its size
        return min(self.units, -(-nodes // self.domain_nodes) * self.units_per_domain)

    def unit_of(self, node: int) -> tuple[int, float]:
        """Unit whose failure takes this node down, and the place in its domain."""
        domain, offset = divmod(node, self.domain_nodes)
        return domain * self.units_per_domain, (offset + 0.5) / self.domain_nodes

    def rate_on_s(self, nodes: int) -> float:
        """Failures per second that strike any of the first so many nodes, in the long run."""
        if 0 < self.blast_nodes < self.domain_nodes:
            return self.rate_per_unit_s * self.units_per_domain * nodes / self.domain_nodes
        return self.rate_per_unit_s * self.units_on(nodes)


@dataclass(frozen=True, slots=True)
class IncidentPlan:
    """A recorded incident: it strikes in every replication, at the same moment and the first node of the job."""

    at_s: float
    category: int
    """Row of the plan's ``categories``."""
    lasts_s: float | None = None
    detection_s: float | None = None
    """Its own, in place of the law of its category."""

    def of(self, category: CategoryPlan) -> CategoryPlan:
        """The category as this incident is one of it."""
        lasts = category.lasts if self.lasts_s is None else Law("constant", self.lasts_s)
        detection = category.detection if self.detection_s is None else Law("constant", self.detection_s)
        return replace(category, lasts=lasts, detection=detection, idle_factor=1.0, phase_rates=())


@dataclass(frozen=True, slots=True)
class LemonsPlan:
    """Nodes that keep failing."""

    fraction: float
    factor: float
    """Factor on the rates of the categories that strike one node."""
