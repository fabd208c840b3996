"""A forecast: many simulated runs of one plan, and everything read off them."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from clustersim._version import __version__
from clustersim.run.compile import checkpoint_size_bytes
from clustersim.run.engine import simulate
from clustersim.run.metrics import Window
from clustersim.run.plan import RunPlan
from clustersim.run.records import Records
from clustersim.scenario import Loaded
from clustersim.step.step_time import StepTime
from clustersim.study.account import gpu_hours_account
from clustersim.study.ensemble import Ensemble, Progress, run_ensemble
from clustersim.study.executor import Executor
from clustersim.study.learning import learning_section
from clustersim.study.money import run_bills
from clustersim.study.readings import audited_claims, learning_outlook
from clustersim.study.run_summary import (
    headline,
    progress_fan,
    run_sections,
    timeline,
    uncertainty_share,
    unreached_windows,
)
from clustersim.study.step_summary import extrapolations, phase_sections

_PLACE = re.compile(r"^.*/([^/]+:\d+:\d+)$")

SCHEMA = "clustersim.summary/1"


@dataclass(frozen=True)
class Forecast:
    """What is known of a plan after its simulation.

    Attributes
    ----------
    summary : dict
        The results as JSON-ready numbers; every key names its unit.
    ensemble : Ensemble
        Metrics of each replication.
    records : Records
        Records of the replication whose wall time is the median.
    resolved_yaml : str
        The scenario with every default and catalogue value written out.
    """

    summary: dict[str, Any]
    ensemble: Ensemble
    records: Records
    resolved_yaml: str


def make_forecast(
    loaded: Loaded,
    steps: Sequence[StepTime],
    plan: RunPlan,
    seed: int,
    executor: Executor,
    on_progress: Progress | None = None,
) -> Forecast:
    """Simulate a plan and read the forecast off its replications.

    Parameters
    ----------
    loaded : Loaded
        The scenario with the origin of every setting.
    steps : sequence of StepTime
        One for each phase.
    plan : RunPlan
        The compiled scenario.
    seed : int
        Seed of the study.
    executor : Executor
        Where the replications run.
    on_progress : callable, optional
        Called with the replications done and the total.
    """
    scenario = loaded.scenario
    windows = [Window(w.start, w.start + w.length) for w in scenario.windows]
    ensemble = run_ensemble(plan, seed, scenario.study.replications, executor, windows, on_progress)
    records = simulate(plan, seed, ensemble.median_replication().number)
    return Forecast(_summary(loaded, steps, ensemble, records), ensemble, records, loaded.resolved_yaml())


def _without_folder(origin: str) -> str:
    """The place of a setting without the folder of its file, which means nothing on another machine."""
    return _PLACE.sub(r"\1", origin)


def _summary(loaded: Loaded, steps: Sequence[StepTime], ensemble: Ensemble, records: Records) -> dict[str, Any]:
    scenario = loaded.scenario
    bills = run_bills(scenario, ensemble)
    loss = learning_outlook(scenario)
    runs = ensemble.replications
    if not all(run.finished for run in runs):
        loss = replace(loss, tokens=float(median(run.tokens for run in runs)))
    learning = learning_section(scenario, ensemble, records, bills, loss)
    claims, bridge = audited_claims(scenario, steps, ensemble, bills, loss, learning)
    return {
        "schema": SCHEMA,
        "clustersim_version": __version__,
        "seed": ensemble.seed,
        "replications": len(runs),
        "replications_asked_for": scenario.study.replications,
        "finished_replications": sum(run.finished for run in runs),
        "time_limit": "patience" if ensemble.plan.deadline_s is None else "deadline",
        "scenario": {
            "name": scenario.name,
            "description": scenario.description,
            "file": Path(loaded.file).name,
            "sha256": loaded.sha256,
            "start": scenario.training.start.isoformat(),
            "gpus": scenario.training.gpus,
            "accelerator": scenario.cluster.node.accelerator.catalogue_entry,
            "model": scenario.model.catalogue_entry,
        },
        "headline": headline(scenario, steps, ensemble, bills, loss),
        **run_sections(scenario, ensemble),
        "phases": phase_sections(scenario, steps, ensemble),
        "claims": claims,
        "gpu_hours_bridge": bridge,
        "gpu_hours_account": gpu_hours_account(ensemble, scenario.bill, scenario.training.gpus),
        "checkpointing": {
            "size_bytes": checkpoint_size_bytes(scenario),
            "interval_s": ensemble.plan.checkpoint.interval_s,
            "stall_s": ensemble.plan.checkpoint.stall_s,
            "write_s": ensemble.plan.checkpoint.write_s,
            "every": ensemble.plan.checkpoint.every,
            "keep": ensemble.plan.checkpoint.keep,
            "adaptive": ensemble.plan.checkpoint.adaptive is not None,
            "tiers": [asdict(tier) for tier in ensemble.plan.checkpoint.inner],
        },
        "learning": learning,
        "bill": bills.section(),
        "uncertainty_share": uncertainty_share(ensemble),
        "sample_timeline": timeline(ensemble, records),
        "cumulative": progress_fan(ensemble),
        "assumptions": [
            {"path": s.path, "value": s.value_text, "origin": _without_folder(s.origin), "source": s.source}
            for s in loaded.settings()
        ],
        "extrapolations": [
            *extrapolations(scenario, steps),
            *loss.extrapolations(),
            *unreached_windows(scenario, ensemble),
        ],
    }
