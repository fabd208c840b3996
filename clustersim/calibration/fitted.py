"""The result of a fit."""

from collections.abc import Mapping
from dataclasses import dataclass

from clustersim.calibration.free import Key
from clustersim.step.efficiency import Table


@dataclass(frozen=True, slots=True)
class Fitted:
    """One fitted parameter: value, the ends of its 90 % interval, and the fit rows that it has a say in."""

    value: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Fit:
    """Result of a fit: the fitted parameters and the whole table with them filled in."""

    fitted: Mapping[Key, Fitted]
    table: Table
