"""Numbers as a manager says them."""


def short(value: float, digits: int = 3) -> str:
    """Write a number with a few digits: 30.84M, 8,192, 152.6."""
    size = abs(value)
    for scale, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if size >= scale * (1.0 - 0.5 * 10.0**-digits):
            return f"{value / scale:.{digits}g}{letter}"
    if size >= 999.5:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def number(value: float, unit: str, digits: int = 3) -> str:
    """Write a number with the sign its unit has, if any: "$60M", "92.3 %" for a fraction, "30.8M" of GPU-hours."""
    if unit == "USD":
        return f"${short(value, digits)}"
    if unit == "fraction":
        return f"{short(100.0 * value, digits)} %"
    return short(value, digits)
