"""A small scenario to break in many ways."""

from collections.abc import Callable
from pathlib import Path

import pytest

from clustersim import scenario as cs

PLAN = """\
name: A plan
model: llama3-8b
cluster: {node: dgx-h100, nodes: 9}
training:
  start: 2027-01-11
  layout: {data_parallel: 64, zero_stage: 3}
  phases:
    - {name: pre-training, tokens: 200B tokens, sequence_length: 8192, global_batch: 512}
checkpoint: {kind: asynchronous, write_bandwidth: 20 GB/s}
"""
"""Nine lines, so that the first line a test adds is line 10."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test in a folder of its own, so that messages name files without their folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def plan() -> str:
    """The text of the small scenario."""
    return PLAN


@pytest.fixture
def load(folder: Path) -> Callable[..., cs.Loaded]:
    """Load the plan with text appended, or another text, with overrides."""

    def load_plan(*overrides: str, more: str = "", text: str = PLAN) -> cs.Loaded:
        (folder / "plan.yaml").write_text(text + more, encoding="utf-8")
        return cs.load("plan.yaml", overrides)

    return load_plan


@pytest.fixture
def wrong(load: Callable[..., cs.Loaded]) -> Callable[..., list[str]]:
    """Load what must not load, and return the lines of its error."""

    def load_wrong(*overrides: str, more: str = "", text: str = PLAN) -> list[str]:
        with pytest.raises(cs.ScenarioError) as caught:
            load(*overrides, more=more, text=text)
        return str(caught.value).splitlines()

    return load_wrong
