"""Large numbers as people say them."""


def short(value: float, digits: int = 3) -> str:
    """Write a number with a few digits: 30.84M, 8,192, 152.6, or 3.79e+25 when there is no letter for it."""
    size = abs(value)
    rounded = 1.0 - 0.5 * 10.0**-digits
    if size >= 1e15 * rounded:
        return f"{value:.{digits}g}"
    for scale, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if size >= scale * rounded:
            return f"{value / scale:.{digits}g}{letter}"
    if size >= 999.5:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def times(ratio: float) -> str:
    """Write a ratio: "24.6 times", "3,151 times"."""
    return f"{ratio:,.0f} times" if ratio >= 100.0 else f"{ratio:.3g} times"
