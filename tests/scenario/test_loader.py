from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clustersim import scenario as cs
from clustersim.scenario.document import dotted, paths_of
from clustersim.scenario.yaml_source import read_text

SCENARIOS = sorted((Path(cs.__file__).parents[2] / "scenarios").rglob("*.yaml"))
JUNK = [
    "",
    "3",
    "-1",
    "0",
    "1e300",
    "2.5",
    "text",
    "true",
    "null",
    "[]",
    "{}",
    "[1]",
    "{kind: x}",
    "{like: x}",
    "30 min",
]
JUNK += ["90 %", "llama3-8b", "{like: llama3-8b}", "[[{a: 1}]]", "{kind: lognormal}", "'30'", "5 GB", "2024-01-01"]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_the_scenarios_people_copy_load_and_resolve(path: Path, folder: Path) -> None:
    loaded = cs.load(path)
    (folder / "resolved.yaml").write_text(loaded.resolved_yaml(), encoding="utf-8")
    assert cs.load("resolved.yaml").scenario == loaded.scenario


def test_values_are_si_inside(load: Callable[..., cs.Loaded]) -> None:
    scenario = load().scenario
    assert scenario.training.phases[0].tokens == 200e9
    assert scenario.checkpoint.write_bandwidth == 20e9
    assert scenario.cluster.node.nic_bandwidth == 50e9
    assert scenario.spares.total == 0
    assert scenario.training.layout.gpus == 64


def test_a_copy_of_a_scenario_may_change_parsed_values(load: Callable[..., cs.Loaded]) -> None:
    scenario = load().scenario
    spares = scenario.spares.model_copy(update={"warm": 7})
    assert scenario.model_copy(update={"spares": spares}).spares.warm == 7
    assert scenario.spares.warm == 0


def every_path(text: str) -> list[str]:
    return [dotted(path) for path in paths_of(read_text(text, "x").value) if path]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_whatever_is_set_anywhere_is_loaded_or_refused(
    data: st.DataObject, load: Callable[..., cs.Loaded], plan: str
) -> None:
    paths = every_path(plan) + every_path(load().resolved_yaml())
    overrides = [
        f"{data.draw(st.sampled_from(paths))}{data.draw(st.sampled_from(['', '', '.x', '[0]', '.kind']))}={value}"
        for value in data.draw(st.lists(st.sampled_from(JUNK), min_size=1, max_size=3))
    ]
    with suppress(cs.ScenarioError):
        loaded = load(*overrides)
        assert loaded.settings()
        assert loaded.resolved_yaml()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(at=st.integers(0, 400), piece=st.text("{}[]:,-#&*!|>'\"%@` \n\tab1.", min_size=1, max_size=6))
def test_whatever_is_typed_anywhere_is_loaded_or_refused_with_places(
    at: int, piece: str, load: Callable[..., cs.Loaded], plan: str
) -> None:
    problems: tuple[cs.Problem, ...] = ()
    try:
        load(text=plan[:at] + piece + plan[at:])
    except cs.ScenarioError as error:
        problems = error.problems
    assert all(problem.line and problem.column and problem.message for problem in problems)
