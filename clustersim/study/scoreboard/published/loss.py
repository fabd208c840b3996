"""The loss law: final losses of runs larger than any it was fitted to."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from clustersim.calibration.cases import Case
from clustersim.learning import loss_law
from clustersim.learning.loss.ending import ended_loss
from clustersim.learning.loss.law import LossLaw
from clustersim.study.scoreboard.table import at_line, read_cells

LOSS = "final losses"

LAWS = {
    "olmo-ladder-pile": "pile_nats_per_token",
    "olmo-ladder-c4": "c4_nats_per_token",
    "olmo-ladder-wikitext": "wikitext_nats_per_token",
}
"""Laws of the catalogue and the column of the loss that each was fitted to."""

COLUMNS = ("run", "parameters", "tokens", *LAWS.values(), "end_lr_share", "use", "source")


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
            if not cells[column]:
                continue
            with at_line(path, line):
                case = _case(law, column, cells)
            yield case


def _case(law: LossLaw, column: str, cells: Mapping[str, str]) -> Case:
    parameters, tokens, end_share = (float(cells[name]) for name in ("parameters", "tokens", "end_lr_share"))
    low, middle, high = np.percentile(ended_loss(law, parameters, tokens, end_share), (5.0, 50.0, 95.0)).tolist()
    return Case(
        group=LOSS,
        name=f"{cells['run']}, {law.corpus}",
        expected=float(cells[column]),
        found=middle,
        unit="nats/token",
        source=cells["source"],
        low=low,
        high=high,
    )
