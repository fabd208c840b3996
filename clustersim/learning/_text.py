"""Numbers as people say them."""


def magnitude(value: float) -> str:
    """Write a large number short: 405B, 15.6T, or 3.79e+25 when there is no letter for it."""
    if value >= 0.9995e15:
        return f"{value:.3g}"
    for scale, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if value >= 0.9995 * scale:
            return f"{value / scale:.3g}{letter}"
    return f"{value:,.0f}"


def times(ratio: float) -> str:
    """Write a ratio: "24.6 times", "3,151 times"."""
    return f"{ratio:,.0f} times" if ratio >= 100.0 else f"{ratio:.3g} times"
