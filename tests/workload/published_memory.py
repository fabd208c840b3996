"""Rows of the published tables, read as the scoreboard reads them."""

import csv
from pathlib import Path

from clustersim.study.scoreboard.published.memory_rows import Cells, device_bytes
from clustersim.study.scoreboard.published.memory_rows import row_memories as memories

__all__ = ["Cells", "device_bytes", "memories", "rows"]

PUBLISHED = Path(__file__).parents[2] / "validation" / "published"


def rows(name: str) -> list[Cells]:
    """Rows of a table in ``validation/published``."""
    with (PUBLISHED / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
