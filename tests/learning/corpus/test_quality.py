"""A factor on effective tokens is never used unasked."""

import pytest
from pydantic import ValidationError

from clustersim.learning.corpus import quality_shift
from clustersim.learning.corpus.quality import score_shift
from clustersim.scenario.schema.corpus import Corpus, CorpusQuality

LAW = "olmo-ladder-pile"
BETTER = {"low": 1.67, "mode": 2.2, "high": 2.9, "over": "MAP-Neo", "measured_by": "MMLU"}


def test_by_default_a_token_is_a_token() -> None:
    shift = quality_shift(Corpus().quality, LAW)
    assert shift.factor == shift.applied == (1.0, 1.0, 1.0)


def test_a_published_factor_is_stated_and_not_applied_to_the_law_of_another_corpus() -> None:
    shift = quality_shift(Corpus.model_validate("dclm-baseline").quality, LAW)
    assert shift.factor == (1.67, 2.2, 2.9)
    assert shift.applied == (1.0, 1.0, 1.0)
    assert f"it is not applied to the law '{LAW}'" in shift.why


def test_a_user_may_say_which_law_it_goes_with() -> None:
    quality = CorpusQuality(**BETTER, law=LAW)
    assert quality_shift(quality, LAW).applied == (1.67, 2.2, 2.9)
    assert quality_shift(quality, "another").applied == (1.0, 1.0, 1.0)


def test_it_says_where_the_factor_goes() -> None:
    both, scores = CorpusQuality(**BETTER, law=LAW, scores=True), CorpusQuality(**BETTER, scores=True)
    compute = "to the training compute that scores are read at"
    assert quality_shift(both, LAW).why.endswith(f"to the law '{LAW}', and {compute}")
    assert "it is not applied to the law" in quality_shift(scores, LAW).why
    assert quality_shift(scores, LAW).why.endswith(f"but {compute}")
    assert score_shift(scores) == (1.67, 2.2, 2.9)
    assert score_shift(CorpusQuality(**BETTER)) == (1.0, 1.0, 1.0)


def test_a_factor_is_in_order_and_names_what_it_compares_with() -> None:
    with pytest.raises(ValidationError, match=r"low <= mode <= high does not hold: 3, 2.2, 2.9"):
        CorpusQuality(**{**BETTER, "low": 3.0})
    with pytest.raises(ValidationError, match="say with 'over' which one it was compared with"):
        CorpusQuality(mode=2.0, high=3.0)
    with pytest.raises(ValidationError, match="say with 'over' which one it was compared with"):
        CorpusQuality(low=2.0, mode=2.0, high=2.0)
