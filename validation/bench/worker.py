"""One process of a benchmark: it prepares cases and times them when it is told to.

Nothing of torch is imported before :func:`work` runs, so that the time of the import can be taken.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from validation.bench.case import Case
from validation.bench.sampling import Counts, CudaEvents, Prepared, Stopwatch, WallClock, sample
from validation.leaving import leave

if TYPE_CHECKING:
    import torch

BACKENDS = {"cpu": "gloo", "cuda": "nccl"}
"""What carries the messages between processes, by kind of device: the choice of torch's documentation."""

GROUP_TIMEOUT_S = 120.0
"""Longest wait for the other processes in a collective [s]; a choice."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker stands: its rank among ``size`` processes and what it may use.

    Attributes
    ----------
    rank, size : int
        This process among all of its crew.
    device_kind : {"cpu", "cuda"}
        Each process has the CUDA device of its rank.
    threads : int
        Threads of its operators.
    folder : Path
        Where it may write.
    port : int
        Free TCP port of this machine, at which the processes find each other.
    groups : dict
        Process groups by their size, made by :func:`join_group` and by the sections.
    """

    rank: int
    size: int
    device_kind: str
    threads: int
    folder: Path
    port: int
    groups: dict[int, Any] = field(default_factory=dict)

    @property
    def device(self) -> "torch.device":
        """The device of this process."""
        import torch

        return torch.device("cuda", self.rank) if self.device_kind == "cuda" else torch.device("cpu")

    @property
    def backend(self) -> str:
        """The backend of its process groups."""
        return BACKENDS[self.device_kind]

    def stopwatch(self) -> Stopwatch:
        """What times operators on its device."""
        return CudaEvents() if self.device_kind == "cuda" else WallClock()


Prepare = Callable[[Case, Place], Prepared]
Enter = Callable[[Place], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Work:
    """What a crew does: how a case is prepared, if there are any, and what is done once before the first.

    Both are functions of a module, as they are sent to other processes by name.
    """

    prepare: Prepare | None = None
    enter: Enter | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has started.

    Attributes
    ----------
    import_s : float
        Time to import torch [s].
    entered : Mapping of str to float
        What :attr:`Work.enter` returned.
    """

    import_s: float
    entered: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Failure:
    """A worker's answer when an operation raised an error."""

    problem: str

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """The kind of error and the first line of what it says."""
        return cls(f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}")


def work(work: Work, place: Place, connection: Connection) -> None:
    """Serve a crew until it says that it has no more, or until its process has gone.

    Parameters
    ----------
    work : Work
        What to do.
    place : Place
        Where.
    connection : Connection
        Carries cases and counts in; :class:`Ready`, lists of samples, ``None`` and :class:`Failure` out.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the crew ends its workers; a traceback of each would say nothing
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        connection.send(_start(work, place))
    except Exception as error:  # whatever it is, it belongs into the file of results
        connection.send(Failure.of(error))
    else:
        if work.prepare is None:
            connection.recv()
        else:
            _serve(work.prepare, place, connection)
        _leave()
    connection.close()
    leave()


def join_group(place: Place) -> None:
    """Join the process group of the whole crew.

    Parameters
    ----------
    place : Place
        Where this process stands; its ``groups`` gains the group.
    """
    import torch.distributed as dist

    dist.init_process_group(
        place.backend,
        init_method=f"tcp://127.0.0.1:{place.port}",
        rank=place.rank,
        world_size=place.size,
        timeout=timedelta(seconds=GROUP_TIMEOUT_S),
    )
    place.groups[place.size] = dist.group.WORLD


def _start(work: Work, place: Place) -> Ready:
    began_s = time.perf_counter()
    import torch

    import_s = time.perf_counter() - began_s
    torch.set_num_threads(place.threads)
    torch.manual_seed(place.rank)
    if place.device_kind == "cuda":
        torch.cuda.set_device(place.device)
    return Ready(import_s, work.enter(place) if work.enter else {})


def _serve(prepare: Prepare, place: Place, connection: Connection) -> None:
    stopwatch = place.stopwatch()
    prepared: Prepared | None = None
    while (message := connection.recv()) is not None:
        try:
            if isinstance(message, Counts) and prepared is not None:
                connection.send(sample(prepared, message, stopwatch))
            else:
                prepared = None  # frees the last one's memory before the next one takes its own
                prepared = prepare(message, place)
                connection.send(None)
        except Exception as error:  # out of memory, not supported here: the case is recorded with it
            prepared = None
            connection.send(Failure.of(error))


def _leave() -> None:
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def _end_with_parent() -> None:
    """A killed benchmark leaves no worker behind."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
