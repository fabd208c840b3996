import pytest
from pydantic import ValidationError

from clustersim.scenario.schema.law import Exponential, Lognormal
from clustersim.scenario.schema.recovery import Detection, Restart
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.shape import field_type, sections
from clustersim.scenario.schema.spares import Spares


def test_a_default_mapping_holds_for_what_is_left_out() -> None:
    crash = Detection(crash={"median": "60 s"}).crash
    assert crash == Lognormal(kind="lognormal", median="60 s", sigma=0.7)
    assert Restart(load={"median": "5 s"}).load.growth == 0.5


def test_another_kind_starts_afresh() -> None:
    assert Detection(crash={"kind": "exponential", "mean": "5 s"}).crash == Exponential(kind="exponential", mean="5 s")


def test_sections_are_frozen_and_closed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Spares().hot = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Spares(hott=3)  # type: ignore[call-arg]


def walk(section: type) -> set[type]:
    found = {section}
    for name, field in section.model_fields.items():
        assert field.description, f"{section.__name__}.{name}"
        for below in sections(field_type(section, name)) + inner(field.annotation):
            found |= walk(below)
    return found


def inner(annotation: object) -> tuple[type, ...]:
    from clustersim.scenario.schema.shape import element_type

    element = element_type(annotation)
    return sections(element) if element is not None else ()


def test_every_setting_is_described() -> None:
    assert len(walk(Scenario)) > 25
