"""Stops that somebody planned. A checkpoint is taken first, so that no work is lost."""

from typing import Annotated, Literal

from pydantic import Field

from clustersim.scenario.schema.law import DurationLaw
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Duration, Timestamp


class RandomMaintenance(Section):
    """Stops at no fixed time: firmware, configuration and data set changes."""

    kind: Literal["random"] = setting(description="when it happens")
    name: str = setting(description="what it is")
    mean_interval: Duration = setting(gt=0.0, description="mean wall time between two stops")
    duration: DurationLaw = setting(description="length of the stop, before the restart")


class PeriodicMaintenance(Section):
    """Stops by the calendar."""

    kind: Literal["periodic"] = setting(description="when it happens")
    name: str = setting(description="what it is")
    every: Duration = setting(gt=0.0, description="wall time between two stops")
    first: Duration | None = setting(None, ge=0.0, description="wall time of the first stop; `every` when omitted")
    duration: DurationLaw = setting(description="length of the stop, before the restart")


class DatedMaintenance(Section):
    """Stops on dates, as windows are agreed upon."""

    kind: Literal["dated"] = setting(description="when it happens")
    name: str = setting(description="what it is")
    dates: tuple[Timestamp, ...] = setting(
        min_length=1, description="when each stop begins, e.g. 2027-02-01T02:00; UTC when no zone is named"
    )
    duration: DurationLaw = setting(description="length of the stop, before the restart")


Maintenance = Annotated[RandomMaintenance | PeriodicMaintenance | DatedMaintenance, Field(discriminator="kind")]
