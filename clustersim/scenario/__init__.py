"""What a user writes: one YAML file, checked against a typed schema, with a place for every message.

>>> from clustersim import scenario
>>> loaded = scenario.load("plan.yaml", overrides=["spares.warm=16"])  # doctest: +SKIP
"""

from clustersim.scenario.extends import presets
from clustersim.scenario.json_schema import json_schema
from clustersim.scenario.loaded import Loaded, Setting
from clustersim.scenario.loader import load
from clustersim.scenario.origin import Origin
from clustersim.scenario.problems import Place, Problem, ScenarioError
from clustersim.scenario.schema.scenario import Scenario

__all__ = [
    "Loaded",
    "Origin",
    "Place",
    "Problem",
    "Scenario",
    "ScenarioError",
    "Setting",
    "json_schema",
    "load",
    "presets",
]
