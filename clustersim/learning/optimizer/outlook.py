"""The optimizer's section of a report: schedule, batch, clipping, spikes, divergence, and other settings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypedDict

from clustersim._numerals import short, times
from clustersim.learning.optimizer.clipping import clip_rate, gradient_norms, warmup_clip_rate
from clustersim.learning.optimizer.critical_batch import (
    DEEPSEEK_FLOPS,
    FITTED_TOKENS,
    P5_SCORE,
    Stretch,
    batch_overhead,
    critical_batch,
    deepseek_batch,
    noise_scale,
    ramp_saving,
    tokens_over_least,
)
from clustersim.learning.optimizer.divergence import Start, bearable_learning_rate, step_law_learning_rate
from clustersim.learning.optimizer.loop import LoopPhase, loop_counts
from clustersim.learning.optimizer.rewinds import rewind_cost
from clustersim.learning.optimizer.spikes import chance_of_none, count_interval, spike_rate
from clustersim.learning.optimizer.what_if import PlanCost, Variant, WhatIfRow, attempt_s, what_if_rows
from clustersim.learning.quantiles import Quantiles
from clustersim.run.plan import PhasePlan, RunPlan
from clustersim.scenario.schema.recipe import Recipe

USUAL_CLIP = 1.0
"""Norm to which most published runs clip (GPT-3 2020, PaLM 2022, DeepSeek-V3 2024)."""
OTHER_RECIPES = ("modern", "classic", "fragile")

_BATCH_ROWS = 4
"""Points within a phase at which the batch is held against the critical one."""


@dataclass(frozen=True)
class OptimizerPlan:
    """What is known of the optimizer of a plan.

    Parameters
    ----------
    run : RunPlan
        The compiled run.
    parameters : float
        Parameters that a token meets.
    loop : sequence of LoopPhase
        How often the loop runs, in each phase.
    recipe : Recipe, optional
        How stable the training is; ``modern`` is read as a reference where the scenario says nothing.
    warmup_steps : float
        Steps of warm-up.
    peak_learning_rate : float, optional
        Peak learning rate; that of published runs of this compute when None.
    clip : float
        Norm to which gradients are clipped.
    usd_per_day : float
        Cost of a day of the job [USD].
    schedule : mapping, optional
        Summary of the learning-rate schedule, handed through.
    loss_changes : mapping of str to float
        Loss at the end over that of the plan [nats/token]: of the variants that are always there (``no warm-up``,
        ``twice the peak learning rate``) by their names, and of other schedules by theirs.
    """

    run: RunPlan
    parameters: float
    loop: Sequence[LoopPhase]
    recipe: Recipe | None
    warmup_steps: float
    peak_learning_rate: float | None = None
    clip: float = USUAL_CLIP
    usd_per_day: float = 0.0
    schedule: Mapping[str, Any] | None = None
    loss_changes: Mapping[str, float] | None = None

    @property
    def tokens(self) -> float:
        """Tokens of the run."""
        return sum(phase.tokens for phase in self.run.phases)

    @property
    def read_recipe(self) -> Recipe:
        """The recipe that is read: the scenario's, or the modern one."""
        return self.recipe or Recipe.model_validate(OTHER_RECIPES[0])

    @property
    def start(self) -> Start:
        """How it begins."""
        return Start(self.warmup_steps, self.peak_learning_rate, 6.0 * self.parameters * self.tokens)


class BatchRow(TypedDict):
    """The batch at one point of the run, against the critical one [tokens]."""

    phase: str
    tokens: float
    batch: float
    critical: Quantiles
    tokens_over_least: float


def optimizer_outlook(plan: OptimizerPlan, simulated_s: Mapping[str, Sequence[float]] | None = None) -> dict[str, Any]:
    """Read the optimizer's loop of a plan.

    Parameters
    ----------
    plan : OptimizerPlan
        What is known of it.
    simulated_s : mapping, optional
        Time lost to loss spikes in each replication, of variants that were simulated; see :func:`what_if_rows`.

    Returns
    -------
    dict
        ``schedule``, ``loop``, ``batch``, ``clipping``, ``spikes``, ``divergence``, ``what_if``, ``caveats`` and
        ``sources``; plain values, intervals as 5 %, 50 % and 95 % quantiles.
    """
    rows = variant_rows(plan, simulated_s)
    return {
        "schedule": None if plan.schedule is None else dict(plan.schedule),
        "loop": loop_counts(plan.loop),
        "batch": batch_section(plan.run.phases),
        "clipping": _clipping(plan.clip),
        "spikes": _spikes(plan),
        "divergence": _divergence(plan, rows[0]),
        "what_if": rows,
        "caveats": _caveats(plan),
        "sources": _SOURCES,
    }


def batch_section(phases: Sequence[PhasePlan]) -> dict[str, Any]:
    """Hold the batch against the critical one along the run."""
    stretches = [Stretch(phase.tokens, phase.tokens_per_step) for phase in phases]
    rows: list[BatchRow] = []
    trained = 0.0
    for phase in phases:
        for part in range(1, _BATCH_ROWS + 1):
            tokens = trained + phase.tokens * part / _BATCH_ROWS
            rows.append(
                {
                    "phase": phase.name,
                    "tokens": tokens,
                    "batch": phase.tokens_per_step,
                    "critical": _with_error(partial(critical_batch, tokens)),
                    "tokens_over_least": tokens_over_least(phase.tokens_per_step, noise_scale(tokens)),
                }
            )
        trained += phase.tokens
    largest = max(stretches, key=lambda stretch: stretch.batch_tokens)
    return {
        "rows": rows,
        "overhead_fraction": _with_error(lambda score: batch_overhead(stretches, -score)),
        "ramp_saves_tokens": _with_error(lambda score: ramp_saving(stretches, -score)),
        "largest_batch": largest.batch_tokens,
    }


def _with_error(read: Callable[[float], float]) -> Quantiles:
    """Quantiles of what grows with the standard normal score that it is read at."""
    return {"p5": float(read(P5_SCORE)), "p50": float(read(0.0)), "p95": float(read(-P5_SCORE))}


def _clipping(threshold: float) -> dict[str, Any]:
    norms = gradient_norms()
    return {
        "threshold": threshold,
        "usual_norm": norms.usual,
        "warmup_fraction": warmup_clip_rate(norms, threshold),
        "fraction": clip_rate(norms, threshold),
        "seen_in": norms.run,
    }


def _spikes(plan: OptimizerPlan) -> dict[str, Any]:
    rate, cost = spike_rate(plan.read_recipe), rewind_cost(plan.run, plan.read_recipe)
    p5, p50, p95 = count_interval(rate, plan.tokens)
    return {
        "recipe": plan.read_recipe.catalogue_entry,
        "in_the_run": plan.recipe is not None,
        "rewinds_mean": rate.expected(plan.tokens),
        "rewinds": {"p5": p5, "p50": p50, "p95": p95},
        "chance_of_none": chance_of_none(rate, plan.tokens),
        "hours_each": cost.lost_s / 3600.0,
        "hours_each_by": {
            "detection": cost.detection_s / 3600.0,
            "restart": cost.restart_s / 3600.0,
            "rewind": cost.rewind_s / 3600.0,
            "checkpoint": cost.checkpoint_s / 3600.0,
        },
        "skipped_tokens_each": cost.skipped_tokens,
    }


def _divergence(plan: OptimizerPlan, base: WhatIfRow) -> dict[str, Any]:
    start = plan.start
    return {
        "chance": base["divergence"],
        "given_up": base["given_up"],
        "warmup_steps": start.warmup_steps,
        "peak_learning_rate": plan.peak_learning_rate,
        "bearable_learning_rate": bearable_learning_rate(start.flops),
        "step_law_learning_rate": step_law_learning_rate(plan.parameters, plan.tokens),
        "learning_rate_ratio": start.rate_ratio,
    }


def variant_rows(plan: OptimizerPlan, simulated_s: Mapping[str, Sequence[float]] | None = None) -> list[WhatIfRow]:
    """Set the plan beside one without warm-up, with twice the peak learning rate, other recipes and other schedules."""
    base, start = plan.read_recipe, plan.start
    changes = dict(plan.loss_changes or {})
    rate = start.rate_ratio * bearable_learning_rate(start.flops)
    starts = {
        "as planned": start,
        "no warm-up": Start(0.0, rate, start.flops),
        "twice the peak learning rate": Start(start.warmup_steps, 2.0 * rate, start.flops),
    }
    variants = [Variant(name, base, each, changes.pop(name, 0.0)) for name, each in starts.items()]
    recipes = ((name, Recipe.model_validate(name)) for name in OTHER_RECIPES if name != base.catalogue_entry)
    variants += [Variant(f"recipe {name}", recipe, start) for name, recipe in recipes]
    variants += [Variant(name, base, start, nats) for name, nats in changes.items()]
    cost = PlanCost(plan.tokens, attempt_s(plan.run.phases), rewind_cost(plan.run, base), plan.usd_per_day)
    return what_if_rows(variants, cost, simulated_s)


def _caveats(plan: OptimizerPlan) -> list[str]:
    tokens, flops = plan.tokens, plan.start.flops
    return [
        "Rewinds: gamma-Poisson rates of ten published runs in three recipes, by the token. Runs of one recipe are"
        " little alike: the interval is wide, and held nine of the ten when each was left out, but not PaLM's twenty."
        " Who publishes a run has mostly seen it end well.",
        "Spikes come by the second at the plan's pace, evenly over its tokens: published ones come early (OPT), late"
        " (GLM-130B) or irregularly (PaLM).",
        "Divergence at the start is a stated prior: no public log of a large run without a warm-up was found, and the"
        " effect of the learning rate on the odds is assumed. What a run loses by it is not in the simulated wall"
        " time.",
        "A warm-up that is too long costs loss only in short runs, below some 6e18 FLOP (Porian et al. 2024).",
        f"The clip rate is that of a small model, {gradient_norms().run}; at another usual norm the same clip does"
        " more or less (BLOOM 176B: 0.13 to 0.25 before clipping).",
        f"The critical batch was measured in runs of up to {short(FITTED_TOKENS[1])} tokens{_longer(tokens)}. Its error"
        " is assumed.",
        f"DeepSeek's batch law would say {short(deepseek_batch(flops))} tokens at {flops:.2g} FLOP; it was fitted up to"
        f" {DEEPSEEK_FLOPS[1]:.2g} FLOP{' and is not to be trusted there' if flops > DEEPSEEK_FLOPS[1] else ''}.",
    ]


def _longer(tokens: float) -> str:
    """How much longer the run is than those measured."""
    return f"; this one has {times(tokens / FITTED_TOKENS[1])} as many" if tokens > FITTED_TOKENS[1] else ""


_SOURCES = [
    "loss spikes, divergences: validation/published/loss_spikes.csv and divergences.csv, each row with its source",
    "critical batch: Zhang et al. 2024 (arXiv 2410.21676); McCandlish et al. 2018 (arXiv 1812.06162)",
    "learning rates: DeepSeek LLM 2024 (arXiv 2401.02954); Step Law 2025 (arXiv 2503.04715)",
    "warm-up: Porian et al. 2024 (arXiv 2406.19146); Wortsman et al. 2023 (arXiv 2309.14322); BigScience and OPT logs",
    "gradient norms: llm.c GPT-2 124M (github KellerJordan/modded-nanogpt, 2024); BLOOM 176B (bigscience, 2022)",
]
