"""Laws small enough to work out by hand."""

import numpy as np

from clustersim.learning.capability.law import CapabilityLaw, Family, HeldOut, Member, Spread

NAN = float("nan")
FITTED_TO = 3e24


def small_law(
    slope: float = 2.0,
    ceiling: float = 0.95,
    spread: Spread | None = None,
    members: tuple[Member, ...] = (),
) -> CapabilityLaw:
    best = np.array([slope, 0.0, 0.0, ceiling])
    absent = np.array([True, False])
    return CapabilityLaw(
        task="task",
        title="Task",
        floor=0.25,
        best=best,
        draws=np.stack([best, best]),
        spread=spread or Spread(0.5, 0.3, 0.02),
        families={"Known": Family(members, absent)},
        models=10,
        min_flops=1e20,
        max_flops=FITTED_TO,
        held_out=HeldOut(0.1, 0.12, 0.15, 0.9, NAN, NAN, NAN),
        source="a table, 2024",
    )
