"""One comparison of the scoreboard: what was expected, what clustersim finds, and how far apart they may be."""

import math
from dataclasses import dataclass
from typing import Literal

Relation = Literal["equal", "at least", "at most"]
"""How what is found has to stand to what is expected."""

FOUR = 4.0
"""Standard errors within which a simulation has to agree with theory: once in 16,000 it does not by chance alone."""

EXACT = 1e-9
"""Relative difference that rounding makes between two ways to work out the same number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One comparison.

    Attributes
    ----------
    group : str
        Cases of one kind; a band looks at all of them together.
    name : str
        What is compared, unique inside the group.
    expected : float or None
        The closed form, or what was published or measured; None where the source prints no number.
    found : float or None
        What clustersim works out; None where it cannot, and ``note`` says why.
    unit : str
        Unit of both; empty for a plain number.
    source : str
        Where the expected number comes from.
    relation : {"equal", "at least", "at most"}
        How `found` has to stand to `expected`.
    tolerance : float or None
        Difference that is allowed, in the unit; None leaves the verdict to the interval, or to nobody.
    standard_error : float or None
        Standard error of a simulated `found`, in the unit.
    low, high : float or None
        Ends of the 90 % interval of the prediction, in the unit; the expected value should lie between them.
    note : str
        Why nothing was found, or what is known of the difference.

    Examples
    --------
    >>> Case(group="a", name="b", expected=2.0, found=2.1, unit="s", source="by hand", tolerance=0.2).inside
    True
    >>> Case(group="a", name="b", expected=2.0, found=2.1, unit="s", source="by hand", low=2.05, high=2.2).inside
    False
    """

    group: str
    name: str
    expected: float | None
    found: float | None
    unit: str
    source: str
    relation: Relation = "equal"
    tolerance: float | None = None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def error(self) -> float | None:
        """Found over expected, less one; None for a bound, and where either is missing or nothing is expected."""
        if not self.expected or self.found is None or self.relation != "equal":
            return None
        return self.found / self.expected - 1.0

    @property
    def has_interval(self) -> bool:
        """Whether the prediction came with a 90 % interval and a number, not a bound, to hold it against."""
        both = self.low is not None and self.high is not None
        return both and self.expected is not None and self.relation == "equal"

    @property
    def inside(self) -> bool | None:
        """Whether found and expected agree; None where nothing says how far apart they may be.

        A tolerance decides where there is one, and a bound (``at least``, ``at most``) has to be kept; otherwise the
        expected value has to lie in the prediction's interval. Not a number agrees with nothing.
        """
        if self.expected is None or self.found is None:
            return None
        if self.relation == "at least":
            return self.found >= self.expected - (self.tolerance or 0.0)
        if self.relation == "at most":
            return self.found <= self.expected + (self.tolerance or 0.0)
        if self.tolerance is not None:
            return abs(self.found - self.expected) <= self.tolerance
        if self.low is not None and self.high is not None:
            return self.low <= self.expected <= self.high
        return None


def exact_case(*, group: str, name: str, expected: float, found: float, unit: str, source: str) -> Case:
    """A case whose two sides may differ by rounding alone (:data:`EXACT`)."""
    tolerance = EXACT * max(abs(expected), abs(found) if math.isfinite(found) else 0.0)
    return Case(
        group=group, name=name, expected=expected, found=found, unit=unit, source=source, tolerance=tolerance
    )  # fmt: skip
