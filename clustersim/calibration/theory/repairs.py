"""The repair shop as a queue: waits against Erlang C."""

import math
from collections.abc import Iterator
from dataclasses import replace

from clustersim.calibration.cases import Case
from clustersim.calibration.theory.plans import NEVER_S, daly_plan, replicated
from clustersim.calibration.theory.samples import mean_case
from clustersim.run.laws import AT_ONCE, Law
from clustersim.run.plan import CategoryPlan, CheckpointPlan, RunPlan, SparesPlan
from clustersim.run.records import Records

REPAIRS = "Erlang C, repair shop"

_SOURCE = "Erlang (1917); Kleinrock, Queueing Systems, vol. 1 (1975), section 3.5"

SHOPS = ((1, 0.5), (4, 0.7))
"""Repair hands, and the share of them that is busy."""

REPAIR_S = 3600.0
NODES = 100
SPARES = 60
"""So many that the job never waits for a node: the nodes in service are constant, and failures a Poisson process."""

RUNS = 40
ARRIVALS = 900.0
SETTLED = 100.0
"""Failures in a run, and those at its beginning that are left out, while the queue fills."""


def erlang_c_wait_s(hands: int, arrival_rate_s: float, repair_s: float) -> float:
    """Mean wait for one of several equal servers, M/M/c: Erlang C over the spare capacity.

    Parameters
    ----------
    hands : int
        Servers.
    arrival_rate_s : float
        Arrivals [1/s]; below the capacity ``hands / repair_s``.
    repair_s : float
        Mean service time [s].

    Returns
    -------
    float
        Mean wait before the service begins [s].

    References
    ----------
    .. [1] Kleinrock, L. (1975), Queueing Systems, volume 1, section 3.5.

    Examples
    --------
    >>> erlang_c_wait_s(1, 0.5, 1.0)
    1.0
    """
    load = arrival_rate_s * repair_s
    below = sum(load**k / math.factorial(k) for k in range(hands))
    full = load**hands / math.factorial(hands) * hands / (hands - load)
    return full / (below + full) / (hands / repair_s - arrival_rate_s)


def repair_cases() -> Iterator[Case]:
    """Mean wait of a broken node for a free hand."""
    for hands, busy in SHOPS:
        rate_s = busy * hands / REPAIR_S
        runs = replicated(shop_plan(hands, rate_s), RUNS, horizon_s=ARRIVALS / rate_s)
        yield mean_case(
            REPAIRS,
            f"wait for {'the only hand' if hands == 1 else f'one of {hands} hands'}, {busy:.0%} busy",
            [mean_wait_s(records, SETTLED / rate_s) for records in runs],
            erlang_c_wait_s(hands, rate_s, REPAIR_S),
            "s",
            _SOURCE,
        )


def shop_plan(hands: int, arrival_rate_s: float) -> RunPlan:
    """A job whose broken nodes are replaced at once by cold spares and repaired in exponential times."""
    plan = daly_plan(NEVER_S, 100.0, 0.0, 0.0, cycles=10_000_000, step_time_s=100.0)
    return replace(
        plan,
        job_nodes=NODES,
        categories=(CategoryPlan("node", "host", NODES + SPARES, arrival_rate_s / NODES),),
        checkpoint=CheckpointPlan(NEVER_S, 0.0, 0.0),
        spares=SparesPlan(0, 0, SPARES, AT_ONCE, AT_ONCE, Law("exponential", REPAIR_S), hands),
    )


def mean_wait_s(records: Records, settled_s: float) -> float:
    """Mean wait of the nodes that broke after a moment [s]."""
    repairs = records.repairs
    late = repairs["queued_s"] > settled_s
    return float((repairs["start_s"] - repairs["queued_s"])[late].mean())
