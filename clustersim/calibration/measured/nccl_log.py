"""Reads the output of nccl-tests."""

import re

from clustersim.calibration.measured.observations import Observations, TimedCollective

NAMES = {
    "allreduce": "all_reduce",
    "allgather": "all_gather",
    "reducescatter": "reduce_scatter",
    "alltoall": "all_to_all",
}
"""Programs of nccl-tests, as they call themselves in their logs, and the collectives they time."""

_PROGRAM = re.compile(r"\b(all_?reduce|all_?gather|reduce_?scatter|all_?to_?all)(?:_perf)?\b", re.IGNORECASE)
_RANK = re.compile(r"#\s+Rank\s+(\d+)\s+(?:Group\s+\d+\s+)?Pid\s+\d+\s+on\s+(\S+)\s+device", re.IGNORECASE)
_ROW = re.compile(
    r"^\s*(?P<bytes>\d+)\s+(?P<count>\d+)\s+(?P<type>\w+)\s+(?P<redop>\w+)\s+(?P<root>-?\d+)"
    r"\s+(?P<time>[\d.]+)\s+(?P<algbw>[\d.]+)\s+(?P<busbw>[\d.]+)"
)


def is_nccl_log(text: str) -> bool:
    """Whether a text looks like the output of nccl-tests."""
    return "out-of-place" in text or any(_ROW.match(line) for line in text.splitlines())


def read_nccl_log(text: str) -> Observations:
    """Read the rows of one run of nccl-tests.

    Parameters
    ----------
    text : str
        The log: the list of ranks that it opens with, and the table. Out-of-place times count.

    Raises
    ------
    ValueError
        If it names no collective or no ranks, or has no row.
    """
    name = _collective(text)
    hosts = [match.group(2) for match in _RANK.finditer(text)]
    if not hosts:
        msg = "no line '#  Rank  0 ... on HOST device' says how many GPUs took part"
        raise ValueError(msg)
    rows = [match for line in text.splitlines() if (match := _ROW.match(line))]
    found = tuple(
        TimedCollective(
            name,
            ranks=len(hosts),
            nodes=len(set(hosts)),
            size_bytes=float(row["bytes"]),
            time_s=float(row["time"]) * 1e-6,
        )
        for row in rows
        if float(row["bytes"]) > 0.0 and float(row["time"]) > 0.0
    )
    if not found:
        msg = "no row of a table of nccl-tests (size, count, type, redop, root, time, algbw, busbw)"
        raise ValueError(msg)
    return Observations(collectives=found)


def _collective(text: str) -> str:
    for match in _PROGRAM.finditer(text):
        return NAMES[match.group(1).lower().replace("_", "")]
    msg = "no line names the collective (all_reduce_perf, all_gather_perf, reduce_scatter_perf, alltoall_perf)"
    raise ValueError(msg)
