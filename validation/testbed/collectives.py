"""Collectives of a real job over a testbed: their times, and the bytes that every link carried."""

import json
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from validation.testbed.launch import python_module, run_or_explain
from validation.testbed.sharing import Group, group_cases
from validation.testbed.streams import MeasurementError, quartile_distance
from validation.testbed.testbed import Testbed
from validation.testbed.topology import Topology

SIZES_BYTES = (64 * 2**10, 256 * 2**10, 2**20, 4 * 2**20, 16 * 2**20)
"""Multiples of 4 bytes times every number of hosts in use; a gradient bucket of DDP has up to 25 MiB."""

MEASURED_AT_ONCE_BYTES = 4 * 2**20
MOST_CALLS = 16
"""Small messages are called several times in a row, so that the tokens of an idle link carry little of them."""

_WORKER = "validation.testbed.collective_worker"


OPERATIONS = ("all_reduce", "all_gather", "reduce_scatter")


@dataclass(frozen=True, slots=True)
class Case:
    """An operation in one or several groups at the same time.

    Attributes
    ----------
    op : str
        One of :data:`OPERATIONS`.
    groups : tuple of tuples of str
        Hosts; no host is in two of them.
    """

    op: str
    groups: tuple[Group, ...]

    def __post_init__(self) -> None:
        if self.op not in OPERATIONS:
            message = f"op: {self.op!r} is none of {', '.join(OPERATIONS)}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class CollectiveRecord:
    """A measured collective.

    Attributes
    ----------
    op : str
        One of :data:`OPERATIONS`.
    group : tuple of str
        Hosts, in the order of their ranks.
    together : tuple of tuples of str
        All groups that ran it at the same time, this one among them.
    bytes : int
        Of the whole tensor: what is reduced, what all have gathered, what is reduced before it is scattered.
    calls : int
        Calls in a row; times and bytes are those of one.
    repeats : int
        Such rows.
    time_s, iqr_s : float
        Median over the repeats of the slowest rank's time, and the distance between the quartiles.
    link_bytes : dict of str to (float, float)
        Frames' bytes that a link ``a-b`` carried from a to b, and from b to a; of all groups that ran together.
    busy : float
        Share of the machine's processors that was busy.
    baseline_time_s, baseline_iqr_s : float or None
        The times over links without a limit, where they were measured too.
    """

    op: str
    group: Group
    together: tuple[Group, ...]
    bytes: int
    calls: int
    repeats: int
    time_s: float
    iqr_s: float
    link_bytes: dict[str, tuple[float, float]]
    busy: float
    baseline_time_s: float | None = None
    baseline_iqr_s: float | None = None


def collective_cases(topology: Topology) -> list[Case]:
    """All-reduce in every group worth it, all-gather and reduce-scatter over all hosts."""
    groups = group_cases(topology)
    others = [Case(op, groups[0]) for op in ("all_gather", "reduce_scatter")]
    return [Case("all_reduce", together) for together in groups] + others


def measure_collectives(
    bed: Testbed,
    repeats: int,
    cases: Sequence[Case] | None = None,
    sizes_bytes: Sequence[int] = SIZES_BYTES,
) -> list[CollectiveRecord]:
    """Time collectives over a testbed with torch and gloo.

    Parameters
    ----------
    bed : Testbed
        Hosts that are up.
    repeats : int
        Measurements of every case and size.
    cases : sequence of Case, optional
        :func:`collective_cases` by default.
    sizes_bytes : sequence of int
        Sizes of the whole tensor.

    Raises
    ------
    MeasurementError
        If a process fails; its text holds the end of what it wrote.
    """
    wanted = collective_cases(bed.topology) if cases is None else cases
    plan = _plan(bed, repeats, wanted, sizes_bytes)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        problem = run_or_explain(bed, python_module(_WORKER, str(folder / "plan.json"), name))
        if problem:
            raise MeasurementError(problem)
        ranks = [
            json.loads((folder / f"rank-{rank}.json").read_text("utf-8")) for rank in range(len(bed.topology.hosts))
        ]
    return list(_records(bed.topology, wanted, sizes_bytes, ranks))


def calls_in_a_row(size_bytes: int) -> int:
    """Calls that one measurement holds."""
    return max(1, min(MOST_CALLS, MEASURED_AT_ONCE_BYTES // size_bytes))


def _plan(bed: Testbed, repeats: int, cases: Sequence[Case], sizes_bytes: Sequence[int]) -> dict[str, Any]:
    hosts = bed.topology.hosts
    sizes = [{"bytes": size, "calls": calls_in_a_row(size)} for size in sizes_bytes]
    return {
        "repeats": repeats,
        "links": {
            link.name: [bed.names.end(bed.topology, link, node) for node in (link.a, link.b)]
            for link in bed.topology.links
        },
        "cases": [
            {"op": case.op, "groups": [[hosts.index(host) for host in group] for group in case.groups], "sizes": sizes}
            for case in cases
        ],
    }


def _records(
    topology: Topology, cases: Sequence[Case], sizes_bytes: Sequence[int], ranks: Sequence[list[dict[str, Any]]]
) -> Iterator[CollectiveRecord]:
    pairs = [(case, size) for case in cases for size in sizes_bytes]
    for number, (case, size_bytes) in enumerate(pairs):
        for group in case.groups:
            members = [ranks[topology.hosts.index(host)][number]["times_s"] for host in group]
            times_s = [max(times) for times in zip(*members, strict=True)]
            yield CollectiveRecord(
                op=case.op,
                group=group,
                together=case.groups,
                bytes=size_bytes,
                calls=calls_in_a_row(size_bytes),
                repeats=len(times_s),
                time_s=statistics.median(times_s),
                iqr_s=quartile_distance(times_s),
                link_bytes={name: (to, back) for name, (to, back) in ranks[0][number]["links"].items()},
                busy=ranks[0][number]["busy"],
            )
