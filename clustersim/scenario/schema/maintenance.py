"""What somebody planned to do. A checkpoint is taken before the job stops for it, so that no work is lost."""

from typing import Annotated, Literal

from pydantic import Field

from clustersim.scenario.schema.law import DurationLaw
from clustersim.scenario.schema.model import PositiveInt
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


class RolloutMaintenance(Section):
    """Work on every node, spares included, batch by batch: firmware, drivers, an operating system.

    Spares have their turn first. Then nodes of the job leave it, and spares take their place.
    """

    kind: Literal["rollout"] = setting(description="when it happens")
    name: str = setting(description="what it is")
    start: Timestamp = setting(description="when it begins, e.g. 2027-02-01T08:00")
    nodes_at_a_time: PositiveInt = setting(
        description="nodes in a batch; while too few spares stand by, a batch is as large as they can stand in for, but"
        " the job waits for its nodes where the plan has fewer spares than this"
    )
    duration: DurationLaw = setting(description="how long the nodes of a batch are out of service")
    pause: Duration = setting("0 s", ge=0.0, description="from the return of a batch to the next")
    when: Literal["at_once", "at_next_stop"] = setting(
        "at_once",
        description="when nodes leave the job: at_once stops it with a checkpoint for each batch, at_next_stop waits"
        " until it stops anyway",
    )


Maintenance = Annotated[
    RandomMaintenance | PeriodicMaintenance | DatedMaintenance | RolloutMaintenance, Field(discriminator="kind")
]
