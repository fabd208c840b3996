"""The multi-power laws that the catalogue ships, one for each size of model they were fitted to."""

from dataclasses import fields
from functools import lru_cache

from clustersim.catalog import entries, entry
from clustersim.learning.loss.multi_power import MultiPowerLaw

TABLE = "schedule_laws"
WIDTHS = "widths"
"""Entry that holds no law but the widths of their intervals."""


@lru_cache(maxsize=1)
def multi_power_laws() -> dict[str, MultiPowerLaw]:
    """The laws by model; learning rates enter as shares of the peak, areas in steps at the peak."""
    return {name: _law(name) for name in entries(TABLE) if name != WIDTHS}


@lru_cache(maxsize=1)
def largest_area() -> float:
    """Largest area of the learning rate that they were fitted to [steps at the peak]."""
    return max(float(entry(TABLE, name).values["reach"].text) for name in multi_power_laws())


def _law(name: str) -> MultiPowerLaw:
    values = entry(TABLE, name).values
    return MultiPowerLaw(*(float(values[f"multi_power.{field.name}"].text) for field in fields(MultiPowerLaw)))
