"""What is known of each published number of a whole run: whether it was fitted, and why a forecast misses it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from clustersim.calibration.rows import TableError
from clustersim.study.scoreboard.table import read_cells

RECORD = "published/whole_runs.csv"
"""The table, under the folder of the data."""

COLUMNS = ("run", "claim", "use", "forecast", "explanation")

USES = ("fit", "test")
FORECASTS = ("agrees", "below", "above")


@dataclass(frozen=True, slots=True)
class Known:
    """What the table says of one claim.

    Attributes
    ----------
    use : {"fit", "test"}
        ``fit`` where the scenario was made with this number, or its source prints a formula for it: no test of a model.
    forecast : {"agrees", "below", "above"}
        Whether the forecast agrees with it, or on which side of it the median lies.
    explanation : str
        Why it misses; empty where it agrees.
    """

    use: str
    forecast: str
    explanation: str

    @property
    def fitted(self) -> bool:
        """Whether it is no test."""
        return self.use == "fit"


Record = Mapping[tuple[str, str], Known]
"""By run and claim, as the scoreboard names them."""


def read_record(path: Path) -> Record:
    """Read the table.

    Parameters
    ----------
    path : Path
        CSV with the columns of :data:`COLUMNS`. A miss has an explanation, an agreement none.

    Raises
    ------
    TableError
        With every problem on a line of its own: file, line, column, value and what would do.
    """
    found: dict[tuple[str, str], Known] = {}
    problems = []
    for line, cells in read_cells(path, COLUMNS):
        key = (cells["run"], cells["claim"])
        wrong = list(_problems(cells))
        if key in found:
            wrong.append("the same run and claim stand there twice; keep one")
        problems += [f"{path}:{line}: {text}" for text in wrong]
        found[key] = Known(cells["use"], cells["forecast"], cells["explanation"])
    if problems:
        raise TableError("\n".join(problems))
    return found


def _problems(cells: Mapping[str, str]) -> Iterator[str]:
    for column, known in (("use", USES), ("forecast", FORECASTS)):
        if cells[column] not in known:
            yield f"column {column}: {cells[column]!r} is not one of {', '.join(known)}"
    agrees = cells["forecast"] == "agrees"
    if agrees == bool(cells["explanation"]):
        yield f"column explanation: {'leave it empty where the forecast agrees' if agrees else 'say why it misses'}"
