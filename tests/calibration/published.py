"""The curated table of published step times, and synthetic rows made from it."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from clustersim.calibration.rows import PublishedStep, read_rows
from clustersim.calibration.throughput import predicted_s
from clustersim.step.efficiency import Table

PUBLISHED = Path(__file__).parents[2] / "validation" / "published"

FITTED_TABLES = ("throughput.csv", "throughput_a100_node.csv")
"""Tables of the catalogue's fit, in the order of its command."""


@lru_cache(maxsize=1)
def published_rows() -> tuple[PublishedStep, ...]:
    """Every row of the curated table."""
    rows, skipped = read_rows(PUBLISHED / "step_times.csv")
    assert skipped == []
    return tuple(rows)


@lru_cache(maxsize=1)
def published_steps() -> tuple[PublishedStep, ...]:
    """Every usable row of both tables that the catalogue's parameters are fitted to."""
    tables = (read_rows(PUBLISHED / name) for name in FITTED_TABLES)
    return tuple(row for rows, _ in tables for row in rows)


def synthetic(rows: Sequence[PublishedStep], table: Table, noise: float = 0.0) -> list[PublishedStep]:
    """Rows whose step times a table predicts exactly, up to alternating noise of the logarithm."""
    return [
        replace(row, step_time_s=predicted_s(row, table) * math.exp(noise if index % 2 else -noise))
        for index, row in enumerate(rows)
    ]
