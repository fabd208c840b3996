"""The sentence that goes with each verdict of the audit."""

from clustersim._numerals import short
from clustersim.bill._text import number
from clustersim.bill.quantities import Quantity

Interval = tuple[float, float, float]
Bounds = tuple[float | None, float | None]


def claimed_text(value: float | None, bounds: Bounds, quantity: Quantity) -> str:
    """The claim: "30.84M GPU-hours", "70 % (67 % to 73 %)", "$60M to $90M", "at most 90 days from start to finish"."""
    low, high = bounds
    if value is not None and low is not None and high is not None:
        text = number(value, quantity.unit, 4)
        if low < high:
            text += f" ({number(low, quantity.unit, 4)} to {number(high, quantity.unit, 4)})"
    elif low is None:
        text = f"at most {number(high or 0.0, quantity.unit, 4)}"
    elif high is None:
        text = f"at least {number(low, quantity.unit, 4)}"
    else:
        text = f"{number(low, quantity.unit, 4)} to {number(high, quantity.unit, 4)}"
    return f"{text} {quantity.noun}".rstrip()


def forecast_text(forecast: Interval, quantity: Quantity) -> str:
    """The forecast: "29.9M (90 % interval 28.1M to 31.9M)", or the one number that the plan fixes."""
    low, middle, high = (number(value, quantity.unit) for value in forecast)
    if forecast[0] == forecast[2]:
        return f"{middle}, fixed by the plan"
    return f"{middle} (90 % interval {low} to {high})"


def agreement_text(bounds: Bounds, forecast: Interval) -> str:
    """Agreement, and which bound that the median keeps is broken by a tail of more than one run in twenty."""
    low, high = bounds
    if low is not None and low == high:
        return "inside"
    below = low is not None and forecast[0] < low
    above = high is not None and forecast[2] > high
    tails = [
        f"{side} in more than one run of twenty" for side, broken in (("below", below), ("above", above)) if broken
    ]
    return f"inside at the median, but {' and '.join(tails)}" if tails else "inside"


def too_low_text(claimed: float, median: float) -> str:
    """By how much a claim falls short: "too low, 12 % below the forecast"."""
    if claimed <= 0.0 or median >= 2.0 * claimed:
        more = f", the forecast is {short(median / claimed)} times as much" if claimed > 0.0 else ""
        return f"too low{more}"
    return f"too low, {short(100.0 * (1.0 - claimed / median), 2)} % below the forecast"


def too_high_text(claimed: float, median: float) -> str:
    """By how much a claim exceeds: "too high, 954 times the forecast"."""
    if median <= 0.0 or claimed >= 2.0 * median:
        return f"too high, {short(claimed / median)} times the forecast" if median > 0.0 else "too high"
    return f"too high, {short(100.0 * (claimed / median - 1.0), 2)} % above the forecast"
