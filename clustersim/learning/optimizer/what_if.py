"""The optimizer's settings against each other: loss, days and dollars of each variant of a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from clustersim.learning.optimizer.divergence import Start, attempts, steps_before_divergence
from clustersim.learning.optimizer.rewinds import RewindCost
from clustersim.learning.optimizer.spikes import chance_of_none, count_draws, spike_rate
from clustersim.learning.quantiles import Quantiles, quantiles
from clustersim.run.plan import PhasePlan
from clustersim.scenario.schema.recipe import Recipe

Floats = NDArray[np.float64]

DRAWS = 4000
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run the optimizer.

    Parameters
    ----------
    name : str
        What differs, in words.
    recipe : Recipe
        How stable the training is.
    start : Start
        Warm-up and peak learning rate.
    loss_change_nats : float
        Loss at the end over that of the base, by the schedule [nats/token]; from a law of the schedule.
    """

    name: str
    recipe: Recipe
    start: Start
    loss_change_nats: float = 0.0


@dataclass(frozen=True, slots=True)
class PlanCost:
    """What the plan loses by a rewind and by a divergence, and what a day of it costs.

    Parameters
    ----------
    tokens : float
        Tokens of the run.
    attempt_s : float
        Training of an attempt to start that diverges, all of it lost [s]; see :func:`attempt_s`.
    rewind : RewindCost
        Mean cost of a spike.
    usd_per_day : float
        Cost of a day of the job [USD].
    """

    tokens: float
    attempt_s: float
    rewind: RewindCost
    usd_per_day: float

    @property
    def divergence_s(self) -> float:
        """Time that an attempt which diverges takes with it: all of its steps, and a restart [s]."""
        return self.attempt_s + self.rewind.detection_s + self.rewind.restart_s


def attempt_s(phases: Sequence[PhasePlan]) -> float:
    """Training until an attempt diverges, on average: the first 9,000 steps of the run or so [s]."""
    left, time_s = steps_before_divergence(), 0.0
    for phase in phases:
        steps = min(left, phase.steps)
        time_s, left = time_s + steps * phase.step_time_s, left - steps
    return time_s


class WhatIfRow(TypedDict):
    """One variant, and what differs from the first; its days and dollars are those lost to instability."""

    variant: str
    rewinds_mean: float
    rewinds: Quantiles
    chance_of_no_rewind: float
    divergence: Quantiles
    given_up: float
    lost_days_mean: float
    lost_days: Quantiles
    days_over_first: float
    usd_over_first: float
    loss_change_nats: float
    simulated: bool


def what_if_rows(
    variants: Sequence[Variant],
    cost: PlanCost,
    simulated_s: Mapping[str, Sequence[float]] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[WhatIfRow]:
    """Set variants of the optimizer side by side.

    Parameters
    ----------
    variants : sequence of Variant
        The first is the base that the others are held against.
    cost : PlanCost
        What a rewind and a divergence cost in the plan.
    simulated_s : mapping of str to sequence of float, optional
        Time lost to rewinds in each replication of variants that were simulated, by name [s]; for the others it is
        the number of spikes times their mean cost.
    draws, seed : int
        Draws of what is not known; the same for all variants.

    Returns
    -------
    list of WhatIfRow
        One for each variant, in order.

    Notes
    -----
    Expected time lost: ``spikes * (detection + restart + rewind + half an interval of checkpoints)`` and
    ``diverged attempts * (time of the steps before it + detection + restart)``. Data that is skipped costs none.
    """
    rows: list[WhatIfRow] = []
    for variant in variants:
        row = _row(variant, cost, (simulated_s or {}).get(variant.name), draws, seed)
        first = rows[0]["lost_days_mean"] if rows else row["lost_days_mean"]
        row["days_over_first"] = row["lost_days_mean"] - first
        row["usd_over_first"] = row["days_over_first"] * cost.usd_per_day
        rows.append(row)
    return rows


def _row(variant: Variant, cost: PlanCost, simulated_s: Sequence[float] | None, draws: int, seed: int) -> WhatIfRow:
    generator = np.random.default_rng((seed, 1))
    rate, tried = spike_rate(variant.recipe), attempts(variant.recipe, variant.start, draws, seed)
    spikes = count_draws(rate, cost.tokens, draws, generator)
    rewinding_s = spikes * cost.rewind.lost_s
    mean_s = rate.expected(cost.tokens) * cost.rewind.lost_s
    if simulated_s is not None:
        rewinding_s = generator.choice(np.asarray(simulated_s, dtype=np.float64), draws)
        mean_s = float(np.mean(simulated_s))
    diverging_s = tried.lost(generator) * cost.divergence_s
    return {
        "variant": variant.name,
        "rewinds_mean": rate.expected(cost.tokens),
        "rewinds": quantiles(spikes),
        "chance_of_no_rewind": chance_of_none(rate, cost.tokens),
        "divergence": quantiles(tried.first),
        "given_up": float(tried.given_up.mean()),
        "lost_days_mean": (mean_s + tried.mean_lost * cost.divergence_s) / _DAY_S,
        "lost_days": quantiles((rewinding_s + diverging_s) / _DAY_S),
        "days_over_first": 0.0,
        "usd_over_first": 0.0,
        "loss_change_nats": variant.loss_change_nats,
        "simulated": simulated_s is not None,
    }
