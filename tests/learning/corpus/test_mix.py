"""Sources of a mix and how often a run sees them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim import catalog
from clustersim.learning.corpus import effective_tokens, mix_effective_tokens, source_uses
from clustersim.scenario.schema.corpus import Corpus
from tests.learning.corpus.published import published


@given(
    weights=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=6),
    tokens=st.floats(1e9, 1e14),
    unique=st.floats(1e8, 1e13),
)
def test_shares_sum_to_one_and_epochs_times_unique_are_the_tokens(weights, tokens, unique) -> None:
    whole = sum(weights)
    sources = {f"s{n}": {"share": w / whole, "unique": f"{unique!r} tokens"} for n, w in enumerate(weights)}
    uses = source_uses(Corpus.model_validate({"mix": {"sources": sources}}), tokens)
    assert sum(use.share for use in uses) == pytest.approx(1.0)
    assert sum(use.tokens for use in uses) == pytest.approx(tokens)
    for use in uses:
        assert use.epochs * use.unique == pytest.approx(use.tokens)
        assert use.effective() <= use.tokens
    assert mix_effective_tokens(uses) <= tokens * (1.0 + 1e-12)


@pytest.mark.parametrize("name", catalog.entries("mixes"))
def test_published_shares_are_made_to_sum_to_one(name: str) -> None:
    assert sum(use.share for use in source_uses(Corpus(mix=name), 1e12)) == pytest.approx(1.0)


@pytest.mark.parametrize("source", ["common_crawl", "webtext2", "books1", "books2", "wikipedia"])
def test_epochs_of_gpt_3_are_those_of_its_table(source: str) -> None:
    """Within a fifth: the table's own shares and tokens give 3.5 epochs of WebText2 where it says 2.9."""
    epochs = {use.name: use.epochs for use in source_uses(Corpus(mix="gpt-3"), 300e9)}
    assert epochs[source] == pytest.approx(published()["gpt-3", f"{source} epochs"], rel=0.21)


def test_sources_that_nobody_counted_count_as_fresh() -> None:
    uses = source_uses(Corpus(mix="llama-3"), 15e12)
    assert all(use.epochs is None and use.worth_of_next_token is None for use in uses)
    assert mix_effective_tokens(uses) == pytest.approx(15e12)


def test_a_funnel_by_itself_is_one_source() -> None:
    (use,) = source_uses(Corpus.model_validate("fineweb-edu"), 5e12)
    assert use.epochs == pytest.approx(3.96, abs=0.01)
    assert use.effective() == effective_tokens(use.unique, 5e12)
