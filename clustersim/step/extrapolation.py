"""One way in which a workload leaves the calibrated range."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """One way in which a workload leaves the calibrated range.

    Attributes
    ----------
    text : str
        What and by how much, for the report.
    sigma : float
        Spread of the log error it adds, in quadrature. Not measured: assumed, by the size of the step outside.
    """

    text: str
    sigma: float
