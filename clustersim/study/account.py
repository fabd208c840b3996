"""The account of the GPU-hours: undisturbed steps, what was lost and to what, and the spares beside the job."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clustersim.run.records import STATES
from clustersim.scenario.schema.bill import Bill
from clustersim.study.ensemble import Ensemble
from clustersim.study.money import reserved_gpu_s
from clustersim.study.replication import Spent
from clustersim.study.statistics import summarise

_HOUR_S = 3600.0
_WHOLE = ("restart",)
"""States shown whole though they have parts: restarts have a picture of their own."""
_ROUNDING_S = 1e-3


def gpu_hours_account(ensemble: Ensemble, bill: Bill, gpus: int) -> dict[str, Any]:
    """GPU-hours of the job and its spares, over the replications.

    Parameters
    ----------
    ensemble : Ensemble
        The simulated runs.
    bill : Bill
        What is paid for.
    gpus : int
        GPUs of the job at its largest.

    Returns
    -------
    dict
        ``undisturbed`` steps (at the step time of each replication, those that the model keeps, once), ``lost``, their
        sum ``job``, ``standby`` of the spares and of what else is paid for, and the sum of all, ``reserved``;
        ``lost_by_kind`` and ``lost_by_cause`` in falling order, each of which adds up to ``lost``.
    """
    runs, plan = [run.full_size for run in ensemble.replications], ensemble.plan
    reserved_s = [reserved_gpu_s(bill, plan, run) for run in ensemble.replications]
    causes = [{(name,): lost_s for name, lost_s in run.lost_by_cause_s.items()} for run in runs]
    productive_s = [run.by_state_s["productive"] for run in runs]
    totals_s = [run.total_s for run in runs]

    def hours(times_s: Sequence[float]) -> dict[str, Any]:
        return dict(summarise([time_s / _HOUR_S * gpus for time_s in times_s]))

    def rows(tables: Sequence[Mapping[Any, float]], *names: str) -> list[dict[str, Any]]:
        keys = dict.fromkeys(key for table in tables for key in table)
        found = [(key, hours([table.get(key, 0.0) for table in tables])) for key in keys]
        found.sort(key=lambda row: -row[1]["mean"])
        return [{**dict(zip(names, key, strict=True)), "gpu_hours": stat} for key, stat in found]

    return {
        "undisturbed": hours(productive_s),
        "lost": hours([total_s - kept_s for total_s, kept_s in zip(totals_s, productive_s, strict=True)]),
        "job": hours(totals_s),
        "standby": dict(
            summarise([(all_s - total_s * gpus) / _HOUR_S for all_s, total_s in zip(reserved_s, totals_s, strict=True)])
        ),
        "reserved": dict(summarise([all_s / _HOUR_S for all_s in reserved_s])),
        "lost_by_kind": rows([dict(_kinds(run)) for run in runs], "state", "part"),
        "lost_by_cause": rows(causes, "cause"),
    }


def _kinds(run: Spent) -> Iterator[tuple[tuple[str, str], float]]:
    """Time lost in each state, or in each of its parts and in the rest of it."""
    for state in STATES:
        spent_s = run.by_state_s[state]
        if state == "productive" or not spent_s:
            continue
        parts = {} if state in _WHOLE else run.parts_by_state_s.get(state, {})
        yield from (((state, part), part_s) for part, part_s in parts.items())
        rest_s = spent_s - sum(parts.values())
        if rest_s > _ROUNDING_S:
            yield (state, ""), rest_s
