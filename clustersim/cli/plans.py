"""Reads a scenario for a command."""

from pathlib import Path
from typing import TYPE_CHECKING

from clustersim.cli.terminal import fail

if TYPE_CHECKING:
    from clustersim.api import Plan


def load_plan(path: Path, settings: list[str] | None) -> "Plan":
    """Load and check a scenario; what is wrong with it ends the command with exit code 2."""
    from clustersim.api import load
    from clustersim.scenario import ScenarioError

    try:
        return load(path, settings or ())
    except ScenarioError as error:
        fail(str(error))
