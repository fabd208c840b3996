"""Writing and reading a checkpoint: each process its own file, forced to the disk."""

import os
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from validation.bench.case import Case, Record
from validation.bench.sampling import Prepared
from validation.bench.session import Session
from validation.bench.worker import Place, Work

if TYPE_CHECKING:
    import torch

FILE_BYTES = {
    "small": (1 << 20,),
    "cpu": (1 << 20, 1 << 23, 1 << 26, 1 << 28),
    "cuda": (1 << 20, 1 << 24, 1 << 28, 1 << 30),
}
"""Bytes of tensors that a process writes, by kind of device: up to a small model with its optimizer."""

TENSORS = 16
"""Tensors of a checkpoint; a choice."""


def run(session: Session) -> list[Record]:
    """Time writing and reading at every size, alone and in all processes at once."""
    return session.measured(cases(session), Work(prepare))


def cases(session: Session) -> list[Case]:
    """Save, load of what the system still holds in memory, and load from the disk.

    Parameters
    ----------
    session : Session
        Device and processes.

    Returns
    -------
    list of Case
        ``bytes`` is what one process writes or reads.
    """
    sizes = FILE_BYTES["small" if session.small else session.place.device_kind]
    return [
        Case(
            section="checkpoint",
            parameters={"op": op, "cache": cache, "bytes": size},
            processes=processes,
            batched=False,
        )
        for (op, cache), size, processes in product(
            (("save", "none"), ("load", "warm"), ("load", "cold")), sizes, session.process_counts
        )
    ]


def prepare(case: Case, place: Place) -> Prepared:
    """Make the tensors of a checkpoint, and for a load its file.

    Parameters
    ----------
    case : Case
        One of :func:`cases`.
    place : Place
        Whose device and folder to use.

    Returns
    -------
    Prepared
        A save into a temporary file that replaces the last one once it is on the disk; or a load to the device.
    """
    import torch

    path = place.folder / f"checkpoint-{place.rank}.pt"
    count = int(case.parameters["bytes"]) // (4 * TENSORS)
    state = {f"tensor-{i}": torch.randn(count, device=place.device) for i in range(TENSORS)}
    if case.parameters["op"] == "save":
        return Prepared(lambda: save(state, path))
    save(state, path)
    if case.parameters["cache"] == "cold":
        return Prepared(lambda: load(path, place), before=lambda: forget(path))
    return Prepared(lambda: load(path, place))


def save(state: "dict[str, torch.Tensor]", path: Path) -> None:
    """Write tensors so that the file is whole or not there, and on the disk when this returns.

    Parameters
    ----------
    state : dict of str to torch.Tensor
        What to write.
    path : Path
        Where.
    """
    import torch

    part = path.with_suffix(".part")
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load(path: Path, place: Place) -> object:
    """Read the tensors of a file to the device of a process."""
    import torch

    return torch.load(path, map_location=place.device, weights_only=True)


def forget(path: Path) -> None:
    """Ask the system to drop a file from memory; a file system that lies in memory keeps it.

    Parameters
    ----------
    path : Path
        A file that is on the disk: what is not yet written cannot be dropped.
    """
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
