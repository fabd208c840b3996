"""Rates and delays as people write them, with a unit; SI numbers inside."""

import math
import re

RATE_EXAMPLE = "200 Mbps"
DELAY_EXAMPLE = "2 ms"

_RATES = {
    "Kbps": 1e3 / 8,
    "Mbps": 1e6 / 8,
    "Gbps": 1e9 / 8,
    "kB/s": 1e3,
    "MB/s": 1e6,
    "GB/s": 1e9,
}
"""Bytes per second of a unit; bits and bytes are both understood, powers of ten."""

_DELAYS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}

_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z/]+)\s*")


def parse_rate(text: object) -> float:
    """Read the rate of a link.

    Parameters
    ----------
    text : object
        What the file holds: text such as ``200 Mbps`` or ``25 MB/s``.

    Returns
    -------
    float
        Bytes per second, above zero.

    Raises
    ------
    ValueError
        Naming the value and an example.
    """
    rate_bytes_s = _parse(text, _RATES, "a rate", RATE_EXAMPLE)
    if rate_bytes_s == 0.0:
        message = f'{text!r} carries nothing; write a rate above zero, e.g. "{RATE_EXAMPLE}"'
        raise ValueError(message)
    return rate_bytes_s


def parse_delay(text: object) -> float:
    """Read the one-way delay of a link, in seconds; raises ValueError with the value and an example."""
    return _parse(text, _DELAYS, "a delay", DELAY_EXAMPLE)


def format_rate(rate_bytes_s: float) -> str:
    """Write a rate as network people do: ``200 Mbps``; ``unlimited`` for an infinite one."""
    if math.isinf(rate_bytes_s):
        return "unlimited"
    return f"{rate_bytes_s * 8 / 1e6:g} Mbps"


def format_size(size_bytes: float) -> str:
    """Write a size in powers of two: ``64 KiB``, ``16 MiB``."""
    for unit, name in ((2**20, "MiB"), (2**10, "KiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:g} {name}"
    return f"{size_bytes:g} B"


def _parse(text: object, units: dict[str, float], what: str, example: str) -> float:
    found = _QUANTITY.fullmatch(text) if isinstance(text, str) else None
    if found is None or found[2] not in units:
        message = f'{text!r} is not {what}; write a number and one of {", ".join(units)}, e.g. "{example}"'
        raise ValueError(message)
    return float(found[1]) * units[found[2]]
