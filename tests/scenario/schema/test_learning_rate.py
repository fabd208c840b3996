import pytest
from pydantic import ValidationError

from clustersim.scenario.schema.learning_rate import LearningRate

POINT = {"at": "1T tokens", "share": "30 %"}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"schedule": "wsd", "cooldown_share": "10 %", "cooldown": "exponential"},
        {"schedule": "linear", "floor": "0 %"},
        {"schedule": "drops", "points": (POINT,)},
        {"schedule": "constant", "warmup_steps": 0.0},
    ],
)
def test_what_goes_together(settings):
    assert LearningRate.model_validate(settings).schedule == settings.get("schedule", "cosine")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"schedule": "cosine", "cooldown": "linear"}, "'cooldown' goes with the schedule wsd, not with cosine"),
        ({"schedule": "constant", "floor": "5 %"}, "'floor' goes with the schedule cosine or wsd or linear"),
        ({"points": (POINT,)}, "'points' goes with the schedule drops or points"),
        ({"schedule": "points"}, "takes 'points', e.g."),
        ({"schedule": "drops", "points": (POINT, POINT)}, "rising order of tokens: 1T stands before 1T tokens"),
        ({"warmup_steps": 10.0, "warmup_tokens": "1B tokens"}, "either 'warmup_steps' or 'warmup_tokens'"),
        ({"schedule": "wsd", "cooldown": "exponential", "floor": "0 %"}, "never reaches zero"),
        ({"peak": 0.0}, "greater than 0"),
        ({"floor": "120 %"}, "less than or equal to 1"),
    ],
)
def test_what_does_not(settings, said):
    with pytest.raises(ValidationError, match=said):
        LearningRate.model_validate(settings)


@pytest.mark.parametrize("kind", ["cosine", "wsd", "linear", "constant"])
def test_what_is_resolved_loads_again(kind):
    rate = LearningRate(schedule=kind)
    assert LearningRate.model_validate({name: getattr(rate, name) for name in LearningRate.model_fields}) == rate
