"""Each shipped scenario, simulated once for all tests of its module."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import clustersim as cs

SCENARIOS = Path(__file__).parents[2] / "scenarios"

MakeForecast = Callable[..., cs.Forecast]


@pytest.fixture(scope="session")
def forecast() -> MakeForecast:
    @cache
    def make(name: str, *settings: str) -> cs.Forecast:
        return cs.load(SCENARIOS / f"{name}.yaml", settings).run(seed=0, workers=1)

    return make
