"""The repair shop and the nodes that it serves as one closed queue: machine repairmen, whose machines are finite."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from clustersim.calibration.cases import Case
from clustersim.calibration.theory.plans import NEVER_S, daly_plan, replicated
from clustersim.calibration.theory.repairs import mean_wait_s
from clustersim.calibration.theory.samples import mean_case
from clustersim.run import metrics
from clustersim.run.laws import AT_ONCE, Law
from clustersim.run.plan import CategoryPlan, CheckpointPlan, RunPlan, SparesPlan
from clustersim.run.records import Records

REPAIRMEN = "machine repairmen"

_SOURCE = "Palm (1947); Kleinrock, Queueing Systems, vol. 1 (1975), section 3.8: M/M/c//N"

NODES = 6
"""Nodes of the job; it cannot train with fewer."""
REPAIR_S = 3600.0

SHOPS = ((1, 2, 0.1), (2, 4, 0.3), (3, 0, 0.5))
"""Repair hands, hot spares, and the chance that a node fails in the time of a repair."""

RUNS = 40
HORIZON_S = 200.0 * REPAIR_S
SETTLED_S = 20.0 * REPAIR_S
"""What is left out at the beginning, when no node is broken."""

Floats = NDArray[np.float64]


def broken_nodes(nodes: int, hands: int, failure_rate_s: float, repair_s: float) -> Floats:
    """Chance that so many nodes are broken, in the long run: machines that only fail while they work.

    Parameters
    ----------
    nodes : int
        Nodes of the job and its spares; all that are in service fail.
    hands : int
        Repairs that can go on at once.
    failure_rate_s : float
        Failures of one node in service [1/s]; lives are exponential.
    repair_s : float
        Mean time of a repair [s]; repairs are exponential.

    Returns
    -------
    ndarray of float, shape (nodes + 1,)
        For 0, 1 ... all of them.

    References
    ----------
    .. [1] Kleinrock, L. (1975), Queueing Systems, volume 1, section 3.8.

    Examples
    --------
    One machine and one hand that are as fast as each other:

    >>> broken_nodes(1, 1, 0.5, 2.0).tolist()
    [0.5, 0.5]
    """
    broken = np.arange(nodes)
    fails = (nodes - broken) * failure_rate_s
    mends = np.minimum(broken + 1, hands) / repair_s
    weight = np.concatenate(([1.0], np.cumprod(fails / mends)))
    chances: Floats = weight / weight.sum()
    return chances


def mean_queue_s(chances: Floats, hands: int, failure_rate_s: float) -> float:
    """Mean wait of a broken node for a hand [s], by Little's law: those that wait over those that break in a second."""
    broken = np.arange(len(chances))
    waiting = chances @ np.maximum(broken - hands, 0)
    breaking_s = failure_rate_s * (chances @ (len(chances) - 1 - broken))
    return float(waiting / breaking_s)


def repairmen_cases() -> Iterator[Case]:
    """Nodes in the shop, the wait of each for a hand, and the share of the time in which the job lacks nodes."""
    for hands, spares, chance in SHOPS:
        rate_s = chance / REPAIR_S
        chances = broken_nodes(NODES + spares, hands, rate_s, REPAIR_S)
        runs = replicated(shop_plan(hands, spares, rate_s), RUNS, HORIZON_S)
        shop = f"{NODES} nodes, {spares} spares, {hands} {'hand' if hands == 1 else 'hands'}"
        broken = float(chances @ np.arange(len(chances)))
        yield mean_case(REPAIRMEN, f"nodes in the shop, {shop}", list(map(mean_broken, runs)), broken, "", _SOURCE)
        waits_s, wait_s = [mean_wait_s(records, SETTLED_S) for records in runs], mean_queue_s(chances, hands, rate_s)
        yield mean_case(REPAIRMEN, f"wait for a hand, {shop}", waits_s, wait_s, "s", _SOURCE)
        short, lacking = list(map(share_waited, runs)), float(chances[spares + 1 :].sum())
        yield mean_case(REPAIRMEN, f"time in which the job lacks nodes, {shop}", short, lacking, "", _SOURCE)


def shop_plan(hands: int, spares: int, failure_rate_s: float) -> RunPlan:
    """A job whose broken nodes are replaced at once by hot spares, as long as there are any, which fail as they do.

    Nodes that stand idle while the job waits fail like any other, so that all that are in service do, at any time.
    """
    plan = daly_plan(NEVER_S, 100.0, 0.0, 0.0, cycles=10_000_000, step_time_s=100.0)
    return replace(
        plan,
        job_nodes=NODES,
        categories=(CategoryPlan("node", "host", NODES + spares, failure_rate_s),),
        checkpoint=CheckpointPlan(NEVER_S, 0.0, 0.0),
        spares=SparesPlan(spares, 0, 0, AT_ONCE, AT_ONCE, Law("exponential", REPAIR_S), hands),
    )


def mean_broken(records: Records) -> float:
    """Mean number of nodes that wait for their repair or are in it, once settled."""
    begin_s = np.maximum(records.repairs["queued_s"], SETTLED_S)
    end_s = np.minimum(records.repairs["back_s"], records.end_s)
    return float(np.maximum(end_s - begin_s, 0.0).sum()) / (records.end_s - SETTLED_S)


def share_waited(records: Records) -> float:
    """Share of the time that the job waited for nodes, once settled."""
    window = metrics.Window(SETTLED_S)
    return metrics.time_by_state_s(records, window)["waiting"] / window.length_s(records)
