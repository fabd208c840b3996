"""The log of a job: one line of JSON per event, on the disk at once."""

import json
import math
import os
import threading
import time
from pathlib import Path
from typing import Any

FILE = "log.jsonl"


class Log:
    """Appends events to ``log.jsonl``; survives the death of the process and several attempts.

    Parameters
    ----------
    folder : Path or None
        Where the file is; None on processes that do not log.

    Attributes
    ----------
    attempt : int
        How often the job was started before in this folder.

    Notes
    -----
    A line is handed to the system in one write, so a killed process leaves whole lines. A line torn by a crash of the
    machine is cut off at the next start. When the disk is full, lines wait in memory for the next event. Numbers that
    JSON does not know (infinite, not a number) are written as null.
    """

    def __init__(self, folder: Path | None) -> None:
        self.attempt = 0
        self._descriptor: int | None = None
        self._waiting = b""
        self._lock = threading.Lock()  # checkpoints are logged by a thread of their own
        if folder is not None:
            path = folder / FILE
            self.attempt = _repair(path)
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, event: str, **fields: Any) -> None:
        """Append one event with its time and attempt."""
        if self._descriptor is None:
            return
        values = {"event": event, "time_s": time.time(), "attempt": self.attempt, **fields}
        line = json.dumps(finite(values), allow_nan=False).encode() + b"\n"
        with self._lock:
            self._waiting += line
            self._flush(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _flush(self, descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        try:
            written = os.write(descriptor, self._waiting)
        except OSError:
            return
        if written < len(self._waiting):
            os.ftruncate(descriptor, size)
        else:
            self._waiting = b""


def finite(value: Any) -> Any:
    """Return a value as JSON can hold it: numbers that are not finite become None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value


def _repair(path: Path) -> int:
    """Cut off a torn last line; return how many starts the file holds."""
    if not path.exists():
        return 0
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    return sum(line.startswith(b'{"event": "start"') for line in whole.splitlines())
