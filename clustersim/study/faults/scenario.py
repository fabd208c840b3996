"""The scenario that says of a simulated job what was done to the real one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clustersim.calibration.measured.base import CPU_NODE
from clustersim.calibration.measured.jobs import layout_of, model_of
from clustersim.run.compile import RESTART_PARTS, compile_plan
from clustersim.run.plan import RunPlan
from clustersim.scenario import ScenarioError, load
from clustersim.step.predict import phase_steps
from clustersim.study.faults.measurement import BrokenRun, Costs, Law, Struck
from clustersim.workload.parameters import count_parameters

_NEVER = "0 per job-hour"

_START = "2026-01-01"
"""Any day does: nothing here goes by the calendar."""

CATEGORIES: Mapping[str, Mapping[str, str]] = {
    "kill": {"component": "software", "effect": "crash"},
    "hang": {"component": "software", "effect": "hang"},
    "straggler": {"component": "host", "effect": "slow"},
    "disk full": {"component": "storage", "effect": "write_failure"},
    "bad checkpoint": {"component": "storage", "effect": "checkpoint_loss"},
}
"""What the incidents of a measurement are in a scenario."""

LASTING = ("straggler", "disk full")


def incident_plan(costs: Costs, run: BrokenRun, struck: Sequence[Struck]) -> RunPlan:
    """Plan of a run in which happens what happened.

    Parameters
    ----------
    costs : Costs
        What the calibration measured.
    run : BrokenRun
        What was run.
    struck : sequence of Struck
        What was done to it.
    """
    # A straggler that slows nothing is none.
    happened = [one for one in struck if one.category != "straggler" or costs.slowdown > 1.0]
    incidents = [
        {
            "at": _seconds(one.at_s),
            "category": _key(one.category),
            **({"lasts": _seconds(one.lasted_s)} if one.category in LASTING else {}),
        }
        for one in happened
    ]
    names = dict.fromkeys(one.category for one in happened)
    categories = {_key(name): _category(name, run, costs, happened) for name in names}
    return _plan({**_tree(costs, run), "failures": {"categories": categories, "incidents": incidents}})


def random_plan(costs: Costs, run: BrokenRun, interval_s: float) -> RunPlan:
    """Plan of a run that is killed at random, known by the rate alone.

    Parameters
    ----------
    costs : Costs
        What the calibration measured.
    run : BrokenRun
        What was run.
    interval_s : float
        Mean time between kills [s].
    """
    kill = {**_category("kill", run, costs, ()), "rate": f"{3600.0 / interval_s:.9f} per job-hour"}
    return _plan({**_tree(costs, run), "failures": {"categories": {"kill": kill}}})


def _key(category: str) -> str:
    """Name of a category in a scenario, where a key is one word."""
    return category.replace(" ", "_")


def _plan(tree: Mapping[str, Any]) -> RunPlan:
    """Check a scenario as one that a user writes, and compile it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "broken-run.yaml"
        path.write_text(json.dumps(tree, indent=1), "utf-8")  # JSON is YAML
        try:
            scenario = load(path).scenario
        except ScenarioError as error:
            message = f"{tree['name']}: makes no scenario: {str(error).replace(str(path), '')}"
            raise ValueError(message) from None
    return compile_plan(scenario, phase_steps(scenario))


def _tree(costs: Costs, run: BrokenRun) -> dict[str, Any]:
    """All of a scenario but its failures."""
    train = run.config["train"]
    layout = layout_of({**run.config, "parallel": {**_PARALLEL, **run.config["parallel"]}})
    tokens = train["steps"] * train["global_batch"] * train["sequence_length"]
    return {
        "name": run.name,
        "model": _model(run),
        "cluster": {"node": {"like": CPU_NODE, "gpus": layout.gpus}, "nodes": 1},
        "training": {
            "start": _START,
            "precision": train["precision"],
            "layout": layout.model_dump(mode="json", exclude_unset=True),
            "phases": [
                {
                    "name": "training",
                    "tokens": f"{tokens} tokens",
                    "sequence_length": train["sequence_length"],
                    "global_batch": train["global_batch"],
                    "step_time": _seconds(costs.step_time_s),
                }
            ],
        },
        "recovery": _recovery(costs, run, layout.gpus),
        "checkpoint": _checkpoint(costs, run),
    }


_PARALLEL = {"data_kind": "ddp", "reshard_after_forward": False, "pipeline_schedule": "1f1b"}
"""What the job takes where its configuration does not say."""


def _model(run: BrokenRun) -> dict[str, Any]:
    return dict(model_of(run.config["model"]).model_dump(mode="json", exclude_unset=True))


def _category(name: str, run: BrokenRun, costs: Costs, happened: Iterable[Struck]) -> dict[str, Any]:
    if name not in CATEGORIES:
        message = f"{run.name}: nothing is known of incidents of the category {name!r}; known: {', '.join(CATEGORIES)}"
        raise ValueError(message)
    own: dict[str, Any] = {**CATEGORIES[name], "rate": _NEVER, "blast": "job", "evict": "0 %"}
    if name in LASTING:
        own["lasts"] = _seconds(max(one.lasted_s for one in happened if one.category == name))
    return {**own, "slowdown": costs.slowdown} if name == "straggler" else own


def _recovery(costs: Costs, run: BrokenRun, gpus: int) -> dict[str, Any]:
    median = costs.restart.median_s / costs.restart.mean_s
    return {
        "detection": {
            "crash": _law(costs.detection),
            # The silence that is waited for, then the processes are killed as by any other kill.
            "hang_timeout": _seconds(run.hang_timeout_s + costs.detection.mean_s),
        },
        "restart": {
            **{
                part: {"median": _seconds(costs.restart_parts_s[part] * median), "at_gpus": gpus, "growth": 0.0}
                for part in RESTART_PARTS
            },
            "spread": costs.restart.sigma,
        },
        "manual_fraction": "0 %",
    }


def _checkpoint(costs: Costs, run: BrokenRun) -> dict[str, Any]:
    """Checkpoints of the size, the bandwidth and the interval that give the measured costs."""
    table = run.config["checkpoint"]
    if table["mode"] not in costs.checkpoints:
        message = f"{run.name}: no calibration run wrote checkpoints in the mode {table['mode']!r}; measure one"
        raise ValueError(message)
    cost = costs.checkpoints[table["mode"]]
    blocking = table["mode"] == "blocking"
    write_s = cost.stall_s if blocking else cost.persist_s
    return {
        "kind": "blocking" if blocking else "asynchronous",
        **({} if blocking else {"stall": _seconds(cost.stall_s)}),
        "interval": _seconds(table["every_steps"] * costs.step_time_s),
        "bytes_per_parameter": cost.size_bytes / count_parameters(model_of(run.config["model"])).total,
        "write_bandwidth": f"{cost.size_bytes / write_s:.3f} B/s",
    }


def _law(law: Law) -> Any:
    if law.sigma <= 0.0:
        return _seconds(law.mean_s)
    return {"kind": "lognormal", "median": _seconds(law.median_s), "sigma": law.sigma}


def _seconds(value_s: float) -> str:
    return f"{value_s:.9f} s"
