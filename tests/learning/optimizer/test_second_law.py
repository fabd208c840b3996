"""Another schedule by the multi-power law, worked out over stretches."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustersim.learning.loss.multi_power import multi_power_loss
from clustersim.learning.loss.schedule_laws import largest_area, multi_power_laws
from clustersim.learning.optimizer.schedules import Schedule, share
from clustersim.learning.optimizer.second_law import beyond_the_laws, multi_power_change

COSINE = Schedule("cosine", 24_000.0, 2_160.0, floor=0.1)
KINDS = ("cosine", "linear", "wsd", "constant")


def change_step_by_step(model: str, variant: Schedule) -> float:
    law, at = multi_power_laws()[model], np.arange(24_000) + 0.5
    base, other = (multi_power_loss(law, share(one, at), [24_000])[0] for one in (COSINE, variant))
    return float(other / base - 1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_stretches_say_what_steps_say(kind: str) -> None:
    variant = replace(COSINE, kind=kind, floor=0.02)
    found = multi_power_change(COSINE, variant, 1.0)
    each = sorted(change_step_by_step(model, variant) for model in multi_power_laws())
    assert [found["low"], found["middle"], found["high"]] == pytest.approx(each, abs=2e-4)


def test_the_plan_itself_changes_nothing() -> None:
    assert multi_power_change(COSINE, COSINE, 2.0) == {"low": 0.0, "middle": 0.0, "high": 0.0}


@settings(max_examples=25)
@given(kind=st.sampled_from(KINDS[:3]), floor=st.floats(0.0, 0.3), steps=st.floats(2e4, 2e6))
def test_never_to_come_down_is_worst(kind: str, floor: float, steps: float) -> None:
    decays = Schedule(kind, steps, 0.02 * steps, floor=floor)
    found = multi_power_change(decays, replace(decays, kind="constant"), 2.0)
    assert 0.0 < found["low"] <= found["middle"] <= found["high"] < 0.4


def test_how_far_beyond_the_laws_a_schedule_lies() -> None:
    constant = Schedule("constant", 10.0 * largest_area(), 0.0)
    assert beyond_the_laws(constant) == pytest.approx(10.0)
