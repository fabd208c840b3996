"""Every model of the catalogue that has a published parameter count, against it."""

import pytest

from clustersim.catalog import entries, entry
from clustersim.scenario.schema.model import Model
from clustersim.workload.parameters import count_parameters

UNITS = {"M": 1e6, "B": 1e9, "T": 1e12}


def published(text: str) -> tuple[float, float]:
    """A printed count and how far off the exact one may be: nothing, or half of the last digit and 0.2 %."""
    if text[-1] not in UNITS:
        return float(text), 0.0
    digits = text[:-1]
    decimals = len(digits.partition(".")[2])
    value = float(digits) * UNITS[text[-1]]
    return value, 0.5 * 10**-decimals * UNITS[text[-1]] + 0.002 * value


@pytest.mark.parametrize("name", entries("published_parameters"))
def test_catalogue_model_has_its_published_size(name: str) -> None:
    count = count_parameters(Model.model_validate(name))
    printed = entry("published_parameters", name).values
    for kind in ("total", "active"):
        if kind in printed:
            value, tolerance = published(printed[kind].text)
            assert getattr(count, kind) == pytest.approx(value, abs=tolerance)
