"""The recipe of a training as it is written."""

import pytest

import clustersim as cs
from clustersim.run.records import LOSS_SPIKE
from tests.scenarios.conftest import SCENARIOS

QUICKSTART = SCENARIOS / "quickstart.yaml"


def recipe_of(written: str) -> object:
    return cs.load(QUICKSTART, [f"training.optimizer={{recipe: {written}}}"]).scenario.training.optimizer.recipe


def test_no_recipe_is_none():
    assert cs.load(QUICKSTART).scenario.training.optimizer.recipe is None


def test_it_is_a_name_or_a_name_with_changes():
    classic, changed = recipe_of("classic"), recipe_of("{like: classic, rewind: 7}")
    assert getattr(classic, "rewind", None) == 100
    assert getattr(changed, "rewind", None) == 7
    assert getattr(changed, "spikes_per_trillion_tokens", 0.0) == getattr(classic, "spikes_per_trillion_tokens", 1.0)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("modren", "did you mean 'modern'"),
        ("{like: modern, spike_shape: 0}", "spike_shape"),
        ("{like: modern, spikes_per_trillion_tokens: -1}", "spikes_per_trillion_tokens"),
        ("{like: modern, divergence: 120 %}", "divergence"),
        ("{like: modern, spikes: 3}", "unknown key"),
    ],
)
def test_what_is_wrong_is_said(written: str, message: str):
    with pytest.raises(cs.ScenarioError, match=message):
        recipe_of(written)


def test_a_planned_stop_may_not_have_the_name_of_its_spikes():
    stop = f"maintenance=[{{kind: random, name: {LOSS_SPIKE}, mean_interval: 8 h, duration: 30 min}}]"
    with pytest.raises(cs.ScenarioError, match=r"also the name at training\.optimizer\.recipe"):
        cs.load(QUICKSTART, [stop, "training.optimizer={recipe: modern}"])
    assert cs.load(QUICKSTART, [stop]).run_plan.maintenance[0].name == LOSS_SPIKE
