"""Small folders of tables, and cases to make boards of."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clustersim.calibration.cases import Case
from tests.calibration.rows_table import row, write_rows

HEADER = "ring,case,statistic,limit,source\n"

ROWS = (
    row(),
    row(id="GOLD-2", step_time_s="3.4", source="another paper"),
    row(id="FIT", split="fit"),
    row(id="BAD", n_gpus="abc"),
    row(id="OPEN", step_time_s=""),
)
"""Two timed held-out rows, a fitted one, one that cannot be read, and one without a time."""


def case(group: str = "a group", name: str = "a case", **changes: Any) -> Case:
    settings: dict[str, Any] = {"expected": 10.0, "found": 11.0, "unit": "s", "source": "a paper"}
    return Case(group=group, name=name, **(settings | changes))


def write_bands(folder: Path, *lines: str) -> Path:
    """A table of bands in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scoreboard.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), "utf-8")
    return path


def small_data(folder: Path, *lines: str, rows: Sequence[Mapping[str, str]] = ROWS) -> Path:
    """A folder of tables with one of published step times."""
    write_bands(folder, *lines)
    (folder / "published").mkdir()
    write_rows(folder / "published" / "throughput.csv", rows)
    return folder
