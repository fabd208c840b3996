"""Amounts of text through a funnel."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.schema.corpus import Corpus, CorpusStage
from clustersim.workload.corpus import (
    Amounts,
    after_stage,
    chained_amounts,
    funnel_tokens,
    input_amounts,
    source_tokens,
    unique_tokens,
)

stages = st.builds(
    CorpusStage,
    kind=st.just("model_filter"),
    kept=st.floats(0.0, 1.0),
    of=st.sampled_from(["tokens", "bytes"]),
    cuts=st.sampled_from(["documents", "parts"]),
)


def corpus(**settings: object) -> Corpus:
    return Corpus.model_validate({"input": "1T tokens", "bytes_per_token": "4 B", **settings})


@given(st.lists(stages, max_size=6))
def test_amounts_never_grow_and_yields_multiply(chain: list[CorpusStage]) -> None:
    named = {f"stage {number}": stage for number, stage in enumerate(chain)}
    amounts = chained_amounts(corpus().model_copy(update={"stages": named}))
    assert len(amounts) == len(chain) + 1
    for before, after in pairwise(amounts):
        assert after.bytes <= before.bytes
        assert after.documents <= before.documents
        assert after.tokens <= before.tokens
    left = math.prod(stage.kept for stage in chain)
    assert amounts[-1].tokens == pytest.approx(1e12 * left)
    assert amounts[-1].bytes == pytest.approx(4e12 * left)
    dropped = math.prod(stage.kept for stage in chain if stage.cuts == "documents")
    assert amounts[-1].documents == pytest.approx(1e12 / 1200.0 * dropped)


@pytest.mark.parametrize("written", ["1T tokens", "4 TB", "0.8333333333333334B documents"])
def test_an_input_may_be_counted_in_any_unit(written: str) -> None:
    amounts = input_amounts(corpus(input=written))
    assert amounts is not None
    assert (amounts.bytes, amounts.documents, amounts.tokens) == pytest.approx((4e12, 1e12 / 1200.0, 1e12))


def test_cutting_parts_leaves_the_documents() -> None:
    stage = CorpusStage(kind="exact_dedup", kept=0.5, of="paragraphs", cuts="parts")
    assert after_stage(Amounts(4.0, 3.0, 2.0), stage) == Amounts(2.0, 3.0, 1.0)


def test_a_funnel_feeds_one_source_of_the_mix() -> None:
    half = {"filter": {"kind": "heuristic_filter", "kept": 0.5}}
    assert source_tokens(corpus(stages=half)) == {"all": 0.5e12}
    mix = {"sources": {"web": {"share": 0.9}, "code": {"share": 0.1, "unique": "0.2T tokens"}}}
    fed = corpus(stages=half, mix=mix, feeds="web")
    assert source_tokens(fed) == {"web": 0.5e12, "code": 0.2e12}
    assert unique_tokens(fed) == 0.7e12
    assert unique_tokens(corpus(stages=half, mix=mix)) is None
    assert funnel_tokens(corpus()) is None
