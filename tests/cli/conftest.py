"""A small scenario, and the command in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PLAN = """\
name: A small plan
model: llama3-8b
cluster: {node: dgx-h100, nodes: 9}
spares: {warm: 1}
training:
  start: 2027-01-11
  layout: {data_parallel: 64, zero_stage: 3}
  phases:
    - {name: pre-training, tokens: 20B tokens, sequence_length: 8192, global_batch: 512}
checkpoint: {kind: asynchronous, write_bandwidth: 20 GB/s}
failures: {like: llama3-405b, rate_multiplier: 20}
study: {replications: 4}
"""

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN, "utf-8")
    return path


@pytest.fixture
def clustersim(tmp_path: Path) -> Command:
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).parent / "clustersim"), *arguments],
            cwd=tmp_path, env=os.environ | {"PYTHONWARNINGS": "error"} | environment,
            capture_output=True, text=True, check=False, encoding="utf-8",
        )  # fmt: skip

    return run
