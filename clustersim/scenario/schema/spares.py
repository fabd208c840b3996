"""Nodes that stand by, and the shop that mends broken ones."""

from typing import Literal

from clustersim.scenario.schema.law import DurationLaw
from clustersim.scenario.schema.model import Count, PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Fraction


class Parts(Section):
    """Spare parts on the shelf: each that is taken is ordered again at once."""

    stock: PositiveInt = setting(description="parts on the shelf when all that were ordered are there")
    lead_time: DurationLaw = setting(description="from the order of a part to its arrival, e.g. 14 d")


class Retirement(Section):
    """Nodes that are beyond repair, or that have been mended too often.

    The node that comes instead is no lemon. The lifetimes of its parts go on as those of the old one would have, but
    for the part that failed.
    """

    share: Fraction = setting(0.0, description="share of the visits of one node to the shop that it does not survive")
    after_repairs: PositiveInt | None = setting(
        None,
        description="visits to the shop after which a node is retired; never when omitted",
        source="RSC-1 and RSC-2 (arXiv 2410.21680, 2024) take lemon nodes out by how often they failed",
    )
    lead_time: DurationLaw = setting(
        {"kind": "lognormal", "median": "14 d", "sigma": 0.5},
        description="from the end of the visit to the arrival of a new node",
        source="SuperBench (USENIX ATC 2024): 10.3 % of tickets take more than two weeks; spread assumed",
    )


class Neighbours(Section):
    """Other jobs that share the spares and the repair shop with this one.

    Their nodes fail at the rates of this job's, by the categories that need a node replaced.
    """

    nodes: PositiveInt = setting(description="nodes of theirs")


class SparesPlacement(Section):
    """Spares that stand elsewhere than the nodes that they replace: what they exchange with the others goes further."""

    at: Literal["behind_job", "end_of_cluster"] = setting(
        description="which nodes they are: those that follow the nodes of the job, or the last ones of the cluster"
    )
    ranks: Literal["keep", "sort"] = setting(
        "keep",
        description="keep: a spare takes the ranks of the node that is missing; sort: every restart deals the ranks out"
        " in the order of the nodes, so that spares have the last ones",
    )
    swap_back: Literal["never", "at_next_stop"] = setting(
        "never",
        description="when a node that is back takes its place from such a spare again: never, so that it stands by, or"
        " the next time that the job stops",
    )


class Spares(Section):
    """Nodes that stand by, and the shop that mends broken ones."""

    hot: Count = setting(0, description="nodes already in the job's standby: join at once")
    warm: Count = setting(0, description="nodes powered and checked: join after warm_swap")
    cold: Count = setting(0, description="nodes switched off: join after cold_swap")
    warm_swap: DurationLaw = setting(
        "60 s",
        description="time for a warm node to join",
        source="ByteRobust (arXiv 2509.16293, SOSP 2025), Table 7: 46-65 s",
    )
    cold_swap: DurationLaw = setting(
        "20 min",
        description="time for a cold node to boot, pass its checks and join",
        source="assumed; node burn-in checks take 10 min (Aegis, NSDI 2025)",
    )
    repair: DurationLaw = setting(
        {"kind": "lognormal", "median": "54 min", "sigma": 1.94},
        description="hands-on repair of one incident",
        source="LANL, Schroeder & Gibson (DSN 2006): median 54 min, mean 355 min",
    )
    repair_hands: PositiveInt = setting(8, description="repairs that can go on at once", source="assumed")
    failed_repairs: Fraction = setting(
        0.0,
        description="share of repairs after which the node is still broken and soon fails again",
    )
    placement: SparesPlacement | None = setting(
        None, description="where the spares stand; beside whatever node they replace when omitted"
    )
    parts: Parts | None = setting(
        None, description="spare parts, of which every repair takes one; never short when omitted"
    )
    retirement: Retirement | None = setting(
        None, description="nodes that are replaced instead of mended; none when omitted"
    )

    shared_with: Neighbours | None = setting(
        None, description="other jobs that share spares, hands and parts, first come, first served; none when omitted"
    )

    @property
    def total(self) -> int:
        """Spare nodes of every kind."""
        return self.hot + self.warm + self.cold
