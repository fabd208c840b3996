"""Published step times as the predictor's inputs: what rows print, and the rules that fill in what they do not."""

from clustersim.calibration.rows.cells import Assumption, RowError
from clustersim.calibration.rows.row import PublishedStep, published_step
from clustersim.calibration.rows.software import STACK_CLASSES
from clustersim.calibration.rows.table import (
    Record,
    Skipped,
    Table,
    read_record,
    read_rows,
    read_table,
)
from clustersim.tables.csv_lines import TableError

__all__ = [
    "STACK_CLASSES",
    "Assumption",
    "PublishedStep",
    "Record",
    "RowError",
    "Skipped",
    "Table",
    "TableError",
    "published_step",
    "read_record",
    "read_rows",
    "read_table",
]
