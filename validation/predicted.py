"""Predictions of the published tables, each made once."""

from functools import lru_cache
from pathlib import Path

from clustersim.calibration.collectives import PredictedCollective, predict_collectives, read_collectives
from clustersim.calibration.errors_by import Scored, scored
from clustersim.calibration.predictions import predict_table
from clustersim.calibration.rows import read_table

HERE = Path(__file__).parent
PUBLISHED = HERE / "published"


@lru_cache(maxsize=1)
def clusters() -> tuple[Scored, ...]:
    """Complete rows of the published step times, each with its prediction and its error."""
    found = scored(predict_table(read_table(PUBLISHED / "throughput.csv")))
    return tuple(item for item in found if item[0].record.complete)


@lru_cache(maxsize=1)
def sweep() -> tuple[Scored, ...]:
    """Rows that say too little to be fitted or to count as held out; rules fill them in."""
    found = scored(predict_table(read_table(PUBLISHED / "throughput.csv")))
    return tuple(item for item in found if not item[0].record.complete)


@lru_cache(maxsize=1)
def single_node() -> tuple[Scored, ...]:
    """Step times of small models on one node of A100."""
    return tuple(scored(predict_table(read_table(PUBLISHED / "throughput_a100_node.csv"))))


@lru_cache(maxsize=1)
def collectives() -> tuple[PredictedCollective, ...]:
    """Measured collectives with their predictions; those without either time are left out."""
    found = predict_collectives(read_collectives(PUBLISHED / "nccl_bandwidth.csv"))
    return tuple(item for item in found if item.relative_error is not None)


def cell(item: Scored, column: str) -> str:
    """A cell of a row as it stands in the file."""
    return (item[0].record.cells.get(column) or "").strip()


def held_out(item: Scored) -> bool:
    """Whether a row is marked ``test``."""
    return item[1].row.split == "test"
