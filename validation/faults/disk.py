"""A small file system for checkpoints that can be filled."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

BALLAST = "ballast"

_PIECE_BYTES = 1 << 20
_COMMAND_S = 10.0
"""Time that mounting may take [s]."""

_UNMOUNT_TURNS = 50


class NoMount(RuntimeError):  # noqa: N818 - named after what it says
    """No file system can be mounted here; the message says why."""


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """Mount a file system in memory at a folder for as long as the context lasts.

    Parameters
    ----------
    folder : Path
        An empty folder.
    size_bytes : int
        What it holds.

    Raises
    ------
    NoMount
        If this user or this system cannot.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        message = "only root can mount the small file system that is filled; run the driver as root"
        raise NoMount(message)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    try:
        done = _called(command)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoMount(str(error)) from None
    if done.returncode:
        message = f"{' '.join(command)}: {done.stderr.strip()}"
        raise NoMount(message)
    try:
        yield folder
    finally:
        _unmount(folder)


def can_mount() -> str:
    """Why no small file system can be mounted here; empty if one can."""
    with TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder), _PIECE_BYTES):
                return ""
        except NoMount as error:
            return str(error)


def fill(folder: Path) -> None:
    """Add to the ballast until the file system holds no byte more."""
    with (folder / BALLAST).open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * _PIECE_BYTES)


def empty(folder: Path) -> None:
    """Throw the ballast off."""
    (folder / BALLAST).unlink(missing_ok=True)


def _called(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_S, check=False)


def _unmount(folder: Path) -> None:
    """Unmount, in a moment if something still looks into it, and behind its back if it goes on looking."""
    for _turn in range(_UNMOUNT_TURNS):
        if _called(["umount", str(folder)]).returncode == 0:
            return
        time.sleep(0.1)
    _called(["umount", "-l", str(folder)])
