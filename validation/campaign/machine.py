"""How much of the machine others used while a job ran."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path

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


def foreign_share(before: Usage | None, after: Usage | None, wall_s: float, cpus: int) -> float | None:
    """Share of the machine's processor time that went to others, or was stolen by its host; None if unknown.

    Parameters
    ----------
    before, after : Usage or None
        Counters around a job whose processes have been waited for.
    wall_s : float
        Time in between [s].
    cpus : int
        Processors.
    """
    if before is None or after is None or wall_s <= 0.0:
        return None
    busy_s = (after.busy_s - before.busy_s) + (after.stolen_s - before.stolen_s)
    return max(0.0, busy_s - (after.own_s - before.own_s)) / (wall_s * cpus)
