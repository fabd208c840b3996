"""Shares of the parts of a corpus in published mixes."""

import pytest

from clustersim import catalog
from clustersim.learning.corpus.published_shares import PARTS, PUBLISHED, published_share, tellers
from clustersim.scenario.schema.mix import Mix


def test_shares_are_those_that_were_printed() -> None:
    assert published_share("web") == pytest.approx((0.82 / 1.01, 0.82, 0.9723))
    assert published_share("code") == pytest.approx((0.0, (0.0227 + 0.065) / 2, 0.17))
    assert tellers("code") == list(PUBLISHED)
    assert tellers("books") == ["gpt-3", "llama-1", "marin-32b"], "Llama 3 does not tell them from other knowledge"


@pytest.mark.parametrize("part", PARTS)
def test_shares_are_shares(part: str) -> None:
    low, middle, high = published_share(part)
    assert 0.0 <= low <= middle <= high <= 1.0


def test_no_source_is_of_two_parts_and_each_is_of_a_mix() -> None:
    named = [name for sources in PARTS.values() for name in sources]
    assert len(named) == len(set(named))
    known = {source for mix in PUBLISHED for source in Mix.model_validate(mix).sources}
    assert set(named) <= known
    assert set(PUBLISHED) <= set(catalog.entries("mixes"))
