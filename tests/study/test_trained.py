"""The plan's model as capability laws ask for it."""

import numpy as np
import pytest

from clustersim.learning.corpus import effective_tokens
from clustersim.study.trained import trained_after, training_flops
from clustersim.workload.parameters import count_parameters
from tests.study.test_learning_outlook import scenario

REPEATED = {"mix": {"sources": {"all": {"share": 1.0, "unique": "400B tokens"}}}}


def test_fresh_tokens_count_six_for_each_parameter_they_meet() -> None:
    plan = scenario("mixtral-8x7b", {})
    active = count_parameters(plan.model).active
    found = trained_after(plan)
    assert found(None) == (active, 4e12, pytest.approx(6.0 * active * 4e12))
    assert found(1e12).compute == pytest.approx(6.0 * active * 1e12)
    assert training_flops(plan)([1e11, 2e11]) == pytest.approx(6.0 * active * np.array([1e11, 2e11]))


def test_repeats_count_as_what_they_are_worth() -> None:
    plan = scenario("olmo2-7b", {}, REPEATED)
    active = count_parameters(plan.model).active
    assert trained_after(plan)(None).compute == pytest.approx(6.0 * active * effective_tokens(4e11, 4e12), rel=0.01)
    assert trained_after(plan)(None).tokens == 4e12
