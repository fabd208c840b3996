"""What makes a folder a whole checkpoint: a list of its files with their sizes and checksums, written last."""

import json
import os
import shutil
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
SCHEMA = 1
PARTIAL = ".partial"
"""Ending of a folder that is being written."""

BLOCK_BYTES = 4 << 20
"""Read at a time when summing: small beside a file, large beside the cost of a call."""


@dataclass(frozen=True, slots=True)
class FileSum:
    """Size and CRC-32 of a file.

    A checksum of 32 bits misses one random corruption in four thousand million. It reads 2.9 GB/s on one core of an
    EPYC, SHA-256 1.8; nobody forges checkpoints here.
    """

    bytes: int
    crc32: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A checkpoint: where the run was, what it trains, how many processes wrote it, and its files.

    ``position`` is the number of sequences consumed; ``identity`` is what another run must share to go on from it.
    """

    step: int
    position: int
    world: int
    device: str
    identity: dict[str, Any]
    files: dict[str, FileSum]

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files.values())


def checkpoint_name(step: int) -> str:
    """Name of the folder of a step."""
    return f"step-{step:08d}"


def file_sum(path: Path) -> FileSum:
    """Size and checksum of a file as it can be read now."""
    crc, size = 0, 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            crc = zlib.crc32(block, crc)
            size += len(block)
    return FileSum(size, crc)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a folder and force it to the disk."""
    with (folder / MANIFEST).open("w", encoding="utf-8") as file:
        json.dump({"schema": SCHEMA, **asdict(manifest)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a checkpoint.

    Raises
    ------
    ValueError
        When it is missing or not whole; the message says which.
    """
    try:
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if values.pop("schema") != SCHEMA:
            message = f"{MANIFEST} is of another version"
            raise ValueError(message)
        files = {name: FileSum(**sums) for name, sums in values.pop("files").items()}
        return Manifest(files=files, **values)
    except OSError as error:
        message = f"incomplete: {MANIFEST}: {error.strerror}"
        raise ValueError(message) from error
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError, KeyError, TypeError) as error:
        message = f"{MANIFEST} is damaged: {error}"
        raise ValueError(message) from error


def damage(folder: Path, manifest: Manifest, names: Iterable[str]) -> str:
    """Say what is wrong with some files of a checkpoint; nothing when they are as they were written."""
    for name in names:
        expected = manifest.files[name]
        try:
            found = file_sum(folder / name)
        except OSError as error:
            return f"{name}: {error.strerror}"
        if found.bytes != expected.bytes:
            return f"{name} has {found.bytes} bytes, {expected.bytes} were written"
        if found.crc32 != expected.crc32:
            return f"{name} is corrupt: its checksum is not the one it was written with"
    return ""


def publish(partial: Path, final: Path) -> None:
    """Give a whole checkpoint its name, in the place of a damaged one of the same step."""
    if final.exists():
        shutil.rmtree(final)
    partial.rename(final)
    _sync_folder(final.parent)


def listed(folder: Path) -> list[Path]:
    """Folders of checkpoints, whole or not, the newest first; unfinished ones are not among them."""
    return sorted((path for path in folder.glob("step-*") if path.suffix != PARTIAL and path.is_dir()), reverse=True)


def unfinished(folder: Path) -> list[Path]:
    """Folders that a run was writing when it died."""
    return sorted(folder.glob(f"step-*{PARTIAL}"))


def prune(folder: Path, step: int, keep: int) -> None:
    """Delete all but the last ``keep`` checkpoints up to a step."""
    old = [path for path in listed(folder) if path.name <= checkpoint_name(step)]
    for path in old[keep:]:
        shutil.rmtree(path)


def _sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
