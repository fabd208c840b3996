"""Go on from the newest checkpoint that is whole."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch.distributed as dist
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict_loader import load

from validation.gpt.log import Log
from validation.gpt.manifest import Manifest, damage, listed, read_manifest, unfinished
from validation.gpt.problems import ConfigurationError
from validation.gpt.processes import Processes
from validation.gpt.state import TrainingState

UNLOADABLE = "does not load"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A folder that may be loaded, or the reason why it may not."""

    path: Path
    manifest: Manifest | None
    reason: str = ""


def resume(
    folder: Path, state: TrainingState, processes: Processes, identity: dict[str, Any], log: Log
) -> Manifest | None:
    """Load the newest checkpoint whose files are as they were written; report those that are skipped.

    Parameters
    ----------
    folder : Path
        Holds the checkpoints; all processes must see it.
    state : TrainingState
        Filled in place.
    processes : Processes
        They share the reading of the checksums and agree on what is loaded.
    identity : dict
        What this run trains.
    log : Log
        Gets ``skipped_checkpoint`` and ``resume``.

    Returns
    -------
    Manifest or None
        Of what was loaded; None when there is nothing to go on from.

    Raises
    ------
    ConfigurationError
        When a whole checkpoint belongs to another model or other data, or when the only whole ones do not load.
    """
    overwritten = ""
    for candidate in _candidates(folder, processes):
        reason = candidate.reason or _try(candidate, state, processes, identity)
        if not reason and candidate.manifest:
            log.write("resume", step=candidate.manifest.step, checkpoint=candidate.path.name)
            return candidate.manifest
        log.write("skipped_checkpoint", checkpoint=candidate.path.name, reason=reason)
        overwritten = reason if reason.startswith(UNLOADABLE) else overwritten
    if overwritten:  # the weights are no longer the initial ones
        raise ConfigurationError([f"checkpoint.folder: {folder}: {overwritten}; choose another folder"])
    return None


def refuse_leftovers(folder: Path) -> None:
    """Raise when a run that starts anew would mix its checkpoints with older ones."""
    if listed(folder):
        problem = (
            f"checkpoint.resume: false, but {folder} holds checkpoints; remove them, choose another checkpoint.folder, "
            "or resume"
        )
        raise ConfigurationError([problem])


def _candidates(folder: Path, processes: Processes) -> list[Candidate]:
    """Checkpoints as the first process sees them, the newest first, for all processes; removes unfinished ones."""
    found: list[Any] = [None]
    if processes.rank == 0:
        found[0] = [Candidate(path, None, "incomplete: the run died while writing it") for path in unfinished(folder)]
        for candidate in found[0]:
            shutil.rmtree(candidate.path, ignore_errors=True)
        found[0] += [_candidate(path) for path in listed(folder)]
    dist.broadcast_object_list(found, src=0, group=processes.checkpoints)
    return found[0]  # type: ignore[no-any-return]


def _candidate(path: Path) -> Candidate:
    try:
        return Candidate(path, read_manifest(path))
    except ValueError as error:
        return Candidate(path, None, str(error))


def _try(candidate: Candidate, state: TrainingState, processes: Processes, identity: dict[str, Any]) -> str:
    """Check and load a checkpoint; return why it cannot be used, the same reason on every process."""
    manifest = candidate.manifest
    if manifest is None:
        return candidate.reason
    names = sorted(manifest.files)[processes.rank :: processes.world]
    reason = _first(damage(candidate.path, manifest, names), processes)
    if reason:
        return reason
    _check_identity(candidate.path, manifest.identity, identity)
    tensors = state.tensors_for(manifest)
    try:
        load(tensors, checkpoint_id=candidate.path, process_group=processes.checkpoints)
    except CheckpointException as error:
        rank, (cause, _) = sorted(error.failures.items())[0]
        return f"{UNLOADABLE}: process {rank}: {type(cause).__name__}: {cause}"
    state.adopt(tensors, manifest.step)
    return ""


def _first(reason: str, processes: Processes) -> str:
    """Reason of the first process that has one."""
    reasons: list[Any] = [None] * processes.world
    dist.all_gather_object(reasons, reason, group=processes.checkpoints)
    return next((found for found in reasons if found), "")


def _check_identity(path: Path, saved: dict[str, Any], own: dict[str, Any]) -> None:
    problems = [
        f"checkpoint.folder: {path} was written with {key} = {saved.get(key)!r}, this run has {value!r}; choose "
        "another folder or restore the setting"
        for key, value in own.items()
        if saved.get(key) != value
    ]
    if problems:
        raise ConfigurationError(problems)
