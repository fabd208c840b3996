"""Readings that need the whole forecast: the loss, the claims and the bridge of GPU-hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clustersim.bill import Key, LossOutlook, PhaseWork, PlanFacts, audit, gpu_hours_bridge, key_of
from clustersim.learning import (
    LossLaw,
    counted_parameters,
    extrapolations,
    final_loss,
    loss_curve,
    loss_interval,
    loss_law,
    notes,
    token_grid,
    untrained_interval,
)
from clustersim.scenario import Scenario
from clustersim.step.step_time import StepTime
from clustersim.study.ensemble import Ensemble
from clustersim.study.money import Bills
from clustersim.study.statistics import Stat, mean_time_between, summarise
from clustersim.study.step_summary import time_by_state_means_s
from clustersim.workload.layout import micro_batches
from clustersim.workload.parameters import count_parameters

_HOUR_S = 3600.0

Interval = tuple[float, float, float]
"""The 5 %, 50 % and 95 % quantiles."""


@dataclass(frozen=True)
class LossReading:
    """The loss law read for one model and its tokens."""

    law: LossLaw
    parameters: float
    tokens: float
    vocabulary: int

    def final(self) -> Stat | None:
        """Held-out loss at the end of the run [nats/token]; None if it ends before the law speaks."""
        if self.tokens < self.law.min_tokens:
            return None
        return summarise(final_loss(self.law, self.parameters, self.tokens))

    def section(self) -> dict[str, Any]:
        """The summary's section on learning."""
        grid = token_grid(self.law, self.tokens)
        return {
            "law": self.law.name,
            "corpus": self.law.corpus,
            "tokenizer": self.law.tokenizer,
            "final_loss": self.final(),
            "curve": loss_curve(self.law, self.parameters, grid),
            "notes": notes(self.law, self.parameters, self.tokens, self.vocabulary),
        }

    def extrapolations(self) -> list[str]:
        """Where the law is used beyond the runs it was fitted to."""
        return extrapolations(self.law, self.parameters, self.tokens)

    def outlook(self, tokens_per_first_step: float) -> LossOutlook:
        """What the audit asks of the law."""
        return LossOutlook(
            corpus=self.law.corpus,
            tokenizer=self.law.tokenizer,
            tokens_per_first_step=tokens_per_first_step,
            tokens=self.tokens,
            covered_from_tokens=self.law.min_tokens,
            untrained=untrained_interval(self.vocabulary),
            at=lambda tokens: loss_interval(self.law, self.parameters, tokens),
        )


def learning_outlook(scenario: Scenario) -> LossReading:
    """Read the scenario's loss law for its model and tokens.

    Parameters are counted as the law counts them, those of a mixture of experts as far as a token meets them.
    """
    model = scenario.model
    law = loss_law(scenario.learning.law, mixture=model.mixture is not None)
    tokens = sum(phase.tokens for phase in scenario.training.phases)
    return LossReading(law, float(counted_parameters(model, law.parameter_count)), tokens, model.vocabulary)


def audited_claims(
    scenario: Scenario, steps: Sequence[StepTime], ensemble: Ensemble, bills: Bills, loss: LossReading
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Hold the scenario's claims against the forecast, and bridge compute to the GPU-hours on the bill."""
    known = _known(scenario, steps, ensemble, bills)
    results = audit(
        scenario.claims, known, _facts(scenario, ensemble), loss.outlook(ensemble.plan.phases[0].tokens_per_step)
    )
    bridge = gpu_hours_bridge(
        _phase_work(scenario, steps, ensemble), _claimed_throughput(scenario), _claimed_gpu_hours(scenario)
    )
    # A plan that contradicts itself is what its reader must hear first.
    results.sort(key=lambda result: result["verdict"] != "inconsistent")
    return [dict(result) for result in results], [dict(row) for row in bridge]


def _interval(values: Sequence[float]) -> Interval:
    low, mid, high = np.quantile(np.asarray(values, dtype=float), (0.05, 0.5, 0.95)).tolist()
    return low, mid, high


def _known(scenario: Scenario, steps: Sequence[StepTime], ensemble: Ensemble, bills: Bills) -> dict[Key, Interval]:
    """The forecast in SI units, by quantity, window and phase."""
    runs, gpus = ensemble.replications, scenario.training.gpus
    main = [phase.main for phase in scenario.training.phases]
    known: dict[Key, Interval] = {
        ("wall_time", None, None): _interval([run.wall_s for run in runs]),
        ("gpu_time", None, None): _interval([run.full_size.total_s * gpus for run in runs]),
        ("main_gpu_time", None, None): _interval([gpus * run.full_size.main_s(main) for run in runs]),
        ("cost", None, None): _interval(bills.cost_usd),
        ("energy", None, None): _interval([mwh * 3.6e9 for mwh in bills.energy_mwh]),
        ("carbon", None, None): _interval([tonnes * 1000.0 for tonnes in bills.carbon_tonnes]),
        ("effective_training_time", None, None): _interval([run.effective_training_time for run in runs]),
        ("unexpected_interruptions", None, None): _interval([run.unexpected for run in runs]),
        ("planned_interruptions", None, None): _interval([run.planned for run in runs]),
        ("manual_interventions", None, None): _interval([run.manual for run in runs]),
    }
    known |= _time_between(
        "mean_time_to_interruption", None, [run.wall_s for run in runs], [r.unexpected for r in runs]
    )
    return (
        known
        | _known_of_windows(scenario, ensemble)
        | _known_of_phases(scenario, steps, ensemble)
        | _known_of_components(scenario, ensemble)
    )


def _known_of_windows(scenario: Scenario, ensemble: Ensemble) -> dict[Key, Interval]:
    known: dict[Key, Interval] = {}
    for number, window in enumerate(scenario.windows):
        seen = ensemble.windows(number)
        if not seen:
            continue
        known |= {
            ("effective_training_time", window.name, None): _interval([w.effective_training_time for w in seen]),
            ("unexpected_interruptions", window.name, None): _interval([w.unexpected for w in seen]),
            ("planned_interruptions", window.name, None): _interval([w.planned for w in seen]),
            ("manual_interventions", window.name, None): _interval([w.manual for w in seen]),
            ("tokens", window.name, None): _interval([w.tokens for w in seen]),
        }
        lengths_s = [window.length] * len(seen)
        known |= _time_between("mean_time_to_interruption", window.name, lengths_s, [w.unexpected for w in seen])
    return known


def _known_of_components(scenario: Scenario, ensemble: Ensemble) -> dict[Key, Interval]:
    """Interruptions by the components that claims speak of."""
    known: dict[Key, Interval] = {}
    windows = [window.name for window in scenario.windows]
    for claim in scenario.claims:
        if not claim.components:
            continue
        names = [name for name, c in scenario.failures.categories.items() if c.component in claim.components]
        if claim.window is None:
            counts = [run.interruptions for run in ensemble.replications]
        else:
            counts = [seen.by_category for seen in ensemble.windows(windows.index(claim.window))]
        if counts:
            known[key_of(claim)] = _interval([sum(count[name] for name in names) for count in counts])
    return known


def _time_between(
    quantity: str, window: str | None, times_s: Sequence[float], counts: Sequence[int]
) -> dict[Key, Interval]:
    stat = mean_time_between(times_s, counts)
    return {} if stat is None else {(quantity, window, None): (stat["p5"], stat["p50"], stat["p95"])}


def _known_of_phases(scenario: Scenario, steps: Sequence[StepTime], ensemble: Ensemble) -> dict[Key, Interval]:
    known: dict[Key, Interval] = {}
    for number, (phase, step) in enumerate(zip(scenario.training.phases, steps, strict=True)):
        spent_s = [run.wall.phase_s(number) for run in ensemble.replications]
        gpu_s = [run.full_size.phase_s(number) * scenario.training.gpus for run in ensemble.replications]
        spread = float(np.exp(1.645 * step.prediction_sigma))
        known |= {
            ("step_time", None, phase.name): (step.mean_s / spread, step.mean_s, step.mean_s * spread),
            ("model_flops_per_gpu", None, phase.name): (
                step.model_flops_per_gpu_s / spread,
                step.model_flops_per_gpu_s,
                step.model_flops_per_gpu_s * spread,
            ),
            ("wall_time", None, phase.name): _interval(spent_s),
            ("gpu_time", None, phase.name): _interval(gpu_s),
        }
    return known


def _facts(scenario: Scenario, ensemble: Ensemble) -> PlanFacts:
    training, price = scenario.training, scenario.bill.gpu_price
    layouts = [phase.layout or training.layout for phase in training.phases]
    steps = [phase.steps for phase in ensemble.plan.phases]
    passes = sum(
        float(count) * micro_batches(layout, phase.global_batch)
        for count, layout, phase in zip(steps, layouts, training.phases, strict=True)
    )
    return PlanFacts(
        gpus=training.gpus,
        least_gpus=training.sizes[-1],
        tokens=sum(phase.tokens for phase in training.phases),
        steps=float(sum(steps)),
        micro_batches=passes,
        replicas=max(layout.data_parallel for layout in layouts),
        price_low_usd_per_gpu_s=price.low,
        price_high_usd_per_gpu_s=price.high,
    )


def _phase_work(scenario: Scenario, steps: Sequence[StepTime], ensemble: Ensemble) -> list[PhaseWork]:
    """Phases for the bridge, whose FLOPs are six per parameter and token as in the published arithmetic.

    Each has the GPUs of its layout, for as long as they take for its GPU time.
    """
    flops_per_token = 6.0 * count_parameters(scenario.model).active
    sizes = [scenario.training.layout_of(phase).gpus for phase in scenario.training.phases]
    return [
        PhaseWork(
            main=phase.main,
            tokens=phase.tokens,
            flops_per_token=flops_per_token,
            step_time_s=step.mean_s,
            tokens_per_step=ensemble.plan.phases[number].tokens_per_step,
            gpus=sizes[number],
            seconds_by_state=time_by_state_means_s(ensemble, number, scenario.training.gpus / sizes[number]),
        )
        for number, (phase, step) in enumerate(zip(scenario.training.phases, steps, strict=True))
    ]


def _claimed_throughput(scenario: Scenario) -> float | None:
    """Claimed throughput of a main phase [FLOP/s per GPU], if there is one."""
    main = {phase.name for phase in scenario.training.phases if phase.main}
    for claim in scenario.claims:
        if claim.quantity == "model_flops_per_gpu" and claim.equals is not None and claim.phase in {None, *main}:
            return claim.value()
    return None


def _claimed_gpu_hours(scenario: Scenario) -> float | None:
    for claim in scenario.claims:
        if claim.quantity == "gpu_time" and claim.equals is not None and claim.phase is None:
            value = claim.value()
            return None if value is None else value / _HOUR_S
    return None
