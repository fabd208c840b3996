"""The file of a measurement, whole at every moment, and the machine it was made on."""

import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from validation.gpt.cpu import cpu_name
from validation.gpt.whole_file import write_whole
from validation.testbed.shaping import MTU_BYTES, PAYLOAD_FRACTION, WINDOW_BYTES
from validation.testbed.topology import Topology

SCHEMA = 1
KIND = "testbed"


class Results:
    """Measurements as they come, and their file.

    Parameters
    ----------
    path : Path
        Replaced as a whole each time something is added.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._environment = environment()
        self._topologies: list[dict[str, Any]] = []

    def begin(self, topology: Topology) -> None:
        """Start the part of a topology; what is added next belongs to it."""
        links = [asdict(link) for link in topology.links]
        self._topologies.append(
            {
                "name": topology.name,
                "description": topology.description,
                "hosts": list(topology.hosts),
                "switches": list(topology.switches),
                "links": links,
                "load": os.getloadavg()[0],
                "streams": [],
                "collectives": [],
                "steps": [],
                "not_run": {},
            }
        )
        self._write()

    def add(self, section: str, records: list[Any]) -> None:
        """Keep records (dataclasses) of a section of the current topology."""
        self._topologies[-1][section] += [asdict(record) for record in records]
        self._write()

    def not_run(self, section: str, reason: str) -> None:
        """Keep why a section of the current topology, or a job, has no records."""
        self._topologies[-1]["not_run"][section] = reason
        self._write()

    def _write(self) -> None:
        content = {
            "schema": SCHEMA,
            "kind": KIND,
            "environment": self._environment,
            "topologies": self._topologies,
        }
        write_whole(self._path, content, allow_nan=False)


def environment() -> dict[str, Any]:
    """Machine, versions, date, and the settings of the links that are the same everywhere."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "torch": _version("torch"),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cpu": cpu_name(),
        "cpus": os.cpu_count(),
        "backend": "gloo",
        "mtu_bytes": MTU_BYTES,
        "payload_fraction": PAYLOAD_FRACTION,
        "window_bytes": WINDOW_BYTES,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
