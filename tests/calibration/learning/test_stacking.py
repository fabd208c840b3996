import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.calibration.learning.runs import Runs
from clustersim.calibration.learning.stacking import allotted, judge, splits
from clustersim.learning.loss.forms import joint_loss_nats
from tests.calibration.learning.test_form_fit import TRUTHS, made

FORMS = ("hoffmann", "gadre", "kaplan_floor", "joint")


def noisy(form: str, noise: float, seed: int) -> Runs:
    runs = made(form)
    return runs._replace(loss_nats=runs.loss_nats * np.exp(noise * np.random.default_rng(seed).standard_normal(25)))


def test_a_split_predicts_only_what_lies_above_what_it_is_fitted_to():
    runs = made("hoffmann")
    found = splits(runs)
    assert [split.by_size for split in found].count(True) == 2
    for split in found:
        assert not np.any(split.fit & split.test)
        assert np.all(split.fit | split.test)
        if split.by_size:
            assert runs.parameters[split.fit].max() < runs.parameters[split.test].min()
        assert np.all(split.decades(runs) >= 0.0)


@pytest.mark.parametrize("form", ["hoffmann", "kaplan_floor"])
def test_the_true_form_gets_the_weight(form):
    judged = judge([noisy(form, 0.002, seed) for seed in (1, 2)], FORMS, 1, ("kaplan",))
    assert sum(judged.weights.values()) == pytest.approx(1.0)
    false = {"hoffmann": "kaplan_floor", "kaplan_floor": "hoffmann"}[form]
    assert judged.weights[form] > 2.0 * judged.weights[false]
    assert judged.errors[form] < judged.errors[false]
    assert "kaplan" not in judged.weights
    assert judged.errors["kaplan"] > judged.errors[form]


def test_more_noise_leaves_a_wider_forecast():
    quiet, loud = (judge([noisy("hoffmann", noise, 3)], FORMS, 1) for noise in (0.001, 0.01))
    assert loud.errors["hoffmann"] > 3.0 * quiet.errors["hoffmann"]
    assert quiet.residual_error < 0.02
    assert quiet.coverage >= 0.9


def test_too_few_runs_are_refused():
    runs = made("hoffmann")
    with pytest.raises(ValueError, match="too few runs"):
        judge([runs.where(runs.parameters < 3e8)], FORMS, 1)


def test_the_truth_of_the_joint_form_is_inside_its_own_interval():
    judged = judge([noisy("joint", 0.002, 5)], FORMS, 1)
    assert judged.weights["joint"] == max(judged.weights.values())
    assert float(joint_loss_nats(np.array(TRUTHS["joint"]), 1e10, 1e12)) > 1.5


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=6), st.integers(1, 400))
def test_draws_are_allotted_to_the_last_one(shares, draws):
    weights = {str(i): share / sum(shares) for i, share in enumerate(shares)}
    counts = allotted(weights, draws)
    assert sum(counts.values()) == draws
    assert all(abs(counts[name] - weight * draws) < 1.0 for name, weight in weights.items())
