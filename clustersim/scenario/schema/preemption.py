"""Jobs of others that are more urgent, and take nodes."""

from typing import Literal

from clustersim.scenario.schema.law import DurationLaw
from clustersim.scenario.schema.model import PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Duration


class Preemption(Section):
    """Jobs that come at random and take nodes for a while: idle ones first, then those of the job.

    Of each kind at most one is there at a time.
    """

    name: str = setting(description="what it is")
    mean_interval: Duration = setting(
        gt=0.0, description="mean wall time until one comes, when none of its kind is there"
    )
    nodes: PositiveInt | Literal["all"] = setting(description="nodes that it takes; all of the job and its spares")
    lasts: DurationLaw = setting(description="how long it has them")
    grace: Duration = setting(
        "0 s",
        ge=0.0,
        description="from the notice until it takes nodes of the job, which checkpoints if that is durable by then",
        source="Slurm (slurm.conf, GraceTime): preempted jobs are given no time by default",
    )
