"""Whole runs: what was published of them against the forecast of their scenario."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from clustersim.bill.audit import ROUNDING
from clustersim.calibration.cases import Case, Relation
from clustersim.run.compile import compile_plan
from clustersim.run.feasibility import plan_problems
from clustersim.scenario import ScenarioError, load
from clustersim.step.predict import phase_steps
from clustersim.study.executor import Executor
from clustersim.study.forecast import make_forecast
from clustersim.study.scoreboard.published.record import Known, Record

WHOLE_RUNS = "whole runs"
FITTED_RUNS = "whole runs, fitted"

SCENARIOS = ("llama3-405b", "bloom-176b")
"""Scenarios whose claims are what was published of a run that took place, beside those in :data:`FOLDER`; others audit
a plan."""

FOLDER = "published"
"""Folder of scenarios that are there for their claims alone."""

SEED = 0


def published_scenarios(scenarios: Path) -> Iterator[Path]:
    """Scenarios of published runs in a folder of scenarios: the known ones, there or not, and all in :data:`FOLDER`."""
    yield from (scenarios / f"{name}.yaml" for name in SCENARIOS)
    yield from sorted((scenarios / FOLDER).glob("*.yaml"))


def run_name(path: Path) -> str:
    """What a run is called: its scenario by its place among the others."""
    return f"{FOLDER}/{path.stem}" if path.parent.name == FOLDER else path.stem


def scenario_cases(
    path: Path, executor: Executor, settings: Sequence[str] = (), record: Record | None = None
) -> Iterator[Case]:
    """Claims of a scenario, each against the forecast's 90 % interval.

    Parameters
    ----------
    path : Path
        The scenario.
    executor : Executor
        Where its replications run.
    settings : sequence of str
        Settings that override the scenario's, as ``PATH=VALUE``.
    record : Record, optional
        What is known of the claims: those that were fitted stand in a group of their own, and misses are explained.

    Yields
    ------
    Case
        One for each number that a claim names; a claim of a range is two bounds. The median has to keep a bound, as in
        the audit of the report; of a number with a band it may keep the band instead.

    Raises
    ------
    ScenarioError
        If the scenario cannot be simulated.
    KeyboardInterrupt
        If the simulation was interrupted, even where some replications were done.
    """
    loaded = load(path, settings)
    wrong = plan_problems(loaded.scenario)
    if wrong:
        raise ScenarioError([loaded.problem(at, message) for at, message in wrong])
    steps = phase_steps(loaded.scenario)
    plan = compile_plan(loaded.scenario, steps)
    forecast = make_forecast(loaded, steps, plan, SEED, executor)
    if forecast.ensemble.interrupted:
        raise KeyboardInterrupt
    run = run_name(path)
    for claim in forecast.summary["claims"]:
        for case in claim_cases(f"{WHOLE_RUNS}: {run}", claim):
            yield _with_what_is_known(case, run, (record or {}).get((run, case.name)))


def _with_what_is_known(case: Case, run: str, known: Known | None) -> Case:
    if known is None:
        return case
    group = f"{FITTED_RUNS}: {run}" if known.fitted else case.group
    return replace(case, group=group, note=" ".join(filter(None, (case.note, known.explanation))))


def claim_cases(group: str, claim: Mapping[str, Any]) -> Iterator[Case]:
    """Cases of one audited claim; none of a contradiction between claims, which no forecast decides."""
    if claim["verdict"] == "inconsistent":
        return
    low, high = claim["claimed_low"], claim["claimed_high"]
    if claim["claimed"] is not None:
        yield _case(group, claim, claim["claimed"], "equal")
        return
    if low is not None:
        yield _case(group, claim, low, "at least")
    if high is not None:
        yield _case(group, claim, high, "at most")


def _case(group: str, claim: Mapping[str, Any], claimed: float, relation: Relation) -> Case:
    quantity = claim["quantity"].replace("_", " ").replace("gpu", "GPU").replace("flops", "FLOP/s")
    bound = "" if relation == "equal" else f", {relation}"
    p5, p50, p95 = (claim[f"forecast_{name}"] for name in ("p5", "p50", "p95"))
    # What the plan fixes has no interval; claims are rounded.
    fixed = p50 is not None and p5 == p95
    places = (quantity, claim["window"], claim["phase"], *claim["of"])
    return Case(
        group=group,
        name=", ".join(filter(None, places)) + bound,
        expected=claimed,
        found=p50,
        unit=claim["unit"],
        source=claim["source"],
        relation=relation,
        tolerance=ROUNDING * abs(p50) if fixed else _kept_band(claim, claimed) if relation == "equal" else None,
        low=None if fixed else p5,
        high=None if fixed else p95,
        note=claim["sentence"],
    )


def _kept_band(claim: Mapping[str, Any], claimed: float) -> float | None:
    """Reach of the band to the side of the median, where the median keeps it; else None: the interval decides."""
    low, high, p50 = claim["claimed_low"], claim["claimed_high"], claim["forecast_p50"]
    if p50 is None or low == high or not low <= p50 <= high:
        return None
    return float(claimed - low if p50 < claimed else high - claimed)
