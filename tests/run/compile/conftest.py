"""The plan of these tests, compiled."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clustersim.run import RunPlan, compile_plan
from clustersim.scenario import load
from tests.run.compile.written import GPU, PLAN, Compile


@pytest.fixture
def compiled(tmp_path: Path) -> Compile:
    """Compile the plan with one failure category, with more settings after it."""

    def compile_text(category: str = GPU, more: str = "", head: str = PLAN, **step: Any) -> RunPlan:
        path = tmp_path / "plan.yaml"
        path.write_text(f"{head}{category}}}\n{more}", encoding="utf-8")
        scenario = load(path).scenario
        steps = [
            SimpleNamespace(mean_s=phase.step_time, prediction_sigma=step.get("sigma", 0.0))
            for phase in scenario.training.phases
        ]
        return compile_plan(scenario, steps)  # type: ignore[arg-type]

    return compile_text
