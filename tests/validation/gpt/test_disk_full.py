"""A checkpoint that cannot be written: training goes on, and nothing half is left."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.validation.gpt.launch import read_events, steps_of


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """Let the system refuse to make a file larger, as a full disk does: EFBIG in the place of ENOSPC."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("mode", ["blocking", "async"])
def test_training_goes_on_without_the_checkpoint(train: Callable[..., int], tmp_path: Path, mode: str) -> None:
    folder = tmp_path / "out"
    settings = ("checkpoint.every_steps=2", f"checkpoint.mode={mode}")
    with files_at_most(100_000):  # a checkpoint has 240 kB, the log some
        assert train(folder, *settings) == 0
    events = read_events(folder)
    failed = [event for event in events if event["event"] == "checkpoint_failed"]
    assert [event["step"] for event in failed] == [2, 4, 5]
    assert all("process 0: " in event["reason"] for event in failed)
    assert [step["step"] for step in steps_of(events)] == [1, 2, 3, 4, 5]
    assert list((folder / "checkpoints").iterdir()) == []
    assert train(folder, *settings) == 0  # there is room again
    assert [event["step"] for event in read_events(folder) if event["event"] == "checkpoint"] == [2, 4, 5]
