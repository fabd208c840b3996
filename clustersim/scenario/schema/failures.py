"""What breaks, how often, how it shows and how much it takes with it."""

from typing import Literal

from clustersim.scenario.schema.catalogued import Catalogued
from clustersim.scenario.schema.model import PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Duration, Fraction, UnitRate

Component = Literal[
    "gpu",
    "hbm",
    "nvlink",
    "nic",
    "cable",
    "switch",
    "host",
    "psu",
    "rack",
    "cooling",
    "power_feed",
    "storage",
    "software",
    "data",
]
Effect = Literal["crash", "hang", "corrupt"]
Blast = Literal["job", "node", "rack", "pod"]


class FailureCategory(Section):
    """One kind of failure, with its own clock on every unit it can strike."""

    component: Component = setting(
        description="what breaks: the label in the report, it changes nothing in the simulation"
    )
    rate: UnitRate = setting(description="failures per unit and time, e.g. 6.97 per million GPU-hours")
    published_count: PositiveInt | None = setting(
        None, description="failures behind the rate; its Poisson uncertainty is carried into the forecast"
    )
    shape: float = setting(
        1.0,
        gt=0.0,
        description="Weibull shape of the time to failure: 1 memoryless, below 1 infant mortality, above 1 wear-out",
    )
    effect: Effect = setting(
        "crash", description="crash: seen at once; hang: seen at the timeout; corrupt: silent, found later"
    )
    hang_fraction: Fraction = setting(0.0, description="share of crashes that show as a hang instead")
    blast: Blast = setting("node", description="what goes down with it: nothing but the job, its node, rack or pod")
    evict: Fraction = setting(1.0, description="share that need the node replaced; the rest are cured by a restart")


class Failures(Catalogued, table="failures"):
    """The failure model: categories with independent clocks."""

    categories: dict[str, FailureCategory] = setting(description="failure categories by name")
    rate_multiplier: float = setting(1.0, ge=0.0, description="every rate times this")
    fleet_age: Duration = setting(
        "0 s", ge=0.0, description="age of every unit at the start; matters where a category's shape is not 1"
    )
