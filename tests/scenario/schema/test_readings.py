import pytest
from pydantic import ValidationError

from clustersim.scenario.schema.readings import CLAIMED_QUANTITIES, Claim


def claim(**values: object) -> Claim:
    return Claim.model_validate({"source": "somebody", **values})


@pytest.mark.parametrize(
    ("values", "bounds"),
    [
        ({"quantity": "gpu_time", "equals": "1M GPU-hours"}, (3.6e9, 3.6e9)),
        ({"quantity": "steps", "equals": "1.2M"}, (1.2e6, 1.2e6)),
        ({"quantity": "steps", "equals": 30}, (30.0, 30.0)),
        ({"quantity": "wall_time", "at_least": "1 day"}, (86400.0, None)),
        ({"quantity": "loss", "at_most": 2.5, "at": "1T tokens"}, (None, 2.5)),
        ({"quantity": "effective_training_time", "at_least": 0.9, "at_most": "95 %"}, (0.9, 0.95)),
        ({"quantity": "steps", "equals": 30, "at_least": 28, "at_most": 32}, (28.0, 32.0)),
    ],
)
def test_a_claim_has_bounds_in_si(values: dict[str, object], bounds: tuple[float | None, float | None]) -> None:
    assert claim(**values).bounds() == bounds


def test_a_claim_of_one_number_has_a_value() -> None:
    assert claim(quantity="gpu_time", equals="1M GPU-hours").value() == 3.6e9
    assert claim(quantity="steps", equals=30, at_least=28, at_most=32).value() == 30.0
    assert claim(quantity="steps", at_least=28, at_most=32).value() is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"quantity": "gpu_time", "equals": 30}, "'30' has no unit: write e.g. 30.84M GPU-hours"),
        ({"quantity": "gpu_time", "equals": "30 days"}, "unknown unit .days., did you mean .GPU-days."),
        ({"quantity": "steps", "equals": "many"}, "'many' is not a number"),
        ({"quantity": "steps"}, "give either equals, or at_least and/or at_most"),
        (
            {"quantity": "steps", "equals": 1, "at_most": 2},
            "give both ends of its band, at_least and at_most, or neither",
        ),
        (
            {"quantity": "steps", "equals": 1, "at_least": 2, "at_most": 3},
            "equals 1.0 lies outside its band, 2.0 to 3.0",
        ),
        (
            {"quantity": "planned_interruptions", "equals": 1, "components": ("gpu",)},
            "'components' goes with the quantity unexpected_interruptions, not with planned_interruptions",
        ),
        (
            {"quantity": "unexpected_interruptions", "equals": 1, "components": ("gpus",)},
            "Input should be 'gpu', 'hbm'",
        ),
        ({"quantity": "steps", "at_least": 3, "at_most": 2}, "at_least 3.0 is more than at_most 2.0"),
        (
            {"quantity": "steps", "equals": 1, "at": "1T tokens"},
            "'at' goes with the quantity loss or cost_of_a_tenth or score, not with steps",
        ),
        (
            {"quantity": "loss", "equals": 1, "benchmark": "GSM8K"},
            "'benchmark' goes with the quantity score or transition, not with loss",
        ),
        (
            {"quantity": "transition", "at_most": 1, "benchmark": "GSM8K", "parameters": 1e9},
            "'parameters' goes with the quantity score, not with transition",
        ),
        (
            {"quantity": "score", "at_least": "10 %", "benchmark": "GSM8K", "parameters": 1e9},
            "'parameters' of another model need the tokens it was trained on, 'at'",
        ),
        ({"quantity": "loss", "equals": 1, "part": "web"}, "'part' goes with the quantity corpus_share, not with loss"),
        ({"quantity": "score", "at_least": "10 %"}, "the quantity score needs 'benchmark'"),
        (
            {"quantity": "score", "at_least": "10 %", "benchmark": "GSM8K", "phase": "main"},
            "score is of no phase: a moment of the run is the tokens trained by then, 'at'",
        ),
        ({"quantity": "loss", "equals": 1, "window": "w"}, "loss is of no window: a moment of the run is"),
        ({"quantity": "corpus_share", "equals": "10 %"}, "the quantity corpus_share needs 'part'"),
        ({"quantity": "step", "equals": 1}, "Input should be"),
        ({"quantity": "steps", "equals": True}, "Input should be a valid"),
    ],
)
def test_a_claim_makes_sense(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        claim(**values)


def test_every_claimed_quantity_is_a_choice() -> None:
    for quantity in CLAIMED_QUANTITIES:
        with pytest.raises(ValidationError, match="give either equals"):
            claim(quantity=quantity)
