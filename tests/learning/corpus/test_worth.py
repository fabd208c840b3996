"""Repeats and quality, as a loss law and the laws of capability meet them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning.corpus import effective_tokens, worth_to_law, worth_to_scores
from clustersim.scenario.schema.corpus import Corpus

LAW = "olmo-ladder-pile"
BETTER = {"low": 1.67, "mode": 2.2, "high": 2.9, "over": "MAP-Neo"}


def repeated(unique: float, **quality: object) -> Corpus:
    sources = {"all": {"share": 1.0, "unique": f"{unique!r} tokens"}}
    return Corpus.model_validate({"mix": {"sources": sources}, "quality": quality})


def test_fresh_tokens_of_no_special_worth_change_nothing() -> None:
    assert worth_to_law(None, 1e12, LAW) is None
    assert worth_to_law(Corpus(), 1e12, LAW) is None
    assert worth_to_law(repeated(1e12), 1e12, LAW) is None
    assert worth_to_scores(repeated(1e12, **BETTER), 1e12) is None


@given(unique=st.floats(1e10, 9e11))
def test_repeats_are_worth_what_the_data_constrained_law_says(unique: float) -> None:
    for found in (worth_to_law(repeated(unique), 1e12, LAW), worth_to_scores(repeated(unique), 1e12)):
        assert found is not None
        assert float(found.median(1e12)) == pytest.approx(effective_tokens(unique, 1e12), rel=0.01)
        assert float(found.median(0.5 * unique)) == pytest.approx(0.5 * unique, rel=1e-3)
        ends = found.factor([1e12], np.array([-1.0, 0.0, 1.0]))[:, 0]
        assert ends[0] < ends[1] < ends[2] <= 1.0


def test_a_factor_moves_the_law_it_is_said_to_go_with_and_scores_only_where_asked() -> None:
    found = worth_to_law(repeated(1e13, **BETTER, law=LAW), 1e12, LAW)
    assert found is not None
    assert float(found.median(1e12)) == pytest.approx(2.2e12)
    assert [found.low[0], found.high[0]] == pytest.approx([1.67, 2.9])
    assert worth_to_law(repeated(1e13, **BETTER, law="olmo-ladder-c4"), 1e12, LAW) is None
    scores = worth_to_scores(repeated(1e13, **BETTER, scores=True), 1e12)
    assert scores is not None
    assert float(scores.median(1e12)) == pytest.approx(2.2e12)


def test_repeats_and_quality_meet() -> None:
    found = worth_to_law(repeated(2.5e11, **BETTER, law=LAW), 1e12, LAW)
    assert found is not None
    assert float(found.median(1e12)) == pytest.approx(2.2 * effective_tokens(2.5e11, 1e12), rel=0.01)
