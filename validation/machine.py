"""How busy the machine is, and how much of it others use while a job runs."""

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DISTURBED = 0.05
"""Share of the machine used by others above which a measurement does not count, as long as there are others."""

_STAT = Path("/proc/stat")
_IDLE_FIELDS = (3, 4)


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor time since the machine started [s]: of everything that ran, and of the children waited for here."""

    busy_s: float
    stolen_s: float
    own_s: float
    load: float


def usage() -> Usage | None:
    """Read the counters now; None where the system has no ``/proc/stat``."""
    if not _STAT.exists():
        return None
    fields = [float(text) for text in _STAT.read_text("ascii").splitlines()[0].split()[1:9]]
    tick = float(os.sysconf("SC_CLK_TCK"))
    stolen = fields[7] if len(fields) > 7 else 0.0
    busy = sum(value for place, value in enumerate(fields) if place not in _IDLE_FIELDS) - stolen
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(busy / tick, stolen / tick, children.ru_utime + children.ru_stime, os.getloadavg()[0])


def busy_share(before: Usage | None, after: Usage | None, wall_s: float, cpus: int) -> float | None:
    """Share of the machine's processor time that was used, or stolen by its host; None if unknown.

    Parameters
    ----------
    before, after : Usage or None
        Counters at both ends.
    wall_s : float
        Time in between [s].
    cpus : int
        Processors.
    """
    if before is None or after is None or wall_s <= 0.0:
        return None
    return (after.busy_s - before.busy_s + after.stolen_s - before.stolen_s) / (wall_s * cpus)


def foreign_share(before: Usage | None, after: Usage | None, wall_s: float, cpus: int) -> float | None:
    """Share that went to others than the processes that were waited for here; as :func:`busy_share`."""
    busy = busy_share(before, after, wall_s, cpus)
    if busy is None or before is None or after is None:
        return None
    return max(0.0, busy - (after.own_s - before.own_s) / (wall_s * cpus))


class Watch:
    """What others do on the machine from now on."""

    def __init__(self) -> None:
        self._load, self._before, self._begun_s = os.getloadavg()[0], usage(), time.monotonic()

    def told(self) -> dict[str, Any]:
        """Load before, share that others used until now, and whether that disturbs: fields of a measurement."""
        share = foreign_share(self._before, usage(), time.monotonic() - self._begun_s, os.cpu_count() or 1)
        return {
            "load": self._load,
            "foreign_share": share,
            "disturbed": share is not None and share > DISTURBED,
        }
