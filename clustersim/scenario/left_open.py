"""Settings that a plan leaves open and that are then calibrated: what they are taken for."""

from typing import NamedTuple

from clustersim import catalog
from clustersim.scenario.document import Path
from clustersim.scenario.schema.fabric import NETWORK_LATENCY_S
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.units import format_quantity

RATES = "collective_rates"
"""Catalogue table of what networks reach, by class."""

FABRIC, NODE = ("cluster", "fabric"), ("cluster", "node")


class Taken(NamedTuple):
    """Value of a setting that is left open, written as a user would, and the source behind it."""

    text: str
    source: str


def taken_for(scenario: Scenario, path: Path) -> Taken | None:
    """What a setting without a value is taken for.

    Parameters
    ----------
    scenario : Scenario
        The resolved scenario.
    path : Path
        Path of a setting of it that is None.

    Returns
    -------
    Taken or None
        None where the setting has no value at all.
    """
    cluster = scenario.cluster
    if path == (*FABRIC, "network"):
        return Taken(cluster.network, "that of the node" if cluster.node.network else "")
    if path == (*FABRIC, "efficiency"):
        return _calibrated(cluster, "ring", 1.0, "fraction")
    if path == (*FABRIC, "latency"):
        return _calibrated(cluster, "eager_scale", NETWORK_LATENCY_S, "time")
    return Taken(cluster.network, "") if path == (*NODE, "network") else None


def _calibrated(cluster: Cluster, rate: str, unit: float, dimension: str) -> Taken:
    value = catalog.entry(RATES, cluster.network).values[rate]
    text = format_quantity(float(f"{float(value.text) * unit:.3g}"), dimension)
    return Taken(f"{text}, calibrated", f"{cluster.network}: {value.source}")
