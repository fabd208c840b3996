"""Laws of a random duration: how long a repair, a restart or a detection takes."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Duration


class Constant(Section):
    """Always the same."""

    kind: Literal["constant"] = setting("constant", description="law of the duration")
    value: Duration = setting(ge=0.0, description="the duration")


class Exponential(Section):
    """Memoryless."""

    kind: Literal["exponential"] = setting(description="law of the duration")
    mean: Duration = setting(gt=0.0, description="mean duration")


class Lognormal(Section):
    """Most are short, a few are very long."""

    kind: Literal["lognormal"] = setting(description="law of the duration")
    median: Duration = setting(gt=0.0, description="median duration")
    sigma: float = setting(gt=0.0, description="standard deviation of the logarithm, dimensionless")


def _bare_duration(value: object) -> object:
    return {"kind": "constant", "value": value} if isinstance(value, str | int | float) else value


DurationLaw = Annotated[
    Constant | Exponential | Lognormal,
    Field(discriminator="kind"),
    BeforeValidator(_bare_duration, json_schema_input_type=Duration | Constant | Exponential | Lognormal),
]
"""A law of a duration; a plain duration ("30 min") is a constant."""
