"""Learning rates against their closed forms."""

import math

import pytest

from validation.gpt.config import Training
from validation.gpt.schedules import learning_rate

PEAK = 0.02


def training(**changes: object) -> Training:
    values: dict[str, object] = {"steps": 100, "learning_rate": PEAK, "min_learning_rate_fraction": 0.1}
    return Training(sequence_length=8, micro_batch=1, global_batch=1, **(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("schedule", ["cosine", "wsd", "constant"])
def test_warm_up_is_a_line_through_zero_to_the_peak(schedule: str) -> None:
    train = training(schedule=schedule, warmup_steps=10, decay_steps=20 if schedule == "wsd" else 0)
    assert [learning_rate(train, step) for step in range(1, 11)] == pytest.approx(
        [PEAK * step / 10 for step in range(1, 11)]
    )


def test_cosine_between_peak_and_floor() -> None:
    train = training(schedule="cosine", warmup_steps=20)
    assert learning_rate(train, 20) == PEAK
    assert learning_rate(train, 60) == pytest.approx((PEAK + 0.1 * PEAK) / 2)  # half way
    assert learning_rate(train, 40) == pytest.approx(
        0.1 * PEAK + 0.9 * PEAK * (1 + math.sqrt(0.5)) / 2
    )  # an eighth turn
    assert learning_rate(train, 100) == pytest.approx(0.1 * PEAK)


def test_without_warm_up_the_first_step_is_already_below_the_peak() -> None:
    assert learning_rate(training(schedule="cosine"), 1) == pytest.approx(
        0.1 * PEAK + 0.45 * PEAK * (1 + math.cos(math.pi / 100))
    )


def test_stable_then_a_straight_decay() -> None:
    train = training(schedule="wsd", warmup_steps=10, decay_steps=20)
    assert {learning_rate(train, step) for step in range(10, 81)} == {PEAK}
    assert learning_rate(train, 90) == pytest.approx(0.55 * PEAK)
    assert learning_rate(train, 100) == pytest.approx(0.1 * PEAK)


def test_constant() -> None:
    train = training(schedule="constant", warmup_steps=2)
    assert {learning_rate(train, step) for step in range(2, 101)} == {PEAK}
