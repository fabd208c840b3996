import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.catalog import UnknownEntry, entries
from clustersim.learning.loss.units import (
    bits_per_byte,
    bits_per_character,
    characters_per_token,
    nats_of_bits_per_character,
    nats_of_perplexity,
    nats_per_token,
    perplexity,
    with_tokenizer,
)

LOSSES, LENGTHS = st.floats(0.01, 15.0), st.floats(0.5, 20.0)


@given(LOSSES, LENGTHS)
def test_there_and_back_is_where_one_was(loss, length):
    assert nats_per_token(bits_per_byte(loss, length), length) == pytest.approx(loss, rel=1e-12)
    assert nats_of_bits_per_character(bits_per_character(loss, length), length) == pytest.approx(loss, rel=1e-12)
    assert nats_of_perplexity(perplexity(loss)) == pytest.approx(loss, rel=1e-9)


@given(LOSSES, LENGTHS, LENGTHS)
def test_another_tokenizer_keeps_the_bits_of_the_text(loss, length, other):
    moved = with_tokenizer(loss, length, other)
    assert bits_per_byte(moved, other) == pytest.approx(bits_per_byte(loss, length), rel=1e-12)
    assert with_tokenizer(moved, other, length) == pytest.approx(loss, rel=1e-12)


def test_one_bit_per_byte_is_ln_two_nats_a_byte():
    assert bits_per_byte(math.log(2.0), 1.0) == pytest.approx(1.0)


def test_the_pile_of_gpt2_as_published():
    # Gao et al. 2020 (arXiv 2101.00027), section 3.1: bits per byte = 0.29335 loss / ln 2.
    assert bits_per_byte(1.0, characters_per_token("gpt2")) == pytest.approx(0.29335 / math.log(2.0), rel=1e-3)


def test_llama3_packs_more_text_into_a_token_than_llama2():
    assert with_tokenizer(1.7, characters_per_token("llama3"), characters_per_token("llama2")) == pytest.approx(
        1.368, abs=1e-3
    )


def test_tokenizers_are_complete_and_an_unknown_one_is_refused():
    assert {characters_per_token(name) > 1.0 for name in entries("tokenizers")} == {True}
    with pytest.raises(UnknownEntry, match="llama3"):
        characters_per_token("llama")
