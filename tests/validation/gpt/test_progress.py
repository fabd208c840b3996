"""The line of progress: on a terminal, of the first process, and nowhere else."""

import sys

import pytest

pytest.importorskip("torch")

from validation.gpt.progress import Progress
from validation.gpt.step import StepResult

RESULT = StepResult(3, 0.25, {}, 2.5, 1.0, 1e-3, stopping=False)


@pytest.mark.parametrize(("terminal", "rank", "shown"), [(True, 0, True), (False, 0, False), (True, 1, False)])
def test_who_shows_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: bool, rank: int, shown: bool
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    progress = Progress(first=2, last=9, rank=rank)
    progress.show(RESULT)
    progress.close()
    told = capsys.readouterr().err
    assert ("step 3/9  loss 2.5000  0.250 s  left 0:00" in told) == shown
    assert bool(told) == shown
