"""The loss law: final losses of runs larger than any it was fitted to."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from clustersim.calibration.cases import Case
from clustersim.learning import loss_law
from clustersim.learning.forecast import loss_interval
from clustersim.learning.loss_law import LossLaw, loss_nats
from clustersim.study.scoreboard.table import at_line, read_cells

LOSS = "final losses"

LAWS = {"olmo-ladder-pile": "pile_nats_per_token", "olmo-ladder-c4": "c4_nats_per_token"}
"""Laws of the catalogue and the column of the loss that each was fitted to."""

COLUMNS = ("run", "parameters", "tokens", *LAWS.values(), "use", "source")

CIRCULAR = "the width of the interval was set by the errors of these very runs"


def loss_cases(path: Path) -> Iterator[Case]:
    """Runs marked ``test`` of a table of final losses, on each corpus that there is a law for.

    Raises
    ------
    TableError
        If the file is no such table.
    """
    rows = [(line, cells) for line, cells in read_cells(path, COLUMNS) if cells["use"] == "test"]
    for name, column in LAWS.items():
        law = loss_law(name)
        for line, cells in rows:
            with at_line(path, line):
                case = _case(law, column, cells)
            yield case


def _case(law: LossLaw, column: str, cells: Mapping[str, str]) -> Case:
    parameters, tokens = float(cells["parameters"]), float(cells["tokens"])
    low, _, high = loss_interval(law, parameters, tokens)
    return Case(
        group=LOSS,
        name=f"{cells['run']}, {law.corpus}",
        expected=float(cells[column]),
        found=float(loss_nats(law.best, parameters, tokens)),
        unit="nats/token",
        source=cells["source"],
        low=low,
        high=high,
        note=CIRCULAR,
    )
