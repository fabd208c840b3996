import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning import loss_nats
from clustersim.learning.loss.forms import FORMS, gadre_loss_nats, joint_loss_nats, kaplan_loss_nats

SIZES, LENGTHS = st.floats(1e7, 1e13), st.floats(1e8, 1e14)
POWERS, SCALES = st.floats(0.05, 0.8), st.floats(1.0, 1e5)


@given(SIZES, LENGTHS, SCALES, SCALES, POWERS, POWERS)
def test_hoffmann_is_the_joint_form_with_gamma_one(size, length, a, b, alpha, beta):
    joint = joint_loss_nats(np.array([1.7, a, b, alpha, beta, 1.0]), size, length)
    assert float(joint) == pytest.approx(float(loss_nats(np.array([1.7, a, b, alpha, beta]), size, length)), rel=1e-12)


@given(SIZES, LENGTHS, st.floats(0.03, 0.4), st.floats(0.03, 0.4))
def test_kaplan_is_the_joint_form_with_gamma_equal_to_beta(size, length, size_power, data_power):
    published = kaplan_loss_nats(
        size, length, size_scale=6.4e13, data_scale=1.8e13, size_power=size_power, data_power=data_power, floor_nats=0.5
    )
    a, b = 6.4e13**size_power, 1.8e13**data_power
    joint = joint_loss_nats(np.array([0.5, a, b, size_power, data_power, data_power]), size, length)
    assert float(joint) == pytest.approx(published, rel=1e-9)


@given(SIZES, LENGTHS, SCALES, SCALES, st.floats(0.05, 0.4))
def test_gadre_is_hoffmann_with_equal_exponents(size, length, a, b, eta):
    published = gadre_loss_nats(6.0 * size * length, length / size, floor_nats=1.5, size=a, data=b, eta=eta)
    same = np.array([1.5, a / 6.0**eta, b / 6.0**eta, 2.0 * eta, 2.0 * eta])
    assert float(loss_nats(same, size, length)) == pytest.approx(published, rel=1e-9)


def test_kaplan_as_published():
    # arXiv 2001.08361, table 2: GPT-2 of 1.5B on 22B tokens of WebText2, by hand
    # [(6.4e13 / 1.5e9)**(0.076 / 0.103) + 1.8e13 / 2.2e10]**0.103 = (2600.4 + 818.2)**0.103 = 2.312.
    published = {"size_scale": 6.4e13, "data_scale": 1.8e13, "size_power": 0.076, "data_power": 0.103}
    assert kaplan_loss_nats(1.5e9, 22e9, **published) == pytest.approx(2.312, abs=1e-3)


@given(SIZES, LENGTHS, st.floats(0.1, 1.0))
def test_each_shortage_alone_gives_its_own_term_whatever_gamma(size, length, gamma):
    coefficients = np.array([1.5, 300.0, 200.0, 0.3, 0.25, gamma])
    assert float(joint_loss_nats(coefficients, size, 1e120)) == pytest.approx(1.5 + 300.0 * size**-0.3, rel=1e-6)
    assert float(joint_loss_nats(coefficients, 1e120, length)) == pytest.approx(1.5 + 200.0 * length**-0.25, rel=1e-6)


def test_forms_name_their_papers():
    assert set(FORMS) == {"hoffmann", "gadre", "kaplan_floor", "joint", "kaplan"}
    for form in FORMS.values():
        assert form.formula
        assert "20" in form.reference


def test_a_large_scale_does_not_overflow():
    assert math.isfinite(float(joint_loss_nats(np.array([1.0, 1e60, 1e60, 3.0, 3.0, 0.05]), 1e9, 1e11)))
