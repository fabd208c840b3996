"""Settings of recovery that must agree with each other."""

import pytest
from pydantic import ValidationError

from clustersim.scenario.schema.recovery import InJobRestart, OnCall


def test_a_working_day_begins_before_it_ends() -> None:
    with pytest.raises(ValidationError, match="must be later than 'begins', on the same day"):
        OnCall(begins="18 h", ends="9 h", off_hours="2 h")  # type: ignore[arg-type]
    assert OnCall(off_hours="2 h").ends == 18 * 3600.0  # type: ignore[arg-type]


def test_only_parts_of_a_restart_can_be_skipped() -> None:
    with pytest.raises(ValidationError, match="'schedule', 'init', 'collectives', 'load' or 'warmup'"):
        InJobRestart.model_validate({"skips": ("shedule",)})
