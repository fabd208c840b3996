"""The summary's section on what the run learns: loss, capability, corpus and the optimizer's loop."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import numpy as np

from clustersim.learning import counted_parameters, final_loss, loss_law
from clustersim.learning.capability import capability_outlook
from clustersim.learning.corpus import corpus_outlook, worth_to_law
from clustersim.learning.loss.wall_clock import weights_at_s
from clustersim.learning.loss.worth import tokens_worth
from clustersim.learning.optimizer.loop import LoopPhase
from clustersim.learning.optimizer.outlook import OptimizerPlan, optimizer_outlook
from clustersim.learning.optimizer.schedule_outlook import schedule_outlook
from clustersim.run.records import Records
from clustersim.scenario import Scenario
from clustersim.study.ensemble import Ensemble
from clustersim.study.money import Bills
from clustersim.study.readings import LossReading
from clustersim.study.run_summary import progress_fan
from clustersim.study.trained import training_flops
from clustersim.workload.layout import micro_batches
from clustersim.workload.parameters import count_parameters

_DAY_S = 86400.0

CLOCK_POINTS = 121

PILE = "olmo-ladder-pile"
"""Law of the loss that accuracies through the loss were fitted on."""

_PEAKS = {"twice the peak": "twice the peak learning rate"}
"""Schedules of the loss curve that are variants of the optimizer's under other names."""


def learning_section(
    scenario: Scenario, ensemble: Ensemble, records: Records, bills: Bills, loss: LossReading
) -> dict[str, Any]:
    """Everything that the summary says of learning.

    ``records`` are those of the median replication.
    """
    run_s = median(run.wall_s for run in ensemble.replications)
    usd_per_day = median(bills.cost_usd) / (run_s / _DAY_S)
    schedule = schedule_outlook(scenario.training, loss.law, loss.parameters)
    section = loss.section(loss.tokens / run_s, usd_per_day / _DAY_S)
    optimizer = optimizer_outlook(_optimizer_plan(scenario, ensemble, schedule, usd_per_day))
    changes = _loss_changes(schedule)
    rows = [
        row
        | {"loss_change": changes.get(row["variant"])}
        | _worth_of_loss(loss, row["loss_change_nats"], run_s, usd_per_day)
        for row in optimizer["what_if"]
    ]
    log, this = scenario.learning.log, scenario.model.catalogue_entry or "this plan's model"
    return section | {
        "own_log": None if log is None else loss.own_log(log),
        "against": loss.against(this, scenario.learning.against),
        "clock": _clock(records, section["curve"]),
        "training_corpus": corpus_outlook(scenario, ensemble.plan, loss.median, run_s),
        "schedule": schedule,
        "optimizer": optimizer | {"what_if": rows},
        "capability": _capability(scenario, ensemble, loss.tokens),
    }


def _worth_of_loss(loss: LossReading, nats: float, run_s: float, usd_per_day: float) -> dict[str, float | None]:
    """Days and dollars that make up for a difference of the final loss; None where no tokens do."""
    tokens = tokens_worth(loss.law, loss.parameters, loss.tokens, nats, loss.effective)
    if not np.isfinite(tokens):
        return {"loss_days": None, "loss_usd": None}
    days = tokens / loss.tokens * run_s / _DAY_S
    return {"loss_days": days, "loss_usd": days * usd_per_day}


def _clock(records: Records, curve: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """The loss of the median replication by the clock, its weights as they were at each moment."""
    times_s = np.linspace(0.0, records.end_s, CLOCK_POINTS)
    tokens = weights_at_s(records, times_s)
    at = [point["tokens"] for point in curve]
    losses = {name: np.interp(tokens, at, [point[name] for point in curve]).tolist() for name in ("p5", "p50", "p95")}
    return [
        {"days": day, "tokens": trained, "p5": p5, "p50": p50, "p95": p95}
        for day, trained, p5, p50, p95 in zip(
            (times_s / _DAY_S).tolist(), tokens.tolist(), *losses.values(), strict=True
        )
    ]


def _capability(scenario: Scenario, ensemble: Ensemble, tokens: float) -> dict[str, Any]:
    """Scores at the end of the run, and when in it each benchmark is halfway up."""
    active = float(count_parameters(scenario.model).active)
    pile = loss_law(PILE, mixture=scenario.model.mixture is not None)
    counted = float(counted_parameters(scenario.model, pile.parameter_count))
    outlook = capability_outlook(
        active,
        tokens,
        flops=training_flops(scenario),
        pile_loss=final_loss(pile, counted, tokens, worth_to_law(scenario.corpus, tokens, PILE)),
    )
    progress, start = progress_fan(ensemble), scenario.training.start
    dated = [
        benchmark | {"dates": _dates(benchmark["threshold"]["tokens"], progress, start)}
        for benchmark in outlook["benchmarks"]
    ]
    return outlook | {"benchmarks": dated}


def _dates(tokens: Mapping[str, Any], progress: Mapping[str, list[float]], start: datetime) -> dict[str, Any]:
    """When so many tokens are trained, at the median pace of the run; None beyond its end."""
    trained, days = progress["tokens_p50"], progress["days"]
    return {
        name: None
        if at is None or at > trained[-1]
        else (start + timedelta(days=float(np.interp(at, trained, days)))).isoformat(timespec="minutes")
        for name, at in tokens.items()
    }


def _optimizer_plan(
    scenario: Scenario, ensemble: Ensemble, schedule: dict[str, Any], usd_per_day: float
) -> OptimizerPlan:
    training = scenario.training
    loop = []
    for phase, compiled in zip(training.phases, ensemble.plan.phases, strict=True):
        layout = training.layout_of(phase)
        passes = micro_batches(layout, phase.global_batch)
        loop.append(LoopPhase(compiled.steps, passes, layout.data_parallel, phase.global_batch))
    return OptimizerPlan(
        run=ensemble.plan,
        parameters=float(count_parameters(scenario.model).active),
        loop=loop,
        recipe=training.optimizer.recipe,
        warmup_steps=schedule["schedule"]["warmup_steps"],
        peak_learning_rate=training.optimizer.learning_rate.peak,
        usd_per_day=usd_per_day,
        loss_changes={name: change["p50"] for name, change in _loss_changes(schedule).items()},
    )


def _loss_changes(schedule: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """What other schedules and peaks do to the final loss [nats/token], by the optimizer's names for them."""
    return {_PEAKS.get(row["name"], row["name"]): row["change_nats"] for row in schedule["what_if"]}
