"""Whole runs: what was published of them against the forecast of their scenario."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clustersim.bill.audit import ROUNDING
from clustersim.calibration.cases import Case, Relation
from clustersim.run.compile import compile_plan
from clustersim.run.feasibility import run_problems
from clustersim.scenario import ScenarioError, load
from clustersim.step.feasibility import feasibility_problems
from clustersim.step.predict import phase_steps
from clustersim.study.executor import Executor
from clustersim.study.forecast import make_forecast

WHOLE_RUNS = "whole runs"

SCENARIOS = ("llama3-405b", "bloom-176b")
"""Scenarios whose claims are what was published of a run that took place. Others audit a plan."""

SEED = 0


def scenario_cases(path: Path, executor: Executor, settings: Sequence[str] = ()) -> Iterator[Case]:
    """Claims of a scenario, each against the forecast's 90 % interval.

    Parameters
    ----------
    path : Path
        The scenario.
    executor : Executor
        Where its replications run.
    settings : sequence of str
        Settings that override the scenario's, as ``PATH=VALUE``.

    Yields
    ------
    Case
        One for each number that a claim names; a claim of a range is two bounds. The median has to keep a bound, as in
        the audit of the report.

    Raises
    ------
    ScenarioError
        If the scenario cannot be simulated.
    KeyboardInterrupt
        If the simulation was interrupted, even where some replications were done.
    """
    loaded = load(path, settings)
    wrong = [*feasibility_problems(loaded.scenario), *run_problems(loaded.scenario)]
    if wrong:
        raise ScenarioError([loaded.problem(at, message) for at, message in wrong])
    steps = phase_steps(loaded.scenario)
    plan = compile_plan(loaded.scenario, steps)
    forecast = make_forecast(loaded, steps, plan, SEED, executor)
    if forecast.ensemble.interrupted:
        raise KeyboardInterrupt
    for claim in forecast.summary["claims"]:
        yield from claim_cases(f"{WHOLE_RUNS}: {path.stem}", claim)


def claim_cases(group: str, claim: Mapping[str, Any]) -> Iterator[Case]:
    """Cases of one audited claim; none of a contradiction between claims, which no forecast decides."""
    if claim["verdict"] == "inconsistent":
        return
    low, high = claim["claimed_low"], claim["claimed_high"]
    if low is not None and low == high:
        yield _case(group, claim, low, "equal")
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
    return Case(
        group=group,
        name=", ".join(filter(None, (quantity, claim["window"], claim["phase"]))) + bound,
        expected=claimed,
        found=p50,
        unit=claim["unit"],
        source=claim["source"],
        relation=relation,
        tolerance=ROUNDING * abs(p50) if fixed else None,
        low=None if fixed else p5,
        high=None if fixed else p95,
        note=claim["sentence"],
    )
