"""The store of the cluster, which the job shares with others."""

from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Bandwidth, Duration


class Tenant(Section):
    """Another user of the store, which comes and goes: another job that checkpoints, evaluations, data preparation."""

    name: str = setting(description="who it is")
    demand: Bandwidth = setting(gt=0.0, description="bandwidth that it asks for while it is busy")
    pause: Duration = setting(gt=0.0, description="mean time between two busy times, exponential")
    busy: Duration = setting(gt=0.0, description="mean length of a busy time, exponential")


class Storage(Section):
    """The store of checkpoints and data. Its bandwidth is shared max-min fairly: nobody gets more than it asks for."""

    bandwidth: Bandwidth = setting(gt=0.0, description="bandwidth of all its users, reads and writes together")
    data_loading: Bandwidth = setting(
        "0 GB/s",
        ge=0.0,
        description="bandwidth that the data of the job takes while it trains; where there is a corpus, what its loader"
        " takes",
    )
    reads: float | None = setting(
        None,
        gt=0.0,
        description="reads per second that it answers; the loader of the corpus makes them. Any number when omitted",
    )
    tenants: tuple[Tenant, ...] = setting((), description="other users")
