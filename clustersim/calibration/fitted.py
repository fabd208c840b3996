"""The result of a fit, and what the rows had to do with it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from clustersim.calibration.free import Free, Key
from clustersim.catalog import entries, entry
from clustersim.step.efficiency import TABLE, Table

INTERVAL_SPREADS = 1.645
"""Half of a 90 % interval in standard deviations of a normal distribution."""

NARROWED = 0.95
"""Spread left of the prior's above which a parameter counts as no better known than before. Chosen."""

MOVED = 0.15
"""Distance from the prior, in its spreads, below which a parameter counts as where it was before. Chosen."""

AT_BOUND = 1e-3
"""Relative distance at which a parameter lies on its bound: the table keeps four digits."""

REFERENCE = "stack-megatron"
"""Software whose efficiencies stand in where another has no rows that speak of them."""

SHARED = "assumed to be that of the megatron stack"
"""Source of a value that follows the one of :data:`REFERENCE`."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """One fitted parameter.

    Attributes
    ----------
    free : Free
        What was known of it beforehand.
    value : float
        Its value.
    low, high : float
        Ends of its 90 % interval, with everything else free too, inside its bounds.
    rows : int
        Fit rows that it has a say in.
    """

    free: Free
    value: float
    low: float
    high: float
    rows: int

    @property
    def spread(self) -> float:
        """Log-standard-deviation left after the fit, from the end of the interval that no bound cuts off."""
        ends = (self.high / self.value, self.value / self.low)
        return max(math.log(end) for end in ends) / INTERVAL_SPREADS

    @property
    def verdict(self) -> str:
        """What the rows had to do with the value, for its source."""
        moved = abs(math.log(self.value / self.free.prior)) >= MOVED * self.free.spread
        narrowed = self.spread <= NARROWED * self.free.spread
        if not moved and not narrowed:
            return "prior; the rows say nothing of it"
        found = "fitted on the fit rows" if narrowed else "fitted on the fit rows, which move it but do not narrow it"
        return f"{found}{self._at_bound()}"

    def _at_bound(self) -> str:
        for name, bound in zip(("lower", "upper"), self.free.bounds, strict=True):
            if abs(self.value / bound - 1.0) < AT_BOUND:
                return f"; stopped at its {name} bound {bound:g}"
        return ""

    def as_written(self) -> "Fitted":
        """The same with the digits that a table keeps, so that what is said and scored is what is written."""
        return replace(self, value=four_digits(self.value), low=four_digits(self.low), high=four_digits(self.high))


@dataclass(frozen=True, slots=True)
class Fit:
    """Result of a fit: the fitted parameters and the whole table with them filled in."""

    fitted: Mapping[Key, Fitted]
    table: Table


def four_digits(value: float) -> float:
    """Round a value as the table writes it."""
    return float(f"{value:.4g}")


def with_shared(table: Table) -> Table:
    """Copy the values of :data:`REFERENCE` to every stack whose catalogued source is :data:`SHARED`."""
    changed = {name: dict(fields) for name, fields in table.items()}
    for name in entries(TABLE):
        for field, value in entry(TABLE, name).values.items():
            if value.source == SHARED and name in changed:
                changed[name][field] = table[REFERENCE][field]
    return changed


def inside(free: Free, value: float, half_width: float, rows: int) -> Fitted:
    """Fitted parameter with an interval of `half_width` in its logarithm to each side, cut off at its bounds."""
    low, high = (value * math.exp(sign * half_width) for sign in (-1.0, 1.0))
    return Fitted(free, value, max(low, free.bounds[0]), min(high, free.bounds[1]), rows)


def kept(table: Table, free: Sequence[Free]) -> Fit:
    """Read an earlier fit back from its table, to label or score it again.

    Parameters
    ----------
    table : Table
        Parameters with the ends of their intervals, as :func:`clustersim.calibration.store.write_table` writes them.
    free : sequence of Free
        Parameters to look for; those without an interval were not fitted.

    Returns
    -------
    Fit
        The values as they stand, those that follow another (:func:`with_shared`) brought up to it.
    """
    found: dict[Key, Fitted] = {}
    for parameter in free:
        entry, field = parameter.key
        row = table.get(entry, {})
        if f"low.{field}" in row:
            low, high = max(row[f"low.{field}"], parameter.bounds[0]), min(row[f"high.{field}"], parameter.bounds[1])
            found[parameter.key] = Fitted(parameter, row[field], low, high, int(row[f"rows.{field}"]))
    return Fit(found, with_shared(table))
