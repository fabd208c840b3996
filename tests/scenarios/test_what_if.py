"""Everything that goes wrong, at the level of a scenario: each setting matters, as it says, and is off where it can be.

Switched off, the records are those of the scenario in which nobody wrote it, byte by byte.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest

import clustersim as cs
from clustersim.run import Records, simulate
from clustersim.run.guards import check_conservation
from clustersim.scenario.schema.failure_category import Effect
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.section import Section
from tests.run.plans import digest
from tests.scenarios.conftest import SCENARIOS
from tests.scenarios.what_if import PLAIN, ROWS, Row

REPLICATIONS = 10
TWO = 2.0
"""Standard errors of the difference, on the same failures, by which a setting has to matter."""

WHAT_GOES_WRONG = (
    "failures",
    "recovery",
    "spares",
    "checkpoint",
    "maintenance",
    "preemption",
    "cluster.storage",
    "corpus.loader",
    "corpus.token_size",
    "corpus.tokens_per_document",
    "cluster.diurnal_swing",
    "training.optimizer.recipe",
)
NO_MECHANISM = {
    "failures.catalogue_entry",
    "failures.categories.component",
    "checkpoint.tiers.name",
    "cluster.storage.tenants.name",
    "maintenance.name",
    "maintenance.kind",
    "preemption.name",
    "training.optimizer.recipe.catalogue_entry",
    "training.optimizer.recipe.divergence",
    "training.optimizer.recipe.divergence_runs",
}
"""Settings that are labels, choose between settings that have rows, or that the reading of the optimizer alone asks
for."""


@cache
def records_of(settings: tuple[str, ...]) -> tuple[Records, ...]:
    plan = cs.load(SCENARIOS / "quickstart.yaml", [*PLAIN, *settings]).run_plan
    return tuple(simulate(plan, 0, replication) for replication in range(REPLICATIONS))


def with_value(row: Row, value: str) -> tuple[Records, ...]:
    return records_of((*row.given, f"{row.setting}={value}"))


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_it_matters_as_it_says(row: Row) -> None:
    without, on = records_of(row.given), with_value(row, row.value)
    for records in on[:2]:
        check_conservation(records)
    measure = row.direction.measure
    more = row.direction.sign * np.array([measure(a) - measure(b) for a, b in zip(on, without, strict=True)])
    assert more.mean() > 0.0, f"expected: {row.direction.words}"
    assert more.mean() > TWO * more.std(ddof=1) / math.sqrt(REPLICATIONS), f"too little to tell: {row.direction.words}"


@pytest.mark.parametrize("row", [row for row in ROWS if row.off is not None], ids=str)
def test_switched_off_it_is_the_simpler_model(row: Row) -> None:
    assert row.off is not None
    for off, without in zip(with_value(row, row.off), records_of(row.given), strict=True):
        # A category that never strikes leaves its name.
        names = tuple(name for name in off.categories if name in without.categories)
        assert digest(replace(off, categories=names)) == digest(without)


def path_of(row: Row) -> str:
    """Its setting as the schema has it, without the numbers and names of those of a kind."""
    return re.sub(r"^(failures\.categories)\.\w+", r"\1", re.sub(r"\[\d+\]", "", row.setting))


def settings_of(model: type[Section], path: str = "") -> Iterator[str]:
    """Paths of all settings of a section and of those in it; a law of durations or of lives is one setting."""
    for name, field in model.model_fields.items():
        own = f"{path}.{name}".lstrip(".")
        inner = [part for part in _sections(field.annotation) if not part.__module__.endswith((".law", ".lifetime"))]
        if not inner:
            yield own
        for part in inner:
            yield from settings_of(part, own)


def _sections(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for part in get_args(annotation):
        yield from _sections(part)


def test_every_setting_has_a_row() -> None:
    rows = {path_of(row) for row in ROWS}
    wrong = [path for path in settings_of(Scenario) if path.startswith(WHAT_GOES_WRONG)]
    assert len(wrong) > 100
    assert set(wrong) >= NO_MECHANISM
    assert set(wrong) - rows - NO_MECHANISM == set(), "settings that are in no row of tests/scenarios/what_if.py"
    parts = {path.rsplit(".", 1)[0] for path in wrong}
    assert rows - set(wrong) <= parts, "rows of settings that do not exist"


def test_every_part_that_may_be_left_out_is_switched_off_in_a_row() -> None:
    off = {row.setting for row in ROWS if row.off is not None}
    optional = {
        f"{section}.{name}"
        for section in ("failures", "recovery", "spares", "cluster")
        for name, field in Scenario.model_fields[section].annotation.model_fields.items()
        if field.default is None and any(_sections(field.annotation))
    }
    assert {"recovery.elastic", "spares.parts"} <= optional
    assert optional - off == set()


def test_every_effect_has_a_row() -> None:
    written = " ".join(f"{row.setting}: {row.value}" for row in ROWS)
    assert [effect for effect in get_args(Effect) if f"effect: {effect}" not in written] == ["crash"]


def test_the_plain_scenario_has_something_to_lose() -> None:
    for records in records_of(()):
        check_conservation(records)
        assert records.finished
    assert 12 < np.mean([len(records.incidents["t_s"]) for records in records_of(())]) < 30
