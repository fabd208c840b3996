"""Reads measurement files of every kind that a user may have, and says what each is."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from clustersim.calibration.measured.jobs import read_campaign, read_job
from clustersim.calibration.measured.kineto import is_trace, read_trace
from clustersim.calibration.measured.nccl_log import is_nccl_log, read_nccl_log
from clustersim.calibration.measured.observations import Observations, together
from clustersim.calibration.measured.recovery import read_recovery
from clustersim.calibration.measured.suite import read_suite

SCHEMA = 1
"""Version of the measurement files that this release reads."""

_KINDS: Mapping[str, Callable[[Mapping[str, Any]], Observations]] = {
    "gpt": read_job,
    "campaign": read_campaign,
    "microbenchmarks": read_suite,
    "accelerator": read_suite,
    "faults": read_recovery,
}


class UnreadableMeasurement(ValueError):  # noqa: N818 - named after what it says
    """A file that is no measurement; the message names every one with its reason."""


def read_measurements(files: Iterable[Path]) -> Observations:
    """Read measurement files: jobs, campaigns, microbenchmarks, accelerator suites, killed jobs, nccl-tests logs,
    profiler traces.

    Raises
    ------
    UnreadableMeasurement
        If any file cannot be used; all of them are named.
    """
    found: list[Observations] = []
    problems: list[str] = []
    for file in files:
        try:
            found.append(read_measurement(file))
        except (OSError, ValueError, KeyError, TypeError) as error:
            problems.append(f"{file}: {_said(error)}")
    if problems:
        raise UnreadableMeasurement("\n".join(problems))
    return together(found)


def read_measurement(file: Path) -> Observations:
    """Read one file; what kind it is stands in it.

    Raises
    ------
    ValueError
        If it is none that is known, or lacks something.
    """
    text = file.read_text("utf-8", errors="replace")
    if not text.lstrip().startswith("{"):
        if is_nccl_log(text):
            return read_nccl_log(text)
        msg = "neither JSON nor the output of nccl-tests"
        raise ValueError(msg)
    tree = json.loads(text)
    if is_trace(tree):
        return read_trace(tree)
    kind = str(tree.get("kind") or ("accelerator" if "sections" in tree else "unknown"))
    if kind not in _KINDS:
        msg = f"kind {kind!r} cannot be calibrated from; known: {', '.join(_KINDS)}, profiler traces, nccl-tests logs"
        raise ValueError(msg)
    if tree.get("schema") != SCHEMA:
        msg = f"schema {tree.get('schema')!r}; this release reads {SCHEMA}"
        raise ValueError(msg)
    return _KINDS[kind](tree)


def _said(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}"
    if isinstance(error, KeyError):
        return f"no field {error}"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)
