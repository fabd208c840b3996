"""Runs in this process that are told to stop at a chosen step."""

import os
import signal
from typing import Any

import pytest

from validation.gpt.step import StepResult, TrainingStep


def signal_before_step(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Send this process SIGTERM when it comes to a step."""
    run = TrainingStep.run

    def interrupted(self: TrainingStep, number: int, *arguments: Any) -> StepResult:
        if number == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return run(self, number, *arguments)

    monkeypatch.setattr(TrainingStep, "run", interrupted)
