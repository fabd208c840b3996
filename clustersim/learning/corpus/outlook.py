"""The section of the report on the corpus: what it takes to make, what is in it, and whether it keeps the GPUs busy."""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from clustersim import catalog
from clustersim.learning.corpus.build import latest_start_s, latest_streaming_start_s
from clustersim.learning.corpus.funnel import HOURS_FACTOR, FunnelWork, StageWork, funnel_cost, funnel_work, untimed
from clustersim.learning.corpus.loader import PhaseLoad, outlasting_stalls_per_day, phase_loads
from clustersim.learning.corpus.mix import SourceUse, mix_effective_tokens, source_uses
from clustersim.learning.corpus.quality import quality_shift
from clustersim.learning.corpus.repetition import R_DATA, R_FACTOR, worth_of_epoch
from clustersim.run.plan import RunPlan
from clustersim.scenario.schema.corpus import Corpus
from clustersim.scenario.schema.scenario import Scenario
from clustersim.workload.corpus import input_amounts

TABLE = "corpora"

LossAt = Callable[[float], float]
"""Tokens in, nats/token out: a loss law for the model of the plan."""

_HOUR_S, _DAY_S = 3600.0, 86400.0
_MANY_EPOCHS = 40.0
"""Epochs beyond which the law of repetition says nothing (Muennighoff et al. 2023, arXiv 2305.16264)."""


def corpus_outlook(
    scenario: Scenario, plan: RunPlan, loss: LossAt | None = None, run_s: float | None = None
) -> dict[str, Any] | None:
    """Everything that the report says of the corpus.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    plan : RunPlan
        The same, compiled.
    loss : callable, optional
        Loss of the plan's model after so many fresh tokens, by any law [nats/token]; without it what repetition costs
        is told in tokens only.
    run_s : float, optional
        How long the run takes [s], e.g. the median of its forecast; its undisturbed length when omitted.

    Returns
    -------
    dict or None
        JSON-ready; None where the scenario has no corpus. Keys name their units. Ranges are ``{p5, p50, p95}``.

        ``funnel`` and ``build`` (None without stages) have a row for each stage and the latest starts; ``mix`` has a
        row for each source, ``loader`` one for each phase; ``caveats`` and ``sources`` are sentences.
    """
    corpus = scenario.corpus
    if corpus is None:
        return None
    tokens = scenario.training.tokens
    wall_s = plan.ideal_s if run_s is None else run_s
    work, uses, loads = funnel_work(corpus), source_uses(corpus, tokens), phase_loads(scenario, plan)
    return {
        "corpus": corpus.catalogue_entry,
        "tokens": tokens,
        "funnel": _funnel(corpus, work, wall_s) if work.stages else None,
        "mix": _mix(corpus, uses, loss),
        "quality": _quality(corpus, scenario.learning.law),
        "build": _build(corpus, work, uses, scenario.training.start, wall_s) if work.stages else None,
        "loader": _loader(plan, loads),
        "caveats": [*_funnel_caveats(corpus, work), *_mix_caveats(uses), *_loader_caveats(loads, plan)],
        "sources": _sources(corpus),
    }


def _range(low: float, mid: float, high: float) -> dict[str, float]:
    return {"p5": low, "p50": mid, "p95": high}


def _either_way(mid: float, factor: float = HOURS_FACTOR) -> dict[str, float]:
    return _range(mid / factor, mid, mid * factor)


# --- the funnel -----------------------------------------------------------------------------------------------------


def _funnel(corpus: Corpus, work: FunnelWork, run_s: float) -> dict[str, Any]:
    begins = input_amounts(corpus)
    cost = funnel_cost(corpus, work, corpus.margin + run_s)
    hours_usd = cost.cores_usd + cost.gpus_usd
    return {
        "input": {} if begins is None else _amounts(begins.bytes, begins.documents, begins.tokens),
        "stages": [_stage(corpus, stage) for stage in work.stages],
        "tokens": work.stages[-1].after.tokens,
        "core_hours": _either_way(work.core_hours),
        "gpu_hours": _either_way(work.gpu_hours),
        "wall_days": _either_way(work.wall_s / _DAY_S),
        "stored_bytes": work.stored_bytes,
        "final_bytes": work.final_bytes,
        "cores": corpus.cores,
        "gpus": corpus.gpus,
        "cost_usd": _range(
            hours_usd / HOURS_FACTOR + cost.storage_usd,
            hours_usd + cost.storage_usd,
            hours_usd * HOURS_FACTOR + cost.storage_usd,
        ),
        "cores_usd": cost.cores_usd,
        "gpus_usd": cost.gpus_usd,
        "storage_usd": cost.storage_usd,
    }


def _amounts(size_bytes: float, documents: float, tokens: float) -> dict[str, float]:
    return {"bytes": size_bytes, "documents": documents, "tokens": tokens}


def _stage(corpus: Corpus, stage: StageWork) -> dict[str, Any]:
    given, after = corpus.stages[stage.name], stage.after
    return {
        "name": stage.name,
        "kind": stage.kind,
        "kept_fraction": given.kept,
        "kept_of": given.of,
        **_amounts(after.bytes, after.documents, after.tokens),
        "core_hours": stage.core_hours,
        "gpu_hours": stage.gpu_hours,
        "wall_hours": stage.wall_s / _HOUR_S,
        "stored_bytes": stage.stored_bytes,
        "timed": stage.timed,
    }


def _funnel_caveats(corpus: Corpus, work: FunnelWork) -> list[str]:
    if not work.stages:
        return []
    units = dict.fromkeys(stage.of for stage in corpus.stages.values() if stage.kept < 1.0)
    found = [
        f"Hours are known within a factor of {HOURS_FACTOR:g} either way: two published runs of one pipeline over one "
        "snapshot of Common Crawl differ by a factor of twelve. Each stage begins when the one before is done."
    ]
    if len(units) > 1:
        found.append(
            f"The published shares are of {_listed(units)}. The share of one unit is taken for the others: what is "
            "dropped is taken to be as long as what stays."
        )
    if unknown := untimed(work.stages):
        found.append(f"No speed is given for {_listed(unknown)}: the hours leave that out.")
    if corpus.input is not None and corpus.input.unit != "tokens":
        found.append(
            f"Tokens follow from {corpus.input.unit} by {corpus.bytes_per_token:g} bytes a token"
            + (f" and {corpus.tokens_per_document:g} tokens a document." if corpus.input.unit == "documents" else ".")
        )
    return found


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


# --- the mix --------------------------------------------------------------------------------------------------------


def _mix(corpus: Corpus, uses: Sequence[SourceUse], loss: LossAt | None) -> dict[str, Any]:
    tokens = math.fsum(use.tokens for use in uses)
    effective = [mix_effective_tokens(uses, r) for r in (R_DATA / R_FACTOR, R_DATA, R_DATA * R_FACTOR)]
    shifts = None if loss is None else [loss(worth) - loss(tokens) for worth in effective]
    unknown = [use.name for use in uses if use.unique is None]
    return {
        "name": None if corpus.mix is None else corpus.mix.catalogue_entry,
        "sources": [
            {
                "name": use.name,
                "share_fraction": use.share,
                "tokens": use.tokens,
                "unique_tokens": use.unique,
                "epochs": use.epochs,
                "effective_tokens": use.effective(),
                "worth_of_next_token_fraction": use.worth_of_next_token,
                "from_funnel": use.name == corpus.feeds or (corpus.mix is None and bool(corpus.stages)),
            }
            for use in uses
        ],
        "unique_tokens": None if unknown else math.fsum(use.unique or 0.0 for use in uses),
        "effective_tokens": _range(effective[0], effective[1], effective[2]),
        "lost_tokens": _range(tokens - effective[2], tokens - effective[1], tokens - effective[0]),
        "loss_shift_nats": None if shifts is None else _range(shifts[2], shifts[1], shifts[0]),
        "worth_of_fourth_epoch_fraction": _range(
            worth_of_epoch(4, R_DATA / R_FACTOR), worth_of_epoch(4), worth_of_epoch(4, R_DATA * R_FACTOR)
        ),
        "unknown": unknown,
    }


def _mix_caveats(uses: Sequence[SourceUse]) -> list[str]:
    found = []
    unknown = [use.name for use in uses if use.unique is None]
    if unknown:
        found.append(
            f"How many unique tokens there are of {_listed(unknown)} is not given: they count as if seen once, the "
            "best case."
        )
    repeated = [use for use in uses if use.epochs is not None and use.epochs > 1.0]
    if repeated:
        found.append(
            "Repeated tokens are worth what Muennighoff et al. (2023) fitted to models of up to 9B parameters on one "
            f"corpus, each source by itself; the constant R* is taken to be known within a factor of {R_FACTOR:g}."
        )
    return found + [
        f"{use.name} is seen {use.epochs:.0f} times, beyond what the law of repetition speaks of: such a source is "
        "learnt by heart, and the loss on other text may rise."
        for use in repeated
        if use.epochs is not None and use.epochs > _MANY_EPOCHS
    ]


def _quality(corpus: Corpus, law: str) -> dict[str, Any]:
    shift = quality_shift(corpus.quality, law)
    return {
        "factor": _range(*shift.factor),
        "applied": _range(*shift.applied),
        "over": corpus.quality.over,
        "measured_by": corpus.quality.measured_by,
        "why": shift.why,
    }


# --- the build ------------------------------------------------------------------------------------------------------


def _build(
    corpus: Corpus, work: FunnelWork, uses: Sequence[SourceUse], start: datetime, run_s: float
) -> dict[str, Any]:
    """Latest starts; the early end of a range is that of a slow build.

    Of a funnel that feeds no source of the mix nobody can say how fast the run uses it up: ``streaming_start_by`` is
    None.
    """
    builds_s = {"p5": work.wall_s * HOURS_FACTOR, "p50": work.wall_s, "p95": work.wall_s / HOURS_FACTOR}
    before = {name: _date(start, latest_start_s(build_s, corpus.margin)) for name, build_s in builds_s.items()}
    streaming = None
    fed = next((use for use in uses if use.name == corpus.feeds or corpus.mix is None), None)
    if fed is not None and fed.unique is not None:
        wanted, first_epoch_s = min(1.0, fed.tokens / fed.unique), run_s * min(1.0, fed.unique / fed.tokens)
        streaming = {
            name: _date(start, latest_streaming_start_s(build_s, corpus.margin, corpus.parts, first_epoch_s, wanted))
            for name, build_s in builds_s.items()
        }
    return {
        "run_start": start.isoformat(timespec="minutes"),
        "margin_days": corpus.margin / _DAY_S,
        "parts": corpus.parts,
        "start_by": before,
        "streaming_start_by": streaming,
    }


def _date(start: datetime, offset_s: float) -> str:
    return (start + timedelta(seconds=offset_s)).isoformat(timespec="minutes")


# --- the loader -----------------------------------------------------------------------------------------------------


def _loader(plan: RunPlan, loads: Sequence[PhaseLoad]) -> dict[str, Any]:
    loading = plan.loading
    return {
        "prefetch_steps": 0 if loading is None else loading.prefetch_steps,
        "phases": [
            {
                "phase": load.phase,
                "demand_bytes_s": _range(*load.demand_bytes_s),
                "read_bytes_s": load.read_bytes_s,
                "reads_per_s": load.reads_per_s,
                "files_per_s": load.files_per_s,
                "supply_bytes_s": load.supply_bytes_s,
                "tightest": load.tightest,
                "headroom": load.supply_bytes_s[load.tightest] / load.demand_bytes_s[1] if load.tightest else None,
                "cached_fraction": load.cached_share,
                "starved_fraction": _range(*load.starved),
                "step_time_factor": _range(*load.slowdown),
                "stalls_that_starve_per_day": (
                    0.0 if loading is None else outlasting_stalls_per_day(loading, timed.step_time_s)
                ),
            }
            for load, timed in zip(loads, plan.phases, strict=True)
        ],
    }


def _loader_caveats(loads: Sequence[PhaseLoad], plan: RunPlan) -> list[str]:
    found = []
    slow = [load for load in loads if load.slowdown[1] > 1.0 + 1e-3]
    for load in slow:
        whole_blocks = load.read_bytes_s > 1.01 * load.demand_bytes_s[1]
        found.append(
            f"Steps of {load.phase} wait for their data and take {load.slowdown[1]:.4g} times as long: they ask for "
            f"{load.demand_bytes_s[1] / 1e9:.3g} GB/s, "
            + (f"for which {load.read_bytes_s / 1e9:.3g} GB/s are read in whole blocks, " if whole_blocks else "")
            + f"and nothing has less to spare than the {load.tightest}."
        )
    if loads and not slow:
        found.append("The GPUs do not wait for data: nothing that feeds them is short.")
    if plan.loading is not None and plan.loading.stalls is None:
        found.append("The store is taken never to stall; give it stalls to see how long the data read ahead last.")
    return found


def _sources(corpus: Corpus) -> list[str]:
    """Where the figures come from that the scenario took from the catalogue, each once."""
    found = [
        "Muennighoff et al. (2023), Scaling Data-Constrained Language Models, arXiv 2305.16264: repeated tokens",
    ]
    for table, name in ((TABLE, corpus.catalogue_entry), ("mixes", corpus.mix.catalogue_entry if corpus.mix else None)):
        if name is not None and name in catalog.names(table):
            found += [value.source for value in catalog.entry(table, name).values.values()]
    return list(dict.fromkeys(found))
