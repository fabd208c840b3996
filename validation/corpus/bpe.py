"""Byte-pair encoding: trained on the training side, and applied to both."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from validation.corpus.documents import Document
from validation.corpus.errors import CorpusError
from validation.corpus.funnel import Tally
from validation.corpus.progress import Progress

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SEPARATOR = "<|endoftext|>"
"""What stands after every document; the name is GPT-2's."""

LEAST_PAIRS = 2
"""A pair seen once merges nothing: the default of ``ByteLevelBPETokenizer`` in the library."""

_BATCH_BYTES = 1 << 20


def trained(texts: Iterable[str], vocab: int) -> "Tokenizer":
    """Train a byte-level tokenizer (Sennrich et al. 2016; bytes, and words that keep their space, as in GPT-2).

    No text is outside its vocabulary, and decoding what it encoded gives the text back. The same texts in the same
    order give the same tokenizer.

    Parameters
    ----------
    texts : iterable of str
        What it learns from.
    vocab : int
        Entries: the separator, the 256 bytes, and merges.

    Raises
    ------
    CorpusError
        If the texts hold fewer merges.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        min_frequency=LEAST_PAIRS,
        special_tokens=[SEPARATOR],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    learned = tokenizer.get_vocab_size()
    if learned != vocab:
        problem = (
            f"--vocab {vocab}: the training text holds merges for {learned} entries; "
            f"ask for {learned} or fewer, or add text with --from"
        )
        raise CorpusError(problem)
    as_text(tokenizer)
    return tokenizer


def learn(documents: Sequence[Document], vocab: int, tally: Tally, progress: Progress) -> "Tokenizer":
    """Stage of its own: :func:`trained` on the training side."""

    def texts() -> Iterator[str]:
        for document in progress.over(f"{tally.name}: count words", documents):
            tally.enter(document.size_bytes)
            yield document.text
            tally.keep(document.size_bytes)
        progress.show(f"{tally.name}: merge")

    return trained(texts(), vocab)


def as_text(tokenizer: "Tokenizer") -> None:
    """Encode a separator that stands in a text as the letters that it is.

    A program that speaks of ``<|endoftext|>`` would else end there. The setting is not part of ``tokenizer.json``.
    """
    tokenizer.encode_special_tokens = True


def encoded(tokenizer: "Tokenizer", documents: Iterable[Document]) -> Iterator[tuple[Document, list[int]]]:
    """Documents with their tokens, in order; without the separator."""
    for batch in _batches(documents):
        encodings = tokenizer.encode_batch_fast([document.text for document in batch], add_special_tokens=False)
        for document, encoding in zip(batch, encodings, strict=True):
            yield document, encoding.ids


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Groups of about :data:`_BATCH_BYTES`: the library keeps some hundred bytes a token while it works."""
    batch: list[Document] = []
    size_bytes = 0
    for document in documents:
        batch.append(document)
        size_bytes += document.size_bytes
        if size_bytes >= _BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch
