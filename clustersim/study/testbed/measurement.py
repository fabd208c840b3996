"""Reads what was measured over a testbed: collectives and training steps, with its links limited and without."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clustersim.calibration.measured.jobs import step_of
from clustersim.calibration.measured.observations import TimedStep
from clustersim.calibration.rows import TableError
from clustersim.calibration.rows.faults import fault_of

Operation = Literal["all_reduce", "all_gather", "reduce_scatter"]

Group = tuple[str, ...]
"""Hosts, in the order of their ranks."""


@dataclass(frozen=True, slots=True)
class Cable:
    """A link between two names and what it carries each way [bytes/s]."""

    ends: tuple[str, str]
    bandwidth_bytes_s: float


@dataclass(frozen=True, slots=True)
class MeasuredCollective:
    """A collective of one group, while the groups in ``together`` ran the same.

    ``size_bytes`` is the whole tensor; times [s] are with limits and without.
    """

    operation: Operation
    group: Group
    together: tuple[Group, ...]
    size_bytes: float
    time_s: float
    baseline_time_s: float | None


@dataclass(frozen=True, slots=True)
class MeasuredStep:
    """A training job: its step, whose time is that with limits, and the time without them [s]."""

    step: TimedStep
    baseline_time_s: float


@dataclass(frozen=True, slots=True)
class MeasuredNetwork:
    """One topology and what was measured over it."""

    name: str
    hosts: Group
    cables: tuple[Cable, ...]
    collectives: tuple[MeasuredCollective, ...]
    steps: tuple[MeasuredStep, ...]


@dataclass(frozen=True, slots=True)
class MeasuredTestbed:
    """A file of ``python -m validation.testbed measure``.

    Attributes
    ----------
    payload_fraction : float
        Share of a link's rate that is data: the rest is headers.
    networks : tuple of MeasuredNetwork
        Its topologies.
    """

    payload_fraction: float
    networks: tuple[MeasuredNetwork, ...]


def read_testbed_file(path: Path) -> MeasuredTestbed:
    """Read a file.

    Raises
    ------
    TableError
        If it lacks a field; the message names file and topology.
    """
    tree = json.loads(path.read_text("utf-8"))
    networks = []
    for place, topology in enumerate(tree["topologies"]):
        try:
            networks.append(_network(topology))
        except (KeyError, TypeError, ValueError) as problem:
            msg = f"{path}: topologies[{place}]: {fault_of(problem)}"
            raise TableError(msg) from None
    return MeasuredTestbed(float(tree["environment"]["payload_fraction"]), tuple(networks))


def _network(topology: Mapping[str, Any]) -> MeasuredNetwork:
    hosts = tuple(topology["hosts"])
    return MeasuredNetwork(
        topology["name"],
        hosts,
        tuple(Cable((link["a"], link["b"]), float(link["rate_bytes_s"])) for link in topology["links"]),
        tuple(_collectives(topology)),
        tuple(_steps(topology, len(hosts))),
    )


def _collectives(topology: Mapping[str, Any]) -> Iterator[MeasuredCollective]:
    for record in topology["collectives"]:
        baseline = record.get("baseline_time_s")
        yield MeasuredCollective(
            record["op"],
            tuple(record["group"]),
            tuple(tuple(group) for group in record["together"]),
            float(record["bytes"]),
            float(record["time_s"]),
            None if baseline is None else float(baseline),
        )


def _steps(topology: Mapping[str, Any], nodes: int) -> Iterator[MeasuredStep]:
    for record in topology["steps"]:
        time_s, spread = float(record["step_time_s"]), float(record["spread"])
        step = step_of(record["name"], "test", record["config"], nodes, time_s, spread=spread)
        yield MeasuredStep(step, float(record["baseline_step_time_s"]))
