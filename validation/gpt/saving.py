"""Write checkpoints, blocking or in the background."""

import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch.distributed as dist
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemWriter
from torch.distributed.checkpoint.state_dict_saver import async_save, save

from validation.gpt.config import Checkpointing
from validation.gpt.log import Log
from validation.gpt.manifest import (
    PARTIAL,
    FileSum,
    Manifest,
    checkpoint_name,
    file_sum,
    prune,
    publish,
    write_manifest,
)
from validation.gpt.processes import Processes

METADATA = ".metadata"
"""torch's file that says which tensor is where; the first process writes it."""


@dataclass(frozen=True, slots=True)
class Writing:
    """A checkpoint under way.

    ``begun`` is when writing began; ``blocking_s`` how long training was held up, None as long as it is.
    """

    step: int
    position: int
    partial: Path
    called: float
    begun: float
    blocking_s: float | None = None


class Saver:
    """Writes the checkpoints of a run; all processes call it at the same steps.

    Parameters
    ----------
    folder : Path
        Holds one folder per checkpoint; all processes must see it.
    plan : Checkpointing
        Mode, and how many are kept.
    processes : Processes
        Who writes.
    identity : dict
        Stored with each checkpoint; see :class:`~validation.gpt.manifest.Manifest`.
    log : Log
        Gets ``checkpoint`` and ``checkpoint_failed``.

    Attributes
    ----------
    records : list of dict
        What was logged as ``checkpoint``.

    Notes
    -----
    A checkpoint is written to a folder of another name, summed, listed in a manifest and renamed: whatever the moment
    of a failure, a folder with a checkpoint's name was once whole. A failure to write is logged, what was written is
    removed, and training goes on.
    """

    def __init__(
        self, folder: Path, plan: Checkpointing, processes: Processes, identity: dict[str, Any], log: Log
    ) -> None:
        self.records: list[dict[str, Any]] = []
        self._folder, self._plan, self._processes = folder, plan, processes
        self._identity, self._log = identity, log
        self._persisting: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a checkpoint is being written in the background."""
        return self._persisting is not None and self._persisting.is_alive()

    def save(self, step: int, position: int, state: dict[str, Tensor]) -> None:
        """Save the state after a step.

        In mode ``async`` the call returns when the state has been copied to host memory; it first waits for the
        checkpoint before, so that only one is in flight. The wait and the copy are its ``blocking_s``, the writing in
        the background its ``persist_s``. In mode ``blocking`` the writing is a part of ``blocking_s``.
        """
        called = time.perf_counter()
        self.wait()
        partial = self._folder / (checkpoint_name(step) + PARTIAL)
        if self._processes.rank == 0:
            shutil.rmtree(partial, ignore_errors=True)
        writer, group = FileSystemWriter(partial), self._processes.checkpoints
        if self._plan.mode == "blocking":
            writing = Writing(step, position, partial, called, begun=time.perf_counter())
            self._finish(writing, _failure_of(lambda: save(state, storage_writer=writer, process_group=group)))
            return
        future = async_save(state, storage_writer=writer, process_group=group)
        begun = time.perf_counter()
        writing = Writing(step, position, partial, called, begun, blocking_s=begun - called)
        self._persisting = threading.Thread(target=self._persist, args=(writing, future), daemon=True)
        self._persisting.start()

    def wait(self) -> None:
        """Wait until nothing is being written."""
        if self._persisting is not None:
            self._persisting.join()
            self._persisting = None

    def _persist(self, writing: Writing, future: "Future[Any]") -> None:
        self._finish(writing, _failure_of(future.result))

    def _finish(self, writing: Writing, reason: str) -> None:
        """Agree on whether the files are whole, then publish or remove them; the first process does both."""
        sums: dict[str, FileSum] = {}
        if not reason:
            reason, sums = self._own_sums(writing.partial)
        gathered = self._gather(reason, sums)
        if self._processes.rank != 0:
            return
        files = {name: file for _, found in gathered for name, file in found.items()}
        manifest = self._manifest(writing, files)
        reason = next((found for found, _ in gathered if found), "") or self._publish(writing.partial, manifest)
        if reason:
            shutil.rmtree(writing.partial, ignore_errors=True)
            self._log.write("checkpoint_failed", step=writing.step, reason=reason)
        else:
            self._report(writing, manifest.bytes)

    def _own_sums(self, partial: Path) -> tuple[str, dict[str, FileSum]]:
        """Sum the files this process wrote; return a failure and the sums."""
        try:
            return "", {path.name: file_sum(path) for path in partial.glob(f"__{self._processes.rank}_*")}
        except OSError as error:
            return f"{type(error).__name__}: {error}", {}

    def _gather(self, reason: str, sums: dict[str, FileSum]) -> list[tuple[str, dict[str, FileSum]]]:
        """Bring reasons and sums of all processes together; a process that is gone is a reason."""
        gathered: list[Any] = [None] * self._processes.world
        try:
            dist.all_gather_object(gathered, (reason, sums), group=self._processes.checkpoints)
        except RuntimeError as error:
            return [(f"another process is gone: {error}", {})]
        return gathered

    def _manifest(self, writing: Writing, files: dict[str, FileSum]) -> Manifest:
        processes = self._processes
        return Manifest(writing.step, writing.position, processes.world, processes.device.type, self._identity, files)

    def _publish(self, partial: Path, manifest: Manifest) -> str:
        """Add what the first process alone wrote, write the manifest, rename, delete old ones; return a failure."""
        try:
            manifest.files[METADATA] = file_sum(partial / METADATA)
            write_manifest(partial, manifest)
            publish(partial, self._folder / checkpoint_name(manifest.step))
            prune(self._folder, manifest.step, self._plan.keep)
        except OSError as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def _report(self, writing: Writing, size: int) -> None:
        now = time.perf_counter()
        record = {
            "step": writing.step,
            "blocking_s": now - writing.called if writing.blocking_s is None else writing.blocking_s,
            "persist_s": now - writing.begun,
            "bytes": size,
            "mode": self._plan.mode,
        }
        self.records.append(record)
        self._log.write("checkpoint", **record)


def _failure_of(write: Callable[[], Any]) -> str:
    """Run what writes the files; return why it failed, or nothing."""
    try:
        write()
    except CheckpointException as error:  # not an Exception: torch derives it from BaseException
        rank, (cause, _) = sorted(error.failures.items())[0]
        return f"process {rank}: {type(cause).__name__}: {cause}"
    except (OSError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"
    return ""
