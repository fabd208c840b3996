"""Which testbeds this machine holds, and whether the command that brought one up still lives."""

import fcntl
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from validation.testbed.wiring import PREFIX

FOLDER = Path("/run/clustersim-testbed")
"""One file a testbed. Its owner keeps it locked, and the kernel lets go of the lock however the owner dies."""

NAMESPACES = Path("/run/netns")
"""Where ``ip netns`` keeps its names."""

_TRIES = 5
_BETWEEN_TRIES_S = 0.02


@dataclass(frozen=True, slots=True)
class Entry:
    """A testbed of this machine.

    Attributes
    ----------
    identifier, topology : str
        Its own name, and that of its topology; the second is empty where a crash left only namespaces.
    namespaces : tuple of str
        Those that exist.
    owned : bool
        Whether a living command holds it.
    """

    identifier: str
    topology: str
    namespaces: tuple[str, ...]
    owned: bool


def claim(topology: str) -> tuple[str, TextIO]:
    """Take a new identifier.

    Returns
    -------
    tuple of str and file
        The identifier is held for as long as the file is open.
    """
    FOLDER.mkdir(mode=0o755, exist_ok=True)
    while True:
        identifier = secrets.token_hex(3)
        with suppress(FileExistsError):
            lock = _file(identifier).open("x", encoding="utf-8")
            fcntl.flock(lock, fcntl.LOCK_EX)
            # A `down` between the two lines above has removed the file of a testbed that it took for abandoned.
            if _file(identifier).exists():
                json.dump({"topology": topology}, lock)
                lock.flush()
                return identifier, lock
            lock.close()


def entries() -> list[Entry]:
    """Every testbed that has a file or a namespace, in the order of their names."""
    named = {file.stem for file in FOLDER.glob("*.json")} if FOLDER.is_dir() else set()
    found = {space.removeprefix(PREFIX).split("-")[0] for space in _namespaces()}
    return [_entry(identifier) for identifier in sorted(named | found)]


@contextmanager
def abandoned(identifier: str) -> Iterator[bool]:
    """Hold a testbed while it is removed; gives False where a living command holds it."""
    try:
        lock = _file(identifier).open(encoding="utf-8")
    except FileNotFoundError:
        yield True
        return
    with lock:
        yield _locked(lock)


def forget(identifier: str) -> None:
    """Delete the file of a testbed that is gone."""
    _file(identifier).unlink(missing_ok=True)


def namespaces_of(identifier: str) -> tuple[str, ...]:
    """Namespaces of a testbed that exist."""
    return tuple(space for space in _namespaces() if space.startswith(f"{PREFIX}{identifier}-"))


def _entry(identifier: str) -> Entry:
    with abandoned(identifier) as free:
        return Entry(identifier, _topology(identifier), namespaces_of(identifier), not free)


def _locked(file: TextIO) -> bool:
    """Lock a file. Another command that only looks lets go of it at once, so several tries."""
    for _ in range(_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(_BETWEEN_TRIES_S)
    return False


def _topology(identifier: str) -> str:
    try:
        return str(json.loads(_file(identifier).read_text(encoding="utf-8"))["topology"])
    except (OSError, ValueError, KeyError):
        return ""


def _file(identifier: str) -> Path:
    return FOLDER / f"{identifier}.json"


def _namespaces() -> list[str]:
    if not NAMESPACES.is_dir():
        return []
    return sorted(path.name for path in NAMESPACES.iterdir() if path.name.startswith(PREFIX))
