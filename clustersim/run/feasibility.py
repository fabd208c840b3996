"""What makes a run impossible beyond its step: what cannot follow so fast, phases of other size, names given twice."""

from collections.abc import Iterator

from clustersim.run.compile import checkpoint_size_bytes, checkpoint_times_s, compile_law
from clustersim.run.compile.failures import domain_problems
from clustersim.run.compile.slowing import slowing_problems
from clustersim.run.records import JOB_START, PHASE_CHANGE, STATES, TIME_OF_DAY
from clustersim.scenario.schema.maintenance import PeriodicMaintenance
from clustersim.scenario.schema.scenario import Scenario
from clustersim.step.feasibility import Problem

_HOUR_S = 3600.0

_RESERVED = {
    PHASE_CHANGE: "a restart between phases",
    TIME_OF_DAY: "what the heat of the day costs",
    JOB_START: "the first restart",
    **dict.fromkeys(STATES, "a state of the job"),
}
"""Names that the report uses beside those of categories and planned stops, and for what."""


def run_problems(scenario: Scenario) -> list[Problem]:
    """Everything that makes the months-long run impossible.

    Parameters
    ----------
    scenario : Scenario
        A plan that passed the schema.

    Returns
    -------
    list of (str, str)
        Dotted scenario path and message; empty for a possible plan.
    """
    return [
        *_checkpoint_problems(scenario),
        *_phase_problems(scenario),
        *_maintenance_problems(scenario),
        *_name_problems(scenario),
        *(domains := list(domain_problems(scenario))),
        *([] if domains else slowing_problems(scenario)),
    ]


def _checkpoint_problems(scenario: Scenario) -> Iterator[Problem]:
    interval_s = scenario.checkpoint.interval
    size_bytes = checkpoint_size_bytes(scenario)
    _stall_s, write_s = checkpoint_times_s(scenario.checkpoint, size_bytes)
    if interval_s == "young-daly" or float(interval_s) >= write_s:
        return
    bandwidth = size_bytes / float(interval_s)
    message = (
        f"a checkpoint of {size_bytes / 1e12:.3g} TB takes {write_s:.0f} s to write, longer than the"
        f" {float(interval_s):.0f} s between two; use an interval of {write_s:.0f} s or more,"
        f" or a write_bandwidth of {bandwidth / 1e9:.3g} GB/s"
    )
    yield "checkpoint.interval", message


def _phase_problems(scenario: Scenario) -> Iterator[Problem]:
    gpus = scenario.training.layout.gpus
    for index, phase in enumerate(scenario.training.phases):
        if phase.layout is not None and phase.layout.gpus != gpus:
            message = (
                f"phase {phase.name!r} uses {phase.layout.gpus:,} GPUs, the job {gpus:,} (training.layout);"
                f" all phases run on the same GPUs: change data_parallel, or forecast the phases one by one"
            )
            yield f"training.phases[{index}].layout", message


def _maintenance_problems(scenario: Scenario) -> Iterator[Problem]:
    for index, stop in enumerate(scenario.maintenance):
        interval_s = stop.every if isinstance(stop, PeriodicMaintenance) else stop.mean_interval
        mean_s = compile_law(stop.duration).mean_s
        if mean_s >= interval_s:
            message = (
                f"planned stop {stop.name!r} lasts {mean_s / _HOUR_S:.3g} h on average and falls due every"
                f" {interval_s / _HOUR_S:.3g} h, which leaves no time to train; make it shorter or rarer"
            )
            yield f"maintenance[{index}].duration", message


def _name_problems(scenario: Scenario) -> Iterator[Problem]:
    """Time lost and interruptions are reported by name, so each name may stand for one thing only."""
    named = [(name, f"failures.categories.{name}") for name in scenario.failures.categories]
    named += [(stop.name, f"maintenance[{index}].name") for index, stop in enumerate(scenario.maintenance)]
    first: dict[str, str] = {}
    for name, path in named:
        if name in _RESERVED:
            yield path, f"{name!r} is what the report calls {_RESERVED[name]}; choose another name"
        elif name in first:
            yield path, f"{name!r} is also the name at {first[name]}; choose another"
        first.setdefault(name, path)
