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


@lru_cache(maxsize=1)
def published_rows() -> tuple[PublishedStep, ...]:
    """Every row of the curated table."""
    rows, skipped = read_rows(PUBLISHED / "step_times.csv")
    assert skipped == []
    return tuple(rows)


def synthetic(rows: Sequence[PublishedStep], table: Table, noise: float = 0.0) -> list[PublishedStep]:
    """Rows whose step times a table predicts exactly, up to alternating noise of the logarithm."""
    return [
        replace(row, step_time_s=predicted_s(row, table) * math.exp(noise if index % 2 else -noise))
        for index, row in enumerate(rows)
    ]
