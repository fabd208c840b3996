"""Measured collectives: every held-out row of nccl-tests with its prediction."""

import csv
from collections.abc import Iterator
from pathlib import Path

from clustersim.calibration.bands import LARGE_COLLECTIVES
from clustersim.calibration.cases import Case
from clustersim.calibration.collectives import BadTable, PredictedCollective, predict_collectives, read_collectives
from clustersim.calibration.collectives.score import LARGE_BYTES, source_name, split_name
from clustersim.calibration.rows import TableError

SMALL_COLLECTIVES = "collectives below 1 MiB"


def collective_cases(path: Path) -> Iterator[Case]:
    """Held-out rows of a table of collectives.

    Parameters
    ----------
    path : Path
        See :func:`clustersim.calibration.collectives.read_collectives`.

    Raises
    ------
    TableError
        If the file is no such table.
    """
    try:
        rows = read_collectives(path)
    except (BadTable, UnicodeDecodeError, csv.Error) as error:
        msg = str(error) if isinstance(error, BadTable) else f"{path}: not a CSV in UTF-8: {error}"
        raise TableError(msg) from None
    cases = [_case(item) for item in predict_collectives(rows) if split_name(item) == "test"]
    yield from sorted(cases, key=lambda case: case.group == SMALL_COLLECTIVES)


def _case(item: PredictedCollective) -> Case:
    row = item.row
    size_bytes, network = row.size_bytes or 0.0, row.text("nic") or row.text("nvlink gen") or "machines not named"
    chosen = f"{item.algorithm} {item.protocol}".strip()
    return Case(
        group=LARGE_COLLECTIVES if size_bytes >= LARGE_BYTES else SMALL_COLLECTIVES,
        name=f"line {row.line}: {row.collective} of {_size(size_bytes)} over {row.ranks} GPUs, {network}",
        expected=row.time_s,
        found=item.time_s,
        unit="s",
        source=source_name(item),
        note=item.reason or "; ".join(filter(None, (chosen, item.extrapolated))),
    )


def _size(size_bytes: float) -> str:
    """Bytes in the largest unit that leaves a whole number or more than one."""
    for unit, name in ((2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:,.4g} {name}"
    return f"{size_bytes:,.0f} bytes"
