"""The learning rate of a plan and the loss curve under it, as a section of a report."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypedDict

import numpy as np

from clustersim._numerals import times
from clustersim.learning.loss.curve import annealing_of, curve
from clustersim.learning.loss.forecast import CurvePoint
from clustersim.learning.loss.law import LossLaw
from clustersim.learning.optimizer.plan import batch_ramp, schedule_of
from clustersim.learning.optimizer.schedule_what_if import Difference, ended, schedule_what_if
from clustersim.learning.optimizer.schedules import BatchRamp, Schedule, area, sampled, share
from clustersim.learning.optimizer.second_law import SecondOpinion, beyond_the_laws, multi_power_change
from clustersim.learning.quantiles import NORMAL_90
from clustersim.scenario.schema.training import Training

POINTS = 60

SOURCES = (
    "Llama 3 (arXiv 2407.21783, 2024), section 3.4.1: warm-up, cosine and floor",
    "Tissue et al. 2024 (arXiv 2408.11029): area and annealing of the learning rate",
    "Luo et al. 2025 (arXiv 2503.12811; thu-yao-01-luo/MultiPowerLaw, MIT): the multi-power law and its curves",
    "OLMo ladder (allenai/OLMo-ladder, Apache-2.0): losses on the way of 25 runs, 190M to 3B",
    "Step Law (Li et al. 2025, arXiv 2503.04715): loss against the peak",
)


class RatePoint(TypedDict):
    """Learning rate after some tokens."""

    tokens: float
    step: float
    share: float
    learning_rate: float | None


class Alternative(TypedDict):
    """Another schedule or peak, and what it does to the final loss."""

    name: str
    change_nats: Difference
    multi_power_nats: SecondOpinion | None
    """The same by the multi-power law; None where the peak is another, of which it says nothing."""


def schedule_outlook(training: Training, law: LossLaw, parameters: float) -> dict[str, Any]:
    """Read the learning rate of a plan, the loss on the way under it, and what other schedules would change.

    Parameters
    ----------
    training : Training
        The job: phases and ``optimizer.learning_rate``.
    law : LossLaw
        The law of final losses.
    parameters : float
        Parameters of the model, counted as the law counts them.

    Returns
    -------
    dict
        Plain values: ``schedule``, ``learning_rates``, ``curve`` (p5, p50, p95 of the loss past the warm-up
        [nats/token]), ``what_if`` (changes of the final loss), ``caveats``, ``sources``.
    """
    rate, ramp = training.optimizer.learning_rate, batch_ramp(training)
    schedule = schedule_of(rate, ramp)
    others = what_if_rows(law, parameters, schedule, ramp)
    return {
        "schedule": {
            "kind": schedule.kind,
            "peak": rate.peak,
            "steps": schedule.steps,
            "warmup_steps": schedule.warmup_steps,
            "warmup_tokens": float(ramp.tokens_at(schedule.warmup_steps)),
            "end_share": float(share(schedule, schedule.steps)),
            "mean_share": float(area(schedule, schedule.steps)) / schedule.steps,
        },
        "learning_rates": _rates(schedule, ramp, rate.peak),
        "curve": _curve(law, parameters, schedule, ramp),
        "what_if": others,
        "caveats": [*_caveats(law, schedule), *_second_opinion(schedule, others)],
        "sources": list(SOURCES),
    }


def _rates(schedule: Schedule, ramp: BatchRamp, peak: float | None) -> list[RatePoint]:
    warm = schedule.warmup_steps
    steps = np.unique([0.0, warm, schedule.decay_starts, *np.linspace(warm, schedule.steps, POINTS)])
    steps = np.unique([*steps, *(step for step, _ in schedule.points)])
    return [
        {"tokens": tokens, "step": step, "share": height, "learning_rate": None if peak is None else height * peak}
        for step, tokens, height in zip(
            steps.tolist(), ramp.tokens_at(steps).tolist(), share(schedule, steps).tolist(), strict=True
        )
    ]


def _curve(law: LossLaw, parameters: float, schedule: Schedule, ramp: BatchRamp) -> list[CurvePoint]:
    tokens, rates = sampled(schedule, ramp)
    points = curve(law, parameters, tokens.tolist(), rates.tolist(), peak=1.0)
    if len(points) <= POINTS:
        return points
    # Evenly in the logarithm, where the loss falls early, and evenly along the run, where the schedule acts.
    at = np.array([point["tokens"] for point in points])
    wanted = np.concatenate([np.geomspace(at[0], at[-1], POINTS // 2), np.linspace(at[0], at[-1], POINTS // 2)])
    kept = np.unique(np.clip(np.searchsorted(at, wanted), 0, len(at) - 1))
    return [points[index] for index in kept.tolist()]


def what_if_rows(law: LossLaw, parameters: float, schedule: Schedule, ramp: BatchRamp) -> list[Alternative]:
    """Other schedules and peaks against the plan's; schedules that are the plan's own are left out."""
    others = {
        "cosine to 10 %": replace(schedule, kind="cosine", floor=0.1, points=()),
        "cosine to zero": replace(schedule, kind="cosine", floor=0.0, points=()),
        "linear to zero": replace(schedule, kind="linear", floor=0.0, points=()),
        "warm-up, stable, 10 % decay to zero": replace(
            schedule, kind="wsd", floor=0.0, cooldown_share=0.1, cooldown="one_minus_sqrt", points=()
        ),
        "constant, no decay": replace(schedule, kind="constant", points=()),
    }
    planned = ended(law, parameters, ramp, schedule, annealing_of(law.name)).loss_nats
    rows: list[Alternative] = [
        {
            "name": name,
            "change_nats": schedule_what_if(law, parameters, ramp, schedule, other),
            "multi_power_nats": multi_power_change(schedule, other, planned),
        }
        for name, other in others.items()
        if not _same(schedule, other)
    ]
    for factor, name in ((2.0, "twice the peak"), (0.5, "half the peak")):
        change = schedule_what_if(law, parameters, ramp, schedule, schedule, peak_factor=factor)
        rows.append({"name": name, "change_nats": change, "multi_power_nats": None})
    return rows


def _same(one: Schedule, other: Schedule) -> bool:
    grid = np.linspace(0.0, one.steps, 201)
    return bool(np.allclose(share(one, grid), share(other, grid)))


def _caveats(law: LossLaw, schedule: Schedule) -> list[str]:
    annealing = annealing_of(law.name)
    at_peak = annealing.strength * (1.0 - annealing.end_share**annealing.exponent) / annealing.exponent
    whole = "The warm-up is as long as the run: the learning rate never comes down."
    return [
        *([whole] if schedule.warmup_steps >= schedule.steps else []),
        f"At the peak learning rate the loss lies about {100.0 * at_peak:.1f} % (plus or minus "
        f"{100.0 * NORMAL_90 * annealing.strength_error * at_peak:.1f}) above a finished run with the same area of the "
        f"learning rate, by constants of '{annealing.name}', fitted to runs of 190M to 3B parameters.",
        "Learning rates enter as shares of the peak, and the peak is taken to be near the best: its height moves no "
        "curve, only the what-ifs. A change of data at the end of a run (annealing on a better mix) is not in it.",
    ]


def _second_opinion(schedule: Schedule, others: Sequence[Alternative]) -> list[str]:
    told = [
        f"{row['name']} {row['multi_power_nats']['middle']:+.3f} ({row['multi_power_nats']['low']:+.3f} to "
        f"{row['multi_power_nats']['high']:+.3f})"
        for row in others
        if row["multi_power_nats"] is not None
    ]
    if not told:
        return []
    return [
        f"By the multi-power law instead, in nats: {'; '.join(told)}. Its constants are those of models of 25M to 400M "
        f"parameters, and the area of this learning rate is {times(beyond_the_laws(schedule))} the largest they were "
        "fitted to."
    ]
