"""The tokenizer: what it encodes it gives back."""

from functools import lru_cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.validation.corpus.texts import documents, program, prose

pytest.importorskip("tokenizers")

from validation.corpus.bpe import SEPARATOR, encoded, trained
from validation.corpus.errors import CorpusError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VOCAB = 512


@lru_cache(maxsize=1)
def tokenizer() -> "Tokenizer":
    return trained([write(number) for number in range(10) for write in (prose, program)], VOCAB)


@given(st.text())
@example(SEPARATOR)
@example("  leading\n\n\ttabs  and trailing  ")
@example("\u00e9 e\u0301 \U0001f600 \u4e2d\u6587 \x00 \r\n")
def test_decoding_gives_the_text_back(text: str) -> None:
    tokens = tokenizer().encode(text, add_special_tokens=False).ids
    assert tokenizer().decode(tokens, skip_special_tokens=False) == text


@given(st.text().map(lambda text: text + SEPARATOR + text))
def test_a_separator_in_a_text_is_text(text: str) -> None:
    separator = tokenizer().token_to_id(SEPARATOR)
    [(_, tokens)] = encoded(tokenizer(), documents(text))
    assert separator not in tokens
    assert all(0 <= token < VOCAB for token in tokens)


def test_the_vocabulary_is_the_separator_the_bytes_and_merges() -> None:
    vocab = tokenizer().get_vocab()
    assert sorted(vocab.values()) == list(range(VOCAB))
    assert vocab[SEPARATOR] == 0
    assert sum(len(token) == 1 for token in vocab) == 256
    assert len(tokenizer().encode(prose(99)).ids) < len(prose(99)) / 2


def test_training_twice_gives_the_same_tokenizer() -> None:
    texts = [prose(number) for number in range(10)]
    assert trained(texts, 400).to_str() == trained(texts, 400).to_str()


def test_batches_keep_every_document_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("validation.corpus.bpe._BATCH_BYTES", 300)
    some = documents(*(prose(number, 20) for number in range(20)))
    found = list(encoded(tokenizer(), some))
    assert [document for document, _ in found] == some
    assert [tokenizer().decode(tokens) for _, tokens in found] == [document.text for document in some]


def test_a_vocabulary_that_the_text_cannot_fill_says_how_much_it_can() -> None:
    with pytest.raises(CorpusError, match="--vocab 4096") as problem:
        trained([prose(1)], 4096)
    most = int(str(problem.value).split("entries")[0].split()[-1])
    assert 257 < most < 4096
    assert trained([prose(1)], most).get_vocab_size() == most
    with pytest.raises(CorpusError, match=f"ask for {most} or fewer"):
        trained([prose(1)], most + 1)


def test_bytes_alone_are_a_vocabulary() -> None:
    [(_, tokens)] = encoded(trained([prose(1)], 257), documents("größer"))
    assert len(tokens) == len("größer".encode())
