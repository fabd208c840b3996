"""Kinds of units that fail, and what a failure of each usually is."""

from collections.abc import Mapping
from typing import NamedTuple, get_args

from clustersim.scenario.rates import RateUnit
from clustersim.scenario.schema.failure_category import Blast, Component

UNIT_KINDS: tuple[RateUnit, ...] = get_args(RateUnit)
JOB: RateUnit = "job"


class Usual(NamedTuple):
    """What a failure of a kind of unit is unless the log says otherwise."""

    component: Component
    blast: Blast
    evict: float
    why: str


USUAL: Mapping[RateUnit, Usual] = {
    "gpu": Usual("gpu", "node", 1.0, "a node is replaced as a whole"),
    "nic": Usual("nic", "node", 1.0, "a node is replaced as a whole"),
    "node": Usual("host", "node", 1.0, "the node is replaced before the restart"),
    "rack": Usual("rack", "rack", 1.0, "the rack goes down as a whole"),
    "switch": Usual("switch", "rack", 1.0, "a leaf switch takes its rack down until it is repaired"),
    "leaf": Usual("switch", "leaf", 1.0, "a leaf switch takes its nodes down until it is repaired"),
    "spine": Usual("switch", "job", 0.0, "the job stops, and traffic finds other ways when it restarts"),
    "pdu": Usual("power_feed", "pdu", 1.0, "its racks go down as a whole until it is repaired"),
    "cooling_loop": Usual("cooling", "cooling_loop", 1.0, "its racks go down as a whole until it is repaired"),
    "storage": Usual("storage", "job", 0.0, "the job stops, no node is at fault"),
    "site": Usual("power_feed", "site", 1.0, "the site goes down as a whole until it is repaired"),
    "pod": Usual("switch", "pod", 1.0, "the pod goes down as a whole until it is repaired"),
    "job": Usual("software", "job", 0.0, "the job stops, no node is at fault"),
}
"""Modelling choices, those of the catalogue's failure models."""
