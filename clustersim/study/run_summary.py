"""What the summary says of the run itself: how long, where the time went, what broke."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from clustersim.run.metrics import time_by_day_and_state_s
from clustersim.run.plan import RunPlan
from clustersim.run.records import STATES, Records
from clustersim.scenario import Scenario
from clustersim.step.efficiency import peak_of
from clustersim.step.step_time import StepTime
from clustersim.study.ensemble import Ensemble
from clustersim.study.history import history
from clustersim.study.money import Bills, reserved_gpu_s
from clustersim.study.readings import LossReading
from clustersim.study.replication import PROGRESS_POINTS, Replication
from clustersim.study.statistics import Stat, mean_time_between, summarise
from clustersim.workload.flops import model_flops_per_token

_HOUR_S = 3600.0
_DAY_S = 86400.0

_NO_SPREAD = 1e-9
"""Spread of a logarithm that is rounding."""
_QUADRATIC = 5
"""Replications from which a quadratic is worth fitting."""

BADPUT = {
    "checkpoint": "checkpoint save",
    "detect": "failure detection",
    "restart": "infrastructure recovery and program start-up",
    "waiting": "infrastructure recovery: waiting for nodes",
    "recompute": "wasted progress from disruption",
    "rollback": "wasted progress from corruption",
    "maintenance": "planned stop",
    "slowed": "slow steps (step time deviation)",
}
"""Our states in the words of Google's ML Goodput library; it reports the deviation of step times beside its badput."""


def headline(
    scenario: Scenario, steps: Sequence[StepTime], ensemble: Ensemble, bills: Bills, loss: LossReading
) -> dict[str, Any]:
    """The answer: the numbers a reader wants first."""
    runs = ensemble.replications
    plan = ensemble.plan
    wall_days = summarise([run.wall_s / _DAY_S for run in runs])
    effective = summarise([run.effective_training_time for run in runs])
    gpus = scenario.training.gpus
    main = [phase.main for phase in scenario.training.phases]
    preempted = [sum(run.interruptions[other.name] for other in plan.preemptions) for run in runs]
    return {
        "wall_time_days": wall_days,
        "finish_date": {
            "mean": _date_after(scenario, wall_days["mean"]),
            "p10": _date_after(scenario, wall_days["p10"]),
            "p50": _date_after(scenario, wall_days["p50"]),
            "p90": _date_after(scenario, wall_days["p90"]),
            "mean_ci95_low": _date_after(scenario, wall_days["mean_ci95_low"]),
            "mean_ci95_high": _date_after(scenario, wall_days["mean_ci95_high"]),
        },
        "gpu_hours": summarise([run.full_size.total_s / _HOUR_S * gpus for run in runs]),
        "main_gpu_hours": summarise([run.full_size.main_s(main) / _HOUR_S * gpus for run in runs]),
        "reserved_gpu_hours": summarise([reserved_gpu_s(scenario.bill, plan, run) / _HOUR_S for run in runs]),
        "effective_training_time_fraction": effective,
        "ettr_fraction": effective,
        "goodput_fraction": effective,
        "mfu_fraction": summarise([_mfu_over_wall_time(scenario, run) for run in runs]),
        "mfu_while_training_fraction": summarise(_mfu_while_training(scenario, steps, ensemble)),
        "interruptions": summarise(
            [run.unexpected + run.planned + taken for run, taken in zip(runs, preempted, strict=True)]
        ),
        "unexpected_interruptions": summarise([run.unexpected for run in runs]),
        "planned_interruptions": summarise([run.planned for run in runs]),
        **({"preemptions": summarise(preempted)} if plan.preemptions else {}),
        "mean_time_to_interruption_hours": mean_time_between(
            [run.wall_s / _HOUR_S for run in runs], [run.unexpected for run in runs]
        ),
        "mean_time_to_recover_minutes": mean_time_between(
            [run.recovery_s / 60.0 for run in runs], [run.unexpected for run in runs]
        ),
        "checkpoints": summarise([run.checkpoints for run in runs]),
        "cost_usd": summarise(bills.cost_usd),
        "energy_mwh": summarise(bills.energy_mwh),
        "carbon_tonnes": summarise(bills.carbon_tonnes),
        "final_loss_nats_per_token": loss.final(),
    }


def _date_after(scenario: Scenario, days: float) -> str:
    return (scenario.training.start + timedelta(days=days)).isoformat(timespec="minutes")


def _mfu_while_training(scenario: Scenario, steps: Sequence[StepTime], ensemble: Ensemble) -> list[float]:
    """MFU of undisturbed steps in each replication, over all phases by their GPU time."""
    plan, runs = ensemble.plan, ensemble.replications
    if plan.resizes:
        # How long it has which size depends on the run.
        shares = [run.full_size.by_state_s["productive"] / run.full_size.total_s for run in runs]
        whole = [_mfu_over_wall_time(scenario, run) for run in runs]
        return [mfu / share if share else 0.0 for mfu, share in zip(whole, shares, strict=True)]
    times_s = [
        phase.steps * phase.step_time_s * (phase.nodes or plan.job_nodes) / plan.job_nodes for phase in plan.phases
    ]
    predicted = sum(step.mfu * time_s for step, time_s in zip(steps, times_s, strict=True)) / sum(times_s)
    return [predicted / run.step_time_factor for run in runs]


def _mfu_over_wall_time(scenario: Scenario, run: Replication) -> float:
    """Model FLOPs of the tokens that count, over what the GPUs could have done while they were the job's."""
    flops, left = 0.0, run.tokens
    for phase in scenario.training.phases:
        tokens = min(left, phase.tokens)
        flops += tokens * model_flops_per_token(scenario.model, phase.sequence_length, "full")
        left -= tokens
    peak_flop_s = peak_of(scenario.cluster.node.accelerator, scenario.training.precision)
    return flops / (run.full_size.total_s * scenario.training.gpus * peak_flop_s)


def run_sections(scenario: Scenario, ensemble: Ensemble) -> dict[str, Any]:
    """Time by state, part and cause, interruptions by category and the windows."""
    runs = ensemble.replications
    return {
        "hours_by_state": {
            state: summarise([run.wall.by_state_s[state] / _HOUR_S for run in runs]) for state in STATES
        },
        "restart_parts_hours": _named_hours([run.wall.parts_by_state_s.get("restart", {}) for run in runs]),
        "hours_lost_by_cause": _named_hours([run.wall.lost_by_cause_s for run in runs]),
        "badput_fraction": {
            label: summarise([run.wall.by_state_s[state] / run.wall_s for run in runs])
            for state, label in BADPUT.items()
        },
        "interruptions_by_category": _categories(ensemble),
        "sizes": _sizes(ensemble),
        "windows": _windows(scenario, ensemble),
    }


def _named_hours(tables: Sequence[Mapping[str, float]]) -> dict[str, Stat]:
    names = list(dict.fromkeys(name for table in tables for name in table))
    hours = {name: summarise([table.get(name, 0.0) / _HOUR_S for table in tables]) for name in names}
    return dict(sorted(hours.items(), key=lambda item: -item[1]["mean"]))


def _time_by_size_s(ensemble: Ensemble) -> dict[int, list[float]]:
    """Wall time of every replication with each number of nodes [s]."""
    runs = ensemble.replications
    numbers = dict.fromkeys(nodes for run in runs for nodes in run.time_by_size_s)
    return {nodes: [run.time_by_size_s.get(nodes, 0.0) for run in runs] for nodes in numbers}


def _sizes(ensemble: Ensemble) -> list[dict[str, Any]]:
    """How long the job has which number of GPUs, in the order in which it first has them."""
    rows = []
    for nodes, spent_s in _time_by_size_s(ensemble).items():
        gpus = nodes * ensemble.plan.gpus_per_node
        rows.append(
            {
                "gpus": gpus,
                "wall_days": summarise([time_s / _DAY_S for time_s in spent_s]),
                "gpu_hours": summarise([time_s / _HOUR_S * gpus for time_s in spent_s]),
            }
        )
    return rows


def _categories(ensemble: Ensemble) -> list[dict[str, Any]]:
    runs, plan = ensemble.replications, ensemble.plan
    wall_s = float(np.mean([run.wall_s for run in runs]))
    times_s = {nodes: float(np.mean(spent_s)) for nodes, spent_s in _time_by_size_s(ensemble).items()}
    rows: list[dict[str, Any]] = [
        {
            "category": c.name,
            "component": c.component,
            "effect": c.effect,
            "count": summarise([run.interruptions[c.name] for run in runs]),
            "expected": sum(c.rate_on_s(nodes) * time_s for nodes, time_s in times_s.items())
            + _recorded(plan, code, wall_s),
        }
        for code, c in enumerate(plan.categories)
        if c.stops_job
    ]
    rows += [
        {
            "category": name,
            "component": "planned",
            "effect": "planned",
            "count": summarise([run.interruptions[name] for run in runs]),
            "expected": expected,
        }
        for name, expected in plan.expected_stops(wall_s).items()
    ]
    rows += [
        {
            "category": other.name,
            "component": "other jobs",
            "effect": "preempted",
            "count": summarise([run.interruptions[other.name] for run in runs]),
            "expected": other.expected(plan.spares.total, wall_s),
        }
        for other in plan.preemptions
    ]
    return rows


def _recorded(plan: RunPlan, category: int, until_s: float) -> int:
    """Recorded incidents of a category by then."""
    return sum(incident.category == category and incident.at_s < until_s for incident in plan.incidents)


def _windows(scenario: Scenario, ensemble: Ensemble) -> list[dict[str, Any]]:
    """The windows that at least two replications last beyond."""
    sections = []
    for index, window in enumerate(scenario.windows):
        seen = ensemble.windows(index)
        if not seen:
            continue
        gpu_seconds = float(np.mean([metrics.node_s for metrics in seen])) * ensemble.plan.gpus_per_node
        sections.append(
            {
                "name": window.name,
                "start_days": window.start / _DAY_S,
                "length_days": window.length / _DAY_S,
                "covered_replications": len(seen),
                "unexpected_interruptions": summarise([metrics.unexpected for metrics in seen]),
                "planned_interruptions": summarise([metrics.planned for metrics in seen]),
                "effective_training_time_fraction": summarise([metrics.effective_training_time for metrics in seen]),
                "by_category": [
                    {
                        "category": c.name,
                        "count": summarise([metrics.by_category[c.name] for metrics in seen]),
                        "published": _published(scenario, c.name, gpu_seconds),
                    }
                    for c in ensemble.plan.categories
                    if c.stops_job
                ],
            }
        )
    return sections


def unreached_windows(scenario: Scenario, ensemble: Ensemble) -> list[str]:
    """What to say of windows that lie beyond the end of the run."""
    return [
        f"window '{window.name}' is not reported: fewer than two of {len(ensemble.replications)} runs outlast it"
        for index, window in enumerate(scenario.windows)
        if not ensemble.windows(index)
    ]


def _published(scenario: Scenario, name: str, gpu_seconds: float) -> int | None:
    """The published count of a category, where the window is as long and large as the one it was counted in."""
    category = scenario.failures.categories.get(name)
    if category is None or category.published_count is None or category.rate.unit != "gpu":
        return None
    expected = category.rate.per_second * gpu_seconds * scenario.failures.rate_multiplier
    return category.published_count if abs(expected - category.published_count) < 0.02 * expected else None


def uncertainty_share(ensemble: Ensemble) -> dict[str, float]:
    """Shares of the variance of the logarithm of the wall time, by what is not known.

    First the step-time error: how much a quadratic in its logarithm explains. Then, of what that leaves, how much the
    failure rates explain, less the share that noise alone would seem to explain. Chance is the rest.
    """
    runs = ensemble.replications
    wall = np.log([run.wall_s for run in runs])
    step = np.log([run.step_time_factor for run in runs])
    rates = np.array([run.failure_rate_factor for run in runs])
    if wall.std() < _NO_SPREAD:
        return {"step_time": 0.0, "failure_rates": 0.0, "chance": 1.0}
    residual = wall - wall.mean()
    if step.std() > 0.0 and len(runs) > _QUADRATIC:
        residual = wall - np.polyval(np.polyfit(step, wall, 2), step)
    left = min(float(residual.var() / wall.var()), 1.0)
    explained = 0.0
    if residual.std() > 0.0 and rates.std() > 0.0:
        explained = max(0.0, float(np.corrcoef(residual, rates)[0, 1] ** 2) - 1.0 / (len(runs) - 1))
    return {"step_time": 1.0 - left, "failure_rates": left * explained, "chance": left * (1.0 - explained)}


def timeline(ensemble: Ensemble, records: Records) -> dict[str, Any]:
    """Hours by state on each day of the median run, and its history."""
    hours = time_by_day_and_state_s(records) / _HOUR_S
    return {
        "replication": ensemble.median_replication().number,
        "states": list(STATES),
        "bins": [{"day": day, "hours": dict(zip(STATES, row, strict=True))} for day, row in enumerate(hours.tolist())],
        "history": history(records),
    }


def progress_fan(ensemble: Ensemble) -> dict[str, list[float]]:
    """Tokens that count by each moment, over the replications."""
    runs = ensemble.replications
    last_s = max(run.wall_s for run in runs)
    times_s = np.linspace(0.0, last_s, PROGRESS_POINTS)
    tokens = [np.interp(times_s, np.linspace(0.0, run.wall_s, PROGRESS_POINTS), run.progress_tokens) for run in runs]
    low, mid, high = np.quantile(np.array(tokens), (0.1, 0.5, 0.9), axis=0).tolist()
    return {"days": (times_s / _DAY_S).tolist(), "tokens_p10": low, "tokens_p50": mid, "tokens_p90": high}
