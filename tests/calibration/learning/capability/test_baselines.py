import numpy as np
import pytest

from clustersim.calibration.learning.capability.baselines import fit_logistic, fit_step, leave_one_family_out
from clustersim.learning.capability.law import logistic
from tests.calibration.learning.capability.tables import made_up, published


def scored(scores, fit):
    error = leave_one_family_out(scores, fit) - scores.score
    return float(np.sqrt(np.mean(np.square(error))))


def like(scores, values):
    return type(scores)(**{**{name: getattr(scores, name) for name in scores.__slots__}, "score": values})


def test_a_plain_logistic_is_recovered():
    scores = made_up()
    exact = like(scores, 0.25 + 0.75 * logistic(1.7 * scores.compute - 0.4))
    assert fit_logistic(exact)(exact) == pytest.approx(exact.score, abs=1e-3)


def test_a_step_is_recovered():
    scores = made_up()
    exact = like(scores, np.where(scores.compute < 0.3, 0.25, 0.8))
    assert fit_step(exact)(exact) == pytest.approx(exact.score)
    assert scored(exact, fit_step) < scored(exact, fit_logistic)


@pytest.mark.parametrize(
    ("task", "logistic_rmse"), [("bigbench_arithmetic_3ds", 0.166), ("bigbench_word_unscrambling", 0.053)]
)
def test_the_quick_fit_is_reproduced_and_beats_a_hard_step(task, logistic_rmse):
    # Worked out apart from this code: 0.166 with a plain logistic for subtraction of three digits, 0.255 with a step.
    scores = published()[task]
    assert scored(scores, fit_logistic) == pytest.approx(logistic_rmse, abs=0.005)
    assert scored(scores, fit_step) > 1.4 * logistic_rmse
