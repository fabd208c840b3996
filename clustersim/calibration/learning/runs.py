"""Final losses of training runs, read from a table of them."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Runs(NamedTuple):
    """Final losses of training runs, each an array of shape (runs,)."""

    parameters: Floats
    tokens: Floats
    loss_nats: Floats

    @property
    def flops(self) -> Floats:
        """Training compute 6 N D."""
        return 6.0 * self.parameters * self.tokens

    def where(self, kept: Mask) -> "Runs":
        """The runs that a mask keeps."""
        return Runs(self.parameters[kept], self.tokens[kept], self.loss_nats[kept])


def read_runs(path: Path, column: str, use: str) -> Runs:
    """Read the rows of a table of final losses that are marked ``use`` ("fit" or "test") and have a loss."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["use"] == use and row[column]]
    return Runs(*(np.array([float(row[name]) for row in rows]) for name in ("parameters", "tokens", column)))
