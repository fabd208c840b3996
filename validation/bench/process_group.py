"""Start-up of process groups: fresh processes until each has taken part in a collective."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from validation.bench.case import Case, Record
from validation.bench.crew import Crew
from validation.bench.sampling import Spread
from validation.bench.session import Session
from validation.bench.worker import Place, Work, join_group

REPEATS = {False: 5, True: 1}
"""Starts of each size of group, and of a small run; a choice: a start takes seconds."""


@dataclass(slots=True)
class _Starts:
    """Repeated starts of one size of group; each is the time of its slowest process."""

    case: Case
    parts: list[Mapping[str, float]] = field(default_factory=list)

    def record(self) -> Record:
        if not self.parts:
            return self.case.record(note="not run: time")
        medians = {name: Spread.of([part[name] for part in self.parts]) for name in self.parts[0]}
        others = {name: spread.time_s for name, spread in medians.items() if name != "time_s"}
        return self.case.record(**asdict(medians["time_s"]), **others)


def run(session: Session) -> list[Record]:
    """Start groups of every size, in turns, until the repeats or the time are over.

    Parameters
    ----------
    session : Session
        Processes and time.

    Returns
    -------
    list of Record
        ``time_s`` is that of ``init_process_group``; beside it ``import_s`` of torch, ``first_collective_s``, in which
        the connections are made, and ``processes_s`` from the launch of the first process until all had done that.
    """
    starts = [_Starts(_case(size, session.place.backend)) for size in session.group_sizes]
    for _ in range(REPEATS[session.small]):
        for start in starts:
            if session.clock() < session.deadline_s:
                start.parts.append(_start(replace(session.place, size=start.case.processes)))
                session.on_round([each.record() for each in starts])
    return [start.record() for start in starts]


def _case(devices: int, backend: str) -> Case:
    return Case("process_group", {"devices": devices, "backend": backend}, processes=devices)


def _start(place: Place) -> dict[str, float]:
    with Crew(Work(enter=enter), place, from_nothing=True) as crew:
        slowest = {name: max(ready.entered[name] for ready in crew.ready) for name in crew.ready[0].entered}
        import_s = max(ready.import_s for ready in crew.ready)
        return {**slowest, "import_s": import_s, "processes_s": crew.started_s}


def enter(place: Place) -> dict[str, float]:
    """Join the group and take part in one collective.

    Parameters
    ----------
    place : Place
        Where this process stands.

    Returns
    -------
    dict
        Time of both [s].
    """
    import torch
    import torch.distributed as dist

    value = torch.zeros(1, device=place.device)
    began_s = time.perf_counter()
    join_group(place)
    joined_s = time.perf_counter()
    dist.all_reduce(value)
    value.item()  # waits for the device
    return {"time_s": joined_s - began_s, "first_collective_s": time.perf_counter() - joined_s}
