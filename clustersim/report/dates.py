"""Dates as people write them, without the machine's locale."""

from datetime import datetime

from clustersim.report.numbers import MISSING

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def write_date(iso: str | None, *, clock: bool = False, year: bool = True) -> str:
    """An ISO date as people write it.

    Parameters
    ----------
    iso : str or None
        Date or date-time; None gives a dash.
    clock : bool
        Add the time of day (for runs of hours), where there is one.
    year : bool
        Add the year.

    Examples
    --------
    >>> write_date("2024-07-18T09:36:00+00:00")
    '18 Jul 2024'
    """
    if not iso:
        return MISSING
    moment = datetime.fromisoformat(iso)
    text = f"{moment.day} {_MONTHS[moment.month - 1]}"
    if year:
        text += f" {moment.year}"
    return f"{text}, {moment:%H:%M}" if clock and "T" in iso else text
