"""Every model of the catalogue that has a published parameter count, against it."""

import pytest

from clustersim.calibration.theory.models import printed_count
from clustersim.catalog import entries, entry
from clustersim.scenario.schema.model import Model
from clustersim.workload.parameters import count_parameters


@pytest.mark.parametrize("name", entries("published_parameters"))
def test_catalogue_model_has_its_published_size(name: str) -> None:
    count = count_parameters(Model.model_validate(name))
    printed = entry("published_parameters", name).values
    for kind in ("total", "active"):
        if kind in printed:
            value, tolerance = printed_count(printed[kind].text)
            assert getattr(count, kind) == pytest.approx(value, abs=tolerance)
