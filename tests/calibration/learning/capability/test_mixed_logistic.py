import numpy as np
import pytest

from clustersim.calibration.learning.capability.mixed_logistic import coefficients_of, fit_locations
from clustersim.calibration.learning.capability.spread import fit_spread, log_likelihood
from clustersim.learning.capability.law import Spread
from tests.calibration.learning.capability.tables import TRUTH, made_up

SPREAD = Spread(0.8, 0.2, 0.04)


def fitted(scores, weights=None, spread=SPREAD):
    counts = np.ones((1, len(scores.families))) if weights is None else weights
    return coefficients_of(fit_locations(scores, counts, spread), scores.floor)


def test_a_known_law_is_recovered():
    slope, tokens_slope, intercept, ceiling = fitted(made_up(families=60))[0].tolist()
    assert slope == pytest.approx(TRUTH[0], abs=0.25)
    assert tokens_slope == pytest.approx(TRUTH[1], abs=0.25)
    assert intercept == pytest.approx(TRUTH[2], abs=4.0 * 0.8 / 60**0.5)
    assert ceiling == pytest.approx(TRUTH[3], abs=0.05)


def test_a_family_drawn_twice_counts_as_two_families():
    scores = made_up(families=8)
    weights = np.array([[2.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]])
    first = scores.family == 0
    kept = scores.family != 1
    doubled = scores.where(kept)
    again = scores.where(first)
    both = type(scores)(
        compute=np.concatenate([doubled.compute, again.compute]),
        ratio=np.concatenate([doubled.ratio, again.ratio]),
        score=np.concatenate([doubled.score, again.score]),
        family=np.concatenate([doubled.family, np.full(int(first.sum()), 1)]),
        families=scores.families,
        models=doubled.models + again.models,
        floor=scores.floor,
    )
    assert fitted(scores, weights)[0] == pytest.approx(fitted(both)[0], abs=2e-3)


def test_fits_side_by_side_are_those_one_at_a_time():
    scores = made_up(families=10)
    weights = 1.0 - np.eye(10)
    together = fitted(scores, weights)
    for row in (0, 7):
        assert together[row] == pytest.approx(fitted(scores, weights[row : row + 1])[0], abs=2e-3)


def test_one_absurd_model_does_not_move_the_fit():
    scores = made_up()
    spoilt = scores.score.copy()
    spoilt[int(np.argmax(scores.compute))] = 0.25
    moved = fitted(type(scores)(**{**{f: getattr(scores, f) for f in scores.__slots__}, "score": spoilt}))[0]
    assert moved[:3] == pytest.approx(fitted(scores)[0][:3], abs=0.25)


def test_families_that_are_left_empty_are_renumbered():
    scores = made_up(families=5)
    left = scores.where(scores.family != 2).renumbered()
    assert left.families == ("F0", "F1", "F3", "F4")
    assert sorted(set(left.family.tolist())) == [0, 1, 2, 3]
    assert [left.families[n] for n in left.family] == [f"F{n}" for n in scores.family if n != 2]


def test_the_spread_between_families_is_found():
    near, far = (fit_spread(made_up(families=30, offset_sd=sd))[1] for sd in (0.3, 1.2))
    # Scales of Student's t: a normal of standard deviation s looks like one of about 0.8 s.
    assert near.family == pytest.approx(0.8 * 0.3, rel=0.4)
    assert far.family == pytest.approx(0.8 * 1.2, rel=0.4)


def test_the_likelihood_is_highest_near_the_truth():
    scores = made_up(families=40)
    theta = np.array([*TRUTH[:3], np.log(0.65 / 0.10)])
    best = log_likelihood(scores, theta, SPREAD)
    for off in np.diag([0.8, 0.8, 1.0, -1.5]):
        assert log_likelihood(scores, theta + off, SPREAD) < best - 4.0
