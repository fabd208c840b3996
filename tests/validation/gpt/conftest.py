"""Runs of the job: in this process, and on several."""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.validation.gpt.jobs import ALL
from tests.validation.gpt.launch import TINY, Runs, arguments_of, run_jobs


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """All jobs on several processes; the workers of a parallel test session share one set of them."""
    pytest.importorskip("torch")
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    root = base / "gpt-jobs"
    root.mkdir(exist_ok=True)
    codes = root / "codes.json"
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not codes.exists():
            codes.write_text(json.dumps(run_jobs(root, ALL).codes))
    return Runs(root, json.loads(codes.read_text()))


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., int]:
    """Run the command in this process: ``train(folder, *settings)`` returns its exit code."""
    pytest.importorskip("torch")
    from validation.gpt.__main__ import main

    config = tmp_path / "tiny.toml"
    config.write_text(TINY)

    def run(folder: Path, *settings: Any) -> int:
        return main(arguments_of(config, folder, settings))

    return run
