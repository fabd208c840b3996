"""What was published of corpora, from the table of the validation."""

import csv
from pathlib import Path

TABLE = Path(__file__).parents[3] / "validation" / "published" / "corpora.csv"


def published() -> dict[tuple[str, str], float]:
    """Value by corpus and quantity."""
    with TABLE.open(encoding="utf-8") as lines:
        return {(row["corpus"], row["quantity"]): float(row["value"]) for row in csv.DictReader(lines)}
