"""Forecast a months-long training run on thousands of GPUs: time, money, failures, learning - and how sure.

>>> import clustersim as cs
>>> forecast = cs.load("scenarios/quickstart.yaml").run(seed=0)  # doctest: +SKIP
>>> forecast.summary["headline"]["gpu_hours"]["p50"]  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from clustersim._version import __version__

if TYPE_CHECKING:
    from clustersim.api import Forecast, Plan, event_log, load, write, write_trace
    from clustersim.scenario import Scenario, ScenarioError

__all__ = [
    "Forecast",
    "Plan",
    "Scenario",
    "ScenarioError",
    "__version__",
    "event_log",
    "load",
    "write",
    "write_trace",
]

_HOMES = {
    "Forecast": "clustersim.api",
    "Plan": "clustersim.api",
    "event_log": "clustersim.api",
    "load": "clustersim.api",
    "write": "clustersim.api",
    "write_trace": "clustersim.api",
    "Scenario": "clustersim.scenario",
    "ScenarioError": "clustersim.scenario",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``clustersim --help`` stays quick."""
    if name not in _HOMES:
        message = f"module 'clustersim' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)
