"""Laws of the time to failure of one unit. The rate of the category says how long it is on average."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Duration


class ExponentialLifetime(Section):
    """Memoryless: a unit of any age fails as one that is new."""

    kind: Literal["exponential"] = setting("exponential", description="law of the time to failure")


class WeibullLifetime(Section):
    """Infant mortality or wear-out."""

    kind: Literal["weibull"] = setting(description="law of the time to failure")
    shape: float = setting(
        ge=0.05, le=100.0, description="1 memoryless, below 1 infant mortality, above 1 wear-out; dimensionless"
    )


class LognormalLifetime(Section):
    """The hazard grows to a peak and falls in old age."""

    kind: Literal["lognormal"] = setting(description="law of the time to failure")
    sigma: float = setting(gt=0.0, le=10.0, description="standard deviation of the logarithm, dimensionless")


class EmpiricalLifetime(Section):
    """Lives that were observed, stretched to the mean that the rate gives."""

    kind: Literal["empirical"] = setting(description="law of the time to failure")
    lives: tuple[Annotated[Duration, Field(gt=0.0)], ...] = setting(
        min_length=2, description="observed times to failure, e.g. [20 d, 90 d, 91 d, 300 d]; only their ratios count"
    )


def _bare_kind(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


AnyLifetime = Annotated[
    ExponentialLifetime | WeibullLifetime | LognormalLifetime | EmpiricalLifetime,
    Field(discriminator="kind"),
    BeforeValidator(_bare_kind),
]
"""A law of the time to failure."""
