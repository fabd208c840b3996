from typing import Annotated, Literal

import pytest

from clustersim.scenario.schema import shape
from clustersim.scenario.schema.checkpoint import AsynchronousCheckpoint, BlockingCheckpoint, Checkpoint
from clustersim.scenario.schema.failures import Failures
from clustersim.scenario.schema.law import Constant, DurationLaw, Exponential, Lognormal
from clustersim.scenario.schema.recovery import Detection
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.spares import Spares
from clustersim.scenario.schema.training import Phase
from clustersim.scenario.units import Duration


def test_takes_unions_apart() -> None:
    assert shape.alternatives(Annotated[int | str | None, "note"]) == (int, str)
    assert shape.sections(DurationLaw) == (Constant, Exponential, Lognormal)
    assert shape.sections(int) == ()


def test_knows_the_kinds() -> None:
    assert shape.kinds(Checkpoint) == {"blocking": BlockingCheckpoint, "asynchronous": AsynchronousCheckpoint}
    assert shape.kinds(Scenario) == {}


def test_finds_the_section_of_a_value() -> None:
    assert shape.section_for(Checkpoint, {"kind": "blocking"}) is BlockingCheckpoint
    assert shape.section_for(Checkpoint, {"kind": "bloking"}) is None
    assert shape.section_for(DurationLaw, "30 s") is None
    assert shape.section_for(DurationLaw, Constant(value="30 s")) is Constant
    assert shape.section_for(Scenario, None) is Scenario


def test_steps_down() -> None:
    phases = shape.below(shape.below(Scenario, "training"), "phases")
    assert shape.is_list(phases)
    assert shape.below(phases, 0) is Phase
    assert shape.below(shape.below(Failures, "categories"), "nic").__name__ == "FailureCategory"
    assert shape.below(Scenario, "trainnig") is None
    assert shape.below(int, "x") is None


@pytest.mark.parametrize(
    ("section", "field", "dimension"),
    [
        (Detection, "hang_timeout", "time"),
        (Phase, "step_time", "time"),
        (Phase, "tokens", "tokens"),
        (Spares, "hot", None),
    ],
)
def test_knows_the_dimension(section: type[Scenario], field: str, dimension: str | None) -> None:
    assert shape.dimension(shape.field_type(section, field)) == dimension


def test_knows_the_dimension_beside_a_literal() -> None:
    interval = shape.field_type(BlockingCheckpoint, "interval")
    assert shape.dimension(interval) == "time"
    assert shape.choices(interval) == ("young-daly", "adaptive")


def test_knows_the_table() -> None:
    assert shape.table_of(Failures) == "failures"
    assert shape.table_of(Duration | Literal["x"]) == ""
