import numpy as np
import pytest

from clustersim.calibration.learning.form_fit import SHAPES, bootstrap_form, fit_form
from clustersim.calibration.learning.runs import Runs
from clustersim.learning.loss.forms import FORMS, joint_loss_nats

TRUTHS = {
    "hoffmann": (1.7, 300.0, 500.0, 0.33, 0.28, 1.0),
    "gadre": (1.7, 300.0, 500.0, 0.3, 0.3, 1.0),
    "kaplan_floor": (1.5, 250.0, 120.0, 0.3, 0.22, 0.22),
    "joint": (1.5, 250.0, 120.0, 0.3, 0.22, 0.4),
    "kaplan": (0.0, 12.0, 20.0, 0.08, 0.1, 0.1),
}


def made(form: str) -> Runs:
    sizes, lengths = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e8, 4e9, 5), np.geomspace(2e9, 6e11, 5)))
    return Runs(sizes, lengths, joint_loss_nats(np.array(TRUTHS[form]), sizes, lengths))


@pytest.mark.parametrize("form", FORMS)
def test_a_known_law_is_recovered(form):
    assert fit_form(form, made(form)) == pytest.approx(np.array(TRUTHS[form]), rel=1e-3, abs=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_a_fit_keeps_what_its_form_ties(form):
    runs = made("joint")
    _, _, _, alpha, beta, gamma = fit_form(form, runs)
    ties = {
        "hoffmann": gamma == 1.0,
        "gadre": alpha == beta and gamma == 1.0,
        "kaplan_floor": gamma == beta,
        "joint": True,
        "kaplan": gamma == beta and fit_form(form, runs)[0] == 0.0,
    }
    assert ties[form]
    assert SHAPES[form].matrix.shape[1] == FORMS[form].parameters


def test_the_form_that_is_true_fits_best():
    runs = made("joint")
    misses = {
        form: np.abs(np.log(joint_loss_nats(fit_form(form, runs), runs.parameters, runs.tokens) / runs.loss_nats)).max()
        for form in FORMS
    }
    assert min(misses, key=lambda form: misses[form]) == "joint"
    assert misses["kaplan"] > 10.0 * misses["joint"]


def test_one_wild_run_does_not_move_the_fit():
    runs = made("hoffmann")
    loss = runs.loss_nats.copy()
    loss[12] *= 1.2
    found = fit_form("hoffmann", runs._replace(loss_nats=loss))
    truth = float(joint_loss_nats(np.array(TRUTHS["hoffmann"]), 405e9, 15.6e12))
    assert float(joint_loss_nats(found, 405e9, 15.6e12)) == pytest.approx(truth, rel=2e-3)


def test_the_bootstrap_spreads_as_the_noise_does():
    runs, generator = made("kaplan_floor"), np.random.default_rng(1)
    spreads = []
    for noise in (0.001, 0.004):
        noisy = runs._replace(loss_nats=runs.loss_nats * np.exp(noise * generator.standard_normal(25)))
        draws = bootstrap_form("kaplan_floor", noisy, 60, np.random.default_rng(2), ridge=1e-4)
        assert draws.shape == (60, 6)
        spreads.append(float(np.log(joint_loss_nats(draws, 1e11, 1e13)).std()))
    assert 2.0 < spreads[1] / spreads[0] < 8.0


def test_two_sizes_lean_to_the_usual_exponent():
    runs = made("hoffmann")
    few = runs.where(np.isin(runs.parameters, np.unique(runs.parameters)[:2]))
    assert 0.1 < fit_form("hoffmann", few, ridge=1e-3)[3] < 0.6
