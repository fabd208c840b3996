"""Readings that need the whole forecast: the loss, the claims and the bridge of GPU-hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustersim._numerals import short
from clustersim.bill import Key, LossOutlook, PhaseWork, PlanFacts, audit, gpu_hours_bridge, key_of
from clustersim.learning import (
    LossLaw,
    counted_parameters,
    extrapolations,
    final_loss,
    loss_law,
    untrained_interval,
)
from clustersim.learning.corpus import worth_to_law
from clustersim.learning.loss.comparison import Candidate, Comparison, compare
from clustersim.learning.loss.course import LearningRates, course, settled_from_tokens
from clustersim.learning.loss.effective import EffectiveTokens
from clustersim.learning.loss.log_outlook import OwnLog, own_log_outlook
from clustersim.learning.loss.log_table import table_of
from clustersim.learning.loss.outlook import loss_section
from clustersim.learning.loss.planned import planned_rates
from clustersim.learning.loss.transient import transient_of
from clustersim.learning.loss.worth import tokens_for_fall
from clustersim.scenario import Scenario
from clustersim.scenario.schema.learning import LossLog, Rival
from clustersim.step.step_time import StepTime
from clustersim.study.ensemble import Ensemble
from clustersim.study.learned_claims import learned_forecasts
from clustersim.study.money import Bills
from clustersim.study.statistics import Stat, mean_time_between, summarise
from clustersim.study.step_summary import time_by_state_means_s
from clustersim.study.trained import trained_after
from clustersim.workload.layout import micro_batches
from clustersim.workload.parameters import count_parameters

_HOUR_S = 3600.0

MOST_TOKENS = 1e18
"""Beyond any text there is: what a fall that is out of reach is priced at."""

Floats = NDArray[np.float64]
Interval = tuple[float, float, float]
"""The 5 %, 50 % and 95 % quantiles."""


@dataclass(frozen=True)
class LossReading:
    """The loss law read for one model and its tokens."""

    law: LossLaw
    parameters: float
    tokens: float
    vocabulary: int
    rates: LearningRates
    effective: EffectiveTokens | None = None
    """What the tokens are worth to the law; each a fresh one when None."""

    def final(self) -> Stat | None:
        """Held-out loss at the end of the run under its learning rates [nats/token].

        None if it ends before the law speaks.
        """
        if self.tokens < self.law.min_tokens:
            return None
        return summarise(self._draws(self.tokens))

    def at(self, tokens: float) -> Interval:
        """5 %, 50 % and 95 % quantiles of the held-out loss after some tokens of the run [nats/token]."""
        return _interval(self._draws(tokens).tolist())

    def _draws(self, tokens: float) -> Floats:
        return course(self.law, self.parameters, self.rates, [tokens], self.vocabulary, effective=self.effective)[:, 0]

    def median(self, tokens: float) -> float:
        """Median final loss of a run over so many fresh tokens [nats/token]."""
        return float(np.median(final_loss(self.law, self.parameters, tokens)))

    def price_of_a_tenth(self, tokens: float, usd_per_token: float) -> Interval:
        """Price of the tokens after which a run that has had so many is a tenth of a nat lower [USD]."""
        more = np.minimum(tokens_for_fall(self.law, self.parameters, tokens, 0.1, self.effective), MOST_TOKENS)
        return _interval((usd_per_token * more).tolist())

    def section(self, tokens_per_s: float, usd_per_s: float) -> dict[str, Any]:
        """What the summary says of the loss, at this pace and cost of the run."""
        section = loss_section(
            self.law,
            self.parameters,
            self.rates,
            self.vocabulary,
            tokens_per_s=tokens_per_s,
            usd_per_s=usd_per_s,
            effective=self.effective,
        )
        return section | {"tokens": self.tokens, "final_loss": self.final()}

    def own_log(self, log: LossLog) -> OwnLog:
        """The rest of the run, forecast from its own log so far."""
        table, end = table_of(log, self.rates), float(self.rates.tokens[-1])
        found = own_log_outlook(
            self.law,
            self.parameters,
            self.rates,
            self.vocabulary,
            table,
            own_corpus=log.own_corpus,
            effective=self.effective,
        )
        if self.tokens < end and found["curve"]:
            # What stops the run, a deadline, is no part of the plan's learning rates.
            found["caveats"].append(
                f"The run stops after {short(self.tokens)} tokens; what is forecast from its log is the whole plan."
            )
        return found

    def against(self, name: str, rivals: Sequence[Rival]) -> list[Comparison]:
        """Compare the model of the plan, called ``name``, with other models on the same data."""
        this = Candidate(name, self.parameters, self.tokens, self.law.mixture, self.effective)
        return [compare(self.law, this, self._candidate(rival)) for rival in rivals]

    def _candidate(self, rival: Rival) -> Candidate:
        model = rival.model
        parameters = float(counted_parameters(model, self.law.parameter_count))
        return Candidate(
            rival.title, parameters, rival.tokens or self.tokens, model.mixture is not None, self.effective
        )

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
            covered_from_tokens=max(self.law.min_tokens, settled_from_tokens(self.rates, transient_of(self.law.name))),
            untrained=untrained_interval(self.vocabulary),
            at=self.at,
            early=self.at,
        )


def learning_outlook(scenario: Scenario) -> LossReading:
    """Read the scenario's loss law for its model and tokens.

    Parameters are counted as the law counts them, those of a mixture of experts as far as a token meets them.
    """
    model = scenario.model
    law = loss_law(scenario.learning.law, mixture=model.mixture is not None)
    tokens = scenario.training.tokens
    parameters = float(counted_parameters(model, law.parameter_count))
    return LossReading(
        law,
        parameters,
        tokens,
        model.vocabulary,
        planned_rates(scenario.training, parameters),
        worth_to_law(scenario.corpus, tokens, law.name),
    )


def audited_claims(
    scenario: Scenario,
    steps: Sequence[StepTime],
    ensemble: Ensemble,
    bills: Bills,
    loss: LossReading,
    learning: Mapping[str, Any],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Hold the scenario's claims against the forecast, and bridge compute to the GPU-hours on the bill.

    ``learning`` is the summary's section on what the run learns.
    """
    usd_per_token = float(np.median(bills.cost_usd)) / loss.tokens
    learned, remarks = learned_forecasts(
        scenario.claims,
        trained_after(scenario),
        learning["optimizer"],
        lambda tokens: loss.price_of_a_tenth(tokens, usd_per_token),
        usd_per_token * MOST_TOKENS,
    )
    results = audit(
        scenario.claims,
        _known(scenario, steps, ensemble, bills) | learned,
        _facts(scenario, ensemble),
        loss.outlook(ensemble.plan.phases[0].tokens_per_step),
        remarks,
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
        tokens=training.tokens,
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
