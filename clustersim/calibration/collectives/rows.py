"""Measured collectives as typed rows: one CSV line each, kept whole, with what is wrong with it."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clustersim.calibration.fabric_text import without_interface
from clustersim.step.collectives.choice import Collective
from clustersim.tables.numbers import number_in, said

COLUMNS = ("collective", "n_gpus", "message_bytes")
"""Columns that a file must have; each of the others may be missing and counts as empty."""

_COLLECTIVES: Mapping[str, str] = {
    "allreduce": "all_reduce",
    "allgather": "all_gather",
    "reducescatter": "reduce_scatter",
    "alltoall": "all_to_all",
    "all2all": "all_to_all",
    "sendrecv": "send",
    "send": "send",
    "p2p": "send",
}
_NAMES = {"nvlink gen": ("nvlink gen", "nvlink_gen", "nvlink")}


_MEASURED = ("time_us", "algbw_gbps", "busbw_gbps")
_MOST: Mapping[str, float] = {"n_gpus": 1e7, "gpus_per_node": 1e4, "message_bytes": 1e15}
"""Largest value of a column: far beyond anything measured; more is a slip of the pen."""
_LEAST, _MOST_OF_ALL = 1e-12, 1e18


class BadTable(ValueError):  # noqa: N818 - named after what it says
    """A file that cannot be read as a table of collectives; its text has a line ``file:line: what`` per problem."""


@dataclass(frozen=True, slots=True)
class MeasuredCollective:
    """One line of a table of collectives.

    Attributes
    ----------
    cells : mapping of str to str
        The line as it stands, every column of it.
    line : int
        Number of the line in the file; the header is line 1.
    collective : str
        "all_reduce", "all_gather", "reduce_scatter", "all_to_all", "send", or what the cell says when unknown.
    ranks, gpus_per_node : int or None
        GPUs of the group and of a node; None where empty.
    size_bytes : float or None
        Whole vector on one rank [bytes], as nccl-tests count.
    time_s : float or None
        Measured time [s]: printed, else from the algorithm or the bus bandwidth; None where nothing is printed.
    problems : tuple of str
        What keeps the line from being predicted.
    unreadable : tuple of str
        What keeps it from being compared: measurements that are no numbers.
    """

    cells: Mapping[str, str]
    line: int
    collective: str
    ranks: int | None
    gpus_per_node: int | None
    size_bytes: float | None
    time_s: float | None
    problems: tuple[str, ...]
    unreadable: tuple[str, ...] = ()

    def text(self, column: str) -> str:
        """Cell of a column, "" where it is missing."""
        names = _NAMES.get(column, (column,))
        return next((cell for name in names if (cell := self.cells.get(name) or "")), "")


def read_collectives(path: Path) -> list[MeasuredCollective]:
    """Read a CSV of measured collectives.

    Parameters
    ----------
    path : Path
        Columns ``collective, n_gpus, message_bytes`` at least; ``gpus_per_node, nic, nvlink gen, time_us, algbw_gbps,
        busbw_gbps, source`` (bandwidths in decimal GB/s, as nccl-tests print) are used where there, all others kept.

    Returns
    -------
    list of MeasuredCollective
        One for each line; a line with an unusable cell, or with more cells than the header, is there with its problem.

    Raises
    ------
    BadTable
        If a needed column is missing or stands there twice.
    OSError
        If the file cannot be read.
    """
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        header = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = header
        missing = [f"{path}:1: column '{name}' is missing" for name in COLUMNS if name not in header]
        twice = sorted({name for name in header if name and header.count(name) > 1})
        missing += [f"{path}:1: column '{name}' stands there twice; rename one of them" for name in twice]
        numbered = [(reader.line_num, cells) for cells in reader] if not missing else []
    if missing:
        raise BadTable("\n".join(missing))
    return [_line(cells, line) for line, cells in numbered]


def _line(cells: dict[str | Any, Any], line: int) -> MeasuredCollective:
    beyond = cells.pop(None, None)
    row = measured_collective({name: cell or "" for name, cell in cells.items()}, line)
    if beyond is None:
        return row
    return replace(row, problems=(f"{len(cells) + len(beyond)} cells under {len(cells)} columns", *row.problems))


def measured_collective(cells: Mapping[str, str], line: int) -> MeasuredCollective:
    """Type the cells of one line; what cannot be typed is named in its problems."""
    problems: list[str] = []
    unreadable: list[str] = []
    ranks = _whole("n_gpus", cells, problems)
    size_bytes = _number("message_bytes", cells, problems)
    collective = _collective(cells.get("collective", ""))
    if collective not in _COLLECTIVES.values():
        problems.append(f"collective {cells.get('collective', '')!r} is not modelled")
    for name, value in (("n_gpus", ranks), ("message_bytes", size_bytes)):
        if value is None and not cells.get(name, "").strip():
            problems.append(f"{name} is empty")
    if without_interface(cells.get("nic") or ""):
        problems.append(f"nic {cells['nic']!r} gives a node no bandwidth")
    if ranks is not None and ranks < 2:
        problems.append(f"n_gpus is {ranks}: a collective needs two")
    row = MeasuredCollective(
        cells=cells,
        line=line,
        collective=collective,
        ranks=ranks,
        gpus_per_node=_whole("gpus_per_node", cells, problems),
        size_bytes=size_bytes,
        time_s=_time_s(cells, collective, ranks, size_bytes, unreadable),
        problems=(),
    )
    return replace(row, problems=tuple(problems), unreadable=tuple(unreadable))


def bus_factor(collective: str, ranks: int) -> float:
    """Bus bandwidth over algorithm bandwidth (nccl-tests, doc/PERFORMANCE.md)."""
    return {"all_reduce": 2.0 * (ranks - 1) / ranks, "send": 1.0}.get(collective, (ranks - 1) / ranks)


def model_name(collective: str) -> Collective | None:
    """Name of a collective in the step model; None for a plain message."""
    names: dict[str, Collective] = {
        "all_reduce": "all_reduce",
        "all_gather": "all_gather",
        "reduce_scatter": "reduce_scatter",
        "all_to_all": "all_to_all",
    }
    return names.get(collective)


def _collective(text: str) -> str:
    plain = text.strip().lower()
    key = plain.replace("_", "").replace("-", "").replace(" ", "").removesuffix("perf")
    return _COLLECTIVES.get(key, plain)


def _time_s(
    cells: Mapping[str, str], collective: str, ranks: int | None, size_bytes: float | None, unreadable: list[str]
) -> float | None:
    time_us = _number("time_us", cells, [], unreadable)
    if time_us is not None:
        return time_us * 1e-6
    if size_bytes is None or ranks is None or ranks < 2:
        return None
    algorithm, bus = (_number(name, cells, [], unreadable) for name in ("algbw_gbps", "busbw_gbps"))
    if algorithm is not None:
        return size_bytes / (algorithm * 1e9)
    return None if bus is None else size_bytes * bus_factor(collective, ranks) / (bus * 1e9)


def _number(
    name: str, cells: Mapping[str, str], problems: list[str], unreadable: list[str] | None = None
) -> float | None:
    text, unreadable = said(cells.get(name)), [] if unreadable is None else unreadable
    if not text:
        return None
    value, measured = number_in(text), name in _MEASURED
    if value is not None and _LEAST <= value <= _MOST.get(name, _MOST_OF_ALL):
        return value
    # What was measured takes no part in a prediction: a row whose time cannot be read is one without a time.
    if measured and value is None:
        unreadable.append(f"{name} is {text!r}, not a number: measured time unreadable, so nothing is compared")
    elif not measured:
        most = f" up to {_MOST[name]:,.0f}" if value is not None and value > 0.0 and name in _MOST else ""
        kind = "a number" if value is None else f"a positive number{most}"
        problems.append(f"{name} is {text!r}, not {kind}")
    return None


def _whole(name: str, cells: Mapping[str, str], problems: list[str]) -> int | None:
    value = _number(name, cells, problems)
    if value is not None and value != int(value):
        problems.append(f"{name} is {value:g}, not a whole number")
        return None
    return None if value is None else int(value)
