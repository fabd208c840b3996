"""Fixtures: the example summary and its page, rendered once."""

from typing import Any

import pytest

from clustersim.report import render
from tests.report.example_summary import example_summary


@pytest.fixture
def summary() -> dict[str, Any]:
    return example_summary()


@pytest.fixture(scope="session")
def page() -> str:
    return render(example_summary())
