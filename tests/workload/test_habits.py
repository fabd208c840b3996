"""Which habits stand for a layout."""

from typing import get_args

import pytest

from clustersim.scenario.schema.training import Layout, Software
from clustersim.workload.habits import HABITS, memory_habits


def test_every_software_class_has_its_habits() -> None:
    assert set(HABITS) == set(get_args(Software))


@pytest.mark.parametrize(("zero_stage", "software"), [(0, "megatron"), (1, "megatron"), (2, "pytorch"), (3, "pytorch")])
def test_zero_decides_when_the_software_is_not_said(zero_stage: int, software: Software) -> None:
    layout = Layout.model_validate({"data_parallel": 8, "zero_stage": zero_stage})
    assert memory_habits(layout, None) is HABITS[software]
    assert memory_habits(layout, "xla") is HABITS["xla"]
