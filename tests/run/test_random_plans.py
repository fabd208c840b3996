"""The random plans of the property tests leave nothing out: they draw every setting that a plan has."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from hypothesis import HealthCheck, Phase, given, seed, settings

from clustersim.run import RunPlan
from tests.run.random_plans import sized_plans

LABELS = {
    "name",
    "gpus_per_node",
    "phases.main",
    "resizes.phases.main",
    "categories.component",
    "checkpoint.storage.bandwidth_bytes_s",
    "recovery.on_call.begins_s",
    "recovery.on_call.ends_s",
    "maintenance.first_s",
}
"""Settings that change no record, or whose effect another one has that is drawn."""

BATCHES = 8
"""Of a hundred plans; one or two are enough, as a rule."""


def settings_of(part: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every setting of a plan and its value; those of one kind of thing under one name."""
    if isinstance(part, tuple) and part and all(map(is_dataclass, part)):
        for one in part:
            yield from settings_of(one, path)
    elif is_dataclass(part):
        yield path, type(part).__name__
        for field in fields(part):
            yield from settings_of(getattr(part, field.name), f"{path}.{field.name}".lstrip("."))
    else:
        yield path, repr(part)


def drawn(values: dict[str, set[str]]) -> tuple[set[str], set[str]]:
    """Settings of which only one value was drawn, and parts of a plan, which have settings of their own."""
    parts = {path for path in values if any(other.startswith(f"{path}.") for other in values)} | {""}
    return {path for path in values if len(values[path]) == 1} - parts, parts


def test_every_setting_of_a_plan_is_drawn() -> None:
    values: defaultdict[str, set[str]] = defaultdict(set)

    @settings(max_examples=100, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(plan=sized_plans())
    def draw(plan: RunPlan) -> None:
        for path, value in settings_of(plan):
            values[path].add(value)

    for number in range(BATCHES):
        seed(number)(draw)()
        never, parts = drawn(values)
        if never == LABELS:
            break
    assert never == LABELS
    optional = {path for path in parts if {"None", "()"} & values[path]}
    assert {"lemons", "diurnal", "loading", "spares.parts", "spares.placement", "spares.retirement"} <= optional
    assert {f"recovery.{name}" for name in ("elastic", "in_job", "on_call")} <= optional
    assert {f"checkpoint.{name}" for name in ("inner", "adaptive", "storage")} <= optional
