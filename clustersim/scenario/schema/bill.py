"""What the run costs: the price of GPU time, and the site whose electricity it draws."""

from typing import Literal, Self

from pydantic import model_validator

from clustersim.scenario.schema.catalogued import Catalogued
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import CarbonIntensity, EnergyPrice, GpuPrice, format_quantity


class PriceRange(Catalogued, table="prices"):
    """A price that is not known yet: triangular between low and high, most likely at mode."""

    low: GpuPrice = setting(gt=0.0, description="lowest plausible price")
    mode: GpuPrice = setting(gt=0.0, description="most likely price")
    high: GpuPrice = setting(gt=0.0, description="highest plausible price")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.mode <= self.high:
            low, mode, high = (format_quantity(price, "gpu price") for price in (self.low, self.mode, self.high))
            msg = f"low <= mode <= high does not hold: {low}, {mode}, {high}"
            raise ValueError(msg)
        return self


class Site(Catalogued, table="sites"):
    """Where the machines stand: what the building adds to their power, and the grid that feeds it."""

    pue: float = setting(
        1.1,
        ge=1.0,
        description="power usage effectiveness of the site",
        source="Google fleet 1.09 and Meta Lulea 1.07 (operators' reports); LLaMA assumed 1.1 (arXiv 2302.13971)",
    )
    energy_price: EnergyPrice = setting(
        "$0.098/kWh", ge=0.0, description="price of electricity", source="US industrial average, July 2026 (EIA)"
    )
    carbon_intensity: CarbonIntensity = setting(
        "390 g/kWh",
        ge=0.0,
        description="carbon dioxide per unit of electricity",
        source="US grid, 2022 (EIA): 0.86 lb/kWh",
    )


class Bill(Section):
    """Money, energy and carbon."""

    gpu_price: PriceRange = setting(
        {"low": "$2.00/GPU-hour", "mode": "$2.50/GPU-hour", "high": "$3.00/GPU-hour"},
        description="price of one GPU for one hour, everything included: a catalogue name or a mapping",
        source="H100 market trackers, 2024-2026: $1.7-4.5, $2-3 typical of reserved capacity",
    )
    given_up_nodes: Literal["returned", "paid"] = setting(
        "returned",
        description="what a job that is smaller at times does not have of its nodes: returned, or paid all the same",
    )
    site: Site = setting(default_factory=Site, description="the site: a catalogue name or a mapping")
