"""Numbers as a manager says them."""

from clustersim._numerals import short


def number(value: float, unit: str, digits: int = 3) -> str:
    """Write a number with the sign its unit has, if any: "$60M", "92.3 %" for a fraction, "30.8M" of GPU-hours."""
    if unit == "USD":
        return f"${short(value, digits)}"
    if unit == "fraction":
        return f"{short(100.0 * value, digits)} %"
    return short(value, digits)
