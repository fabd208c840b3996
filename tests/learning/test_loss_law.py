import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.catalog import UnknownEntry, entries
from clustersim.learning import LossLaw, loss_law, loss_nats

BESIROGLU = np.array([1.8172, 482.01, 2085.43, 0.3478, 0.3658])
LAWS = ("olmo-ladder-pile", "olmo-ladder-c4", "chinchilla-besiroglu")


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
    best = loss_law(name).best
    loss = float(loss_nats(best, parameters, tokens))
    assert float(loss_nats(best, parameters * factor, tokens)) < loss
    assert float(loss_nats(best, parameters, tokens * factor)) < loss
    assert loss > best[0]


@pytest.mark.parametrize("name", LAWS)
def test_catalogue_laws_are_complete(name):
    law = loss_law(name)
    assert law.name == name
    assert law.draws.shape == (400, 5)
    assert np.all(law.draws > 0.0)
    assert law.corpus
    assert law.tokenizer
    assert 1e9 < law.min_tokens < law.max_tokens
    assert 0.0 < law.form_error < 0.02


def test_every_law_of_the_catalogue_is_tested_here():
    assert set(entries("loss_laws")) == set(LAWS)


def test_an_unknown_law_names_the_nearest():
    with pytest.raises(UnknownEntry, match="olmo-ladder-pile"):
        loss_law("olmo-ladder-pyle")


def law_with_form_error(form_error: float = 0.01) -> LossLaw:
    return LossLaw("x", "text", "bytes", "all", BESIROGLU, BESIROGLU[None], 1e9, 1e10, 1e11, 6e21, form_error, 2.0)


def test_decades_beyond_count_compute():
    law = law_with_form_error()
    assert law.decades_beyond(1e10, 1e11) == pytest.approx(0.0, abs=1e-12)
    assert law.decades_beyond(1e9, 1e11) == 0.0
    assert law.decades_beyond(1e11, 1e13) == pytest.approx(3.0)


def test_form_error_holds_as_far_as_it_was_measured_and_grows_in_proportion_beyond():
    law = law_with_form_error(0.01)
    assert law.form_sigma(1e9, 1e10) == 0.01
    assert law.form_sigma(1e11, 1e12) == pytest.approx(0.01)  # two decades: where it was measured
    assert law.form_sigma(1e12, 1e13) == pytest.approx(0.02)  # four decades
