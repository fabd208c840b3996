"""A fitted loss law as rows of the catalogue table ``loss_laws``."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Row = tuple[str, str, str, str]
"""Entry, field, value, source."""

DIGITS = 6


def digits(value: float) -> str:
    """A number with the digits that the catalogue keeps."""
    return f"{value:.{DIGITS}g}"


def number_row(name: str, field: str, value: float, source: str) -> Row:
    """One number of an entry."""
    return name, field, digits(float(value)), source


def draw_rows(name: str, draws: Mapping[str, Floats], source: str) -> Iterator[Row]:
    """Draws of each form, those of one form in one cell."""
    for form, rows in draws.items():
        text = ";".join(" ".join(map(digits, row)) for row in rows)
        yield name, f"draws.{form}", text, f"{source}; draws of E A B alpha beta gamma (clustersim, 2026)"


def range_rows(name: str, limits: Sequence[float], source: str) -> Iterator[Row]:
    """What the law was fitted to: fewest tokens, and the largest size, length and compute."""
    for field, value in zip(("min_tokens", "max_parameters", "max_tokens", "max_flops"), limits, strict=True):
        yield number_row(name, f"fitted.{field}", value, source)
