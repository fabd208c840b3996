"""How a log writes moments: as dates, or as numbers since the start in a unit that the columns name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from clustersim.scenario.units import QuantityError, format_quantity, format_timestamp, parse_quantity, parse_timestamp
from clustersim.tables.numbers import number_in

ELAPSED: Mapping[str, float] = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
"""Units that a column may name (``time_h``) for numbers since the start of the observation [s]."""

_LONGEST_S = 1e3 * 365.25 * 86400.0
"""Moments beyond it are slips of the pen."""


@dataclass(frozen=True, slots=True)
class Moments:
    """A way to write moments.

    Attributes
    ----------
    unit : str
        Key of :data:`ELAPSED` for numbers since the start; empty for ISO 8601 dates, in UTC where they name no zone.
    """

    unit: str = ""

    def column(self, name: str) -> str:
        """Name of the column that holds these moments: ``time``, or ``time_h``."""
        return f"{name}_{self.unit}" if self.unit else name

    def read(self, text: str) -> float:
        """Read a cell [s], since 1970 or since the start.

        Raises
        ------
        QuantityError
            If it is no such moment.
        """
        if not self.unit:
            return _date_s(text)
        number = number_in(text)
        if number is None:
            msg = f"'{text}' is not a number; dates stand in a column named without a unit"
            raise QuantityError(msg)
        if abs(number) * ELAPSED[self.unit] > _LONGEST_S:
            msg = f"'{text}' is more than a thousand years from the start: is the column named by its unit?"
            raise QuantityError(msg)
        return number * ELAPSED[self.unit]

    def read_option(self, text: str) -> float:
        """Read a moment of the command line [s]: a date, or a duration with its unit since the start.

        Raises
        ------
        QuantityError
            If it is no such moment.
        """
        return parse_quantity(text, "time") if self.unit else _date_s(text)

    def text(self, moment_s: float) -> str:
        """Write a moment as :meth:`read_option` reads it."""
        if self.unit:
            return format_quantity(moment_s, "time")
        return format_timestamp(datetime.fromtimestamp(moment_s, UTC))


def _date_s(text: str) -> float:
    if number_in(text) is not None:
        units = ", ".join(f"time_{unit}" for unit in ELAPSED)
        msg = f"'{text}' is a bare number: write a date, or name the column by the unit: {units}"
        raise QuantityError(msg)
    return parse_timestamp(text).timestamp()


WAYS = tuple(map(Moments, ("", *ELAPSED)))
"""Every way to write moments."""


def moments_of(header: Sequence[str]) -> list[Moments]:
    """Ways in which a header has the column ``time``: one, if the table is well made."""
    return [way for way in WAYS if way.column("time") in header]
