"""Published memory per GPU: held-out rows, and runs that ran out of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from clustersim.calibration.cases import Case
from clustersim.calibration.rows.faults import fault_of
from clustersim.calibration.splits import split_of_cell
from clustersim.study.scoreboard.published.memory_rows import device_bytes, row_memories
from clustersim.study.scoreboard.table import at_line, read_cells

MEMORY = "memory per GPU"
OUT_OF_MEMORY = "runs that ran out of memory"

COLUMNS = (
    "id", "split", "source", "model", "n_layers", "hidden", "n_heads", "n_kv_heads", "head_dim", "ffn_hidden", "gated",
    "vocab", "seq_len", "gpu", "precision", "stack", "n_gpus", "tp", "pp", "cp", "zero_stage", "global_batch_seqs",
    "micro_batch", "recompute", "sequence_parallel", "memory_gib", "measured_as",
)  # fmt: skip

WHOLE = "nvidia-smi"
FAILED = "out of memory"

_GIB = 2.0**30


def memory_cases(path: Path) -> Iterator[Case]:
    """Held-out rows of a table of memory per GPU: printed sizes, and runs that did not fit.

    Raises
    ------
    TableError
        If the file is no such table.
    """
    for line, cells in read_cells(path, COLUMNS):
        failed = cells["measured_as"] == FAILED
        if failed or (split_of_cell(cells["split"]) == "test" and cells["memory_gib"]):
            with at_line(path, line):
                case = _failed(cells) if failed else _printed(cells)
            yield case


def _name(cells: Mapping[str, str]) -> str:
    return f"{cells['id']}: {cells['model']}, {cells['n_gpus']} {cells['gpu']}, {cells['precision']}"


def _printed(cells: Mapping[str, str]) -> Case:
    found, note = _found_gib(cells, whole=cells["measured_as"] == WHOLE)
    return Case(
        group=MEMORY,
        name=_name(cells),
        expected=float(cells["memory_gib"]),
        found=found,
        unit="GiB",
        source=cells["source"],
        note=note,
    )


def _failed(cells: Mapping[str, str]) -> Case:
    """A run that ran out of memory: it has to need more than the device holds."""
    found, note = _found_gib(cells, whole=True)
    return Case(
        group=OUT_OF_MEMORY,
        name=_name(cells),
        expected=device_bytes(cells) / _GIB,
        found=found,
        unit="GiB",
        source=cells["source"],
        relation="at least",
        note=note,
    )


def _found_gib(cells: Mapping[str, str], *, whole: bool) -> tuple[float | None, str]:
    """Least memory of what the row may have used [GiB]; or none, and why."""
    try:
        needed = min(one.total_bytes if whole else one.allocated_bytes for one in row_memories(cells))
    except Exception as problem:
        # Cells that pass one by one can be absurd together; a table is predicted to its end all the same.
        return None, fault_of(problem)
    return needed / _GIB, ""
