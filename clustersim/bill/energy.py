"""Electricity of a run from the hours its nodes spent in each state."""

from collections.abc import Mapping
from dataclasses import dataclass

TRAINING_STATES = frozenset({"productive", "recompute", "rollback"})
"""States in which the job's GPUs compute: new work, lost work done again, and work later thrown away. In every other
state they wait, at idle power: for a blocking checkpoint, detection, a restart, a spare, planned work, or, in slow
steps, for the slowest of them."""


@dataclass(frozen=True, slots=True)
class NodePower:
    """Power of one whole node [W].

    Parameters
    ----------
    training_w : float
        While it trains, averaged over steps.
    idle_w : float
        While it waits.
    """

    training_w: float
    idle_w: float


def job_energy_j(seconds_by_state: Mapping[str, float], job_nodes: float, power: NodePower) -> float:
    """Electricity of the job's nodes, at the node.

    Parameters
    ----------
    seconds_by_state : mapping of str to float
        Wall time in each state of the job [s].
    job_nodes : float
        Nodes the job runs on.
    power : NodePower
        Power of one node.

    Returns
    -------
    float
        Energy [J]: training power in :data:`TRAINING_STATES`, idle power otherwise.

    Notes
    -----
    Two levels of power. Swings within a step, ramps and the dependence of power on the layout are left out.
    """
    training_s = sum(seconds for state, seconds in seconds_by_state.items() if state in TRAINING_STATES)
    waiting_s = sum(seconds for state, seconds in seconds_by_state.items() if state not in TRAINING_STATES)
    return job_nodes * (training_s * power.training_w + waiting_s * power.idle_w)


def spare_energy_j(wall_time_s: float, spare_nodes: float, power: NodePower) -> float:
    """Electricity of the nodes that stand by [J], at the node: idle power for the whole run."""
    return wall_time_s * spare_nodes * power.idle_w


def site_energy_j(node_energy_j: float, pue: float) -> float:
    """Electricity the site draws for what its nodes draw [J]: times the power usage effectiveness (ISO/IEC 30134-2)."""
    return node_energy_j * pue


def mean_power_w(energy_j: float, wall_time_s: float) -> float:
    """Average power over the run [W]; 0 for a run of no length."""
    return energy_j / wall_time_s if wall_time_s > 0.0 else 0.0
