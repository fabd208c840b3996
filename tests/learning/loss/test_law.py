from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.catalog import UnknownEntry, entries
from clustersim.learning import LossLaw, loss_law, loss_nats
from clustersim.learning.loss.forms import joint_loss_nats

BESIROGLU = np.array([1.8172, 482.01, 2085.43, 0.3478, 0.3658])
LADDER = ("pile", "c4", "wikitext", "common-crawl", "code")
OVERTRAINED = ("c4", "redpajama", "refinedweb")
LAWS = (
    *(f"olmo-ladder-{one}" for one in LADDER),
    *(f"overtrained-{one}" for one in OVERTRAINED),
    "chinchilla-besiroglu",
)


def test_the_law_is_the_sum_of_its_three_terms():
    coefficients = np.array([1.5, 4.0, 9.0, 0.5, 0.5])
    assert float(loss_nats(coefficients, 16.0, 81.0)) == pytest.approx(1.5 + 4.0 / 4.0 + 9.0 / 9.0, rel=1e-15)


def test_chinchilla_70b_as_published():
    # By hand: 1.8172 + 482.01 / 70e9**0.3478 + 2085.43 / 1.4e12**0.3658 = 1.8172 + 0.0815 + 0.0752.
    assert float(loss_nats(BESIROGLU, 70e9, 1.4e12)) == pytest.approx(1.9739, abs=1e-4)


def test_draws_and_tokens_broadcast():
    coefficients = np.tile(BESIROGLU, (3, 1))
    assert loss_nats(coefficients, 1e9, 1e11).shape == (3,)
    assert loss_nats(coefficients[:, None, :], 1e9, np.array([1e10, 1e11])).shape == (3, 2)


@given(
    parameters=st.floats(1e7, 1e13),
    tokens=st.floats(1e9, 1e14),
    factor=st.floats(1.1, 1e3),
    name=st.sampled_from(LAWS),
)
def test_more_parameters_and_more_tokens_never_hurt_and_never_pass_the_floor(parameters, tokens, factor, name):
    draws = loss_law(name).draws
    loss = joint_loss_nats(draws, parameters, tokens)
    assert np.all(joint_loss_nats(draws, parameters * factor, tokens) <= loss)
    assert np.all(joint_loss_nats(draws, parameters, tokens * factor) <= loss)
    assert np.all(loss > draws[:, 0])


@pytest.mark.parametrize("name", LAWS)
def test_catalogue_laws_are_complete(name):
    law = loss_law(name)
    assert law.name == name
    assert law.draws.shape == (300, 6)
    assert len(law.forms) == 300
    assert sum(law.weights.values()) == pytest.approx(1.0)
    assert np.all(law.draws > 0.0)
    assert law.corpus
    assert law.tokenizer
    assert 1e8 < law.min_tokens < law.max_tokens
    assert 0.001 < law.residual_error < 0.02
    assert 0.0005 < law.scatter < 0.02


@pytest.mark.parametrize("name", LAWS[:-1])
def test_a_law_without_a_floor_missed_the_runs_held_out_and_is_left_out(name):
    law = loss_law(name)
    assert "kaplan" not in law.forms
    assert law.rejected["kaplan"][0] == 0.0
    best = min(law.held_out_errors.values())
    assert law.held_out_errors["kaplan"] > (3.0 if "ladder" in name else 1.5) * best
    assert law.held_out_errors["joint"] == best


def test_every_law_of_the_catalogue_is_tested_here():
    assert set(entries("loss_laws")) == set(LAWS)


def test_an_unknown_law_names_the_nearest():
    with pytest.raises(UnknownEntry, match="olmo-ladder-pile"):
        loss_law("olmo-ladder-pyle")


def law_with_residual(error: float = 0.01) -> LossLaw:
    known = loss_law("olmo-ladder-c4")
    return replace(known, max_flops=6e21, residual_error=error, residual_decades=2.0)


def test_decades_beyond_count_compute():
    law = law_with_residual()
    assert law.decades_beyond(1e10, 1e11) == pytest.approx(0.0, abs=1e-12)
    assert law.decades_beyond(1e9, 1e11) == 0.0
    assert law.decades_beyond(1e11, 1e13) == pytest.approx(3.0)


def test_the_residual_holds_as_far_as_it_was_seen_and_grows_in_proportion_beyond():
    law = law_with_residual(0.01)
    assert law.residual_sigma(1e9, 1e10) == 0.01
    assert law.residual_sigma(1e11, 1e12) == pytest.approx(0.01)  # two decades: where it was seen
    assert law.residual_sigma(1e12, 1e13) == pytest.approx(0.02)  # four decades
