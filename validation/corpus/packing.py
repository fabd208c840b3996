"""Last stage: documents into shards of tokens."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from validation.corpus.bpe import SEPARATOR, encoded
from validation.corpus.documents import Document
from validation.corpus.funnel import Tally
from validation.corpus.progress import Progress
from validation.corpus.shards import Index, Shard, ShardWriter, narrowest

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def pack(
    folder: Path,
    sides: Mapping[str, Sequence[Document]],
    tokenizer: "Tokenizer",
    shard_tokens: int,
    tally: Tally,
    progress: Progress,
) -> Index:
    """Write the shards of both sides.

    Parameters
    ----------
    folder : Path
        Where to.
    sides : mapping
        Documents of each side, in order.
    tokenizer : Tokenizer
        Set so that a separator in a text is text.
    shard_tokens : int
        Tokens of every shard but the last of a side.
    tally : Tally
        Counts documents, and tokens with their separators; notes both sides.
    progress : Progress
        Told of every document.

    Returns
    -------
    Index
        Of what was written.
    """
    vocab, separator = tokenizer.get_vocab_size(), tokenizer.get_vocab()[SEPARATOR]
    dtype = narrowest(vocab)
    shards: dict[str, Sequence[Shard]] = {}
    for side, documents in sides.items():
        watched = progress.over(f"{tally.name} {side}", documents)
        with ShardWriter(folder, side, dtype, shard_tokens) as writer:
            for document, tokens in encoded(tokenizer, _entering(watched, tally)):
                writer.append([*tokens, separator])
                tally.keep(document.size_bytes)
        shards[side] = writer.shards
        written = sum(shard.tokens for shard in writer.shards)
        tally.tokens = (tally.tokens or 0) + written
        tally.notes[side] = {"tokens": written, "shards": len(writer.shards)}
    return Index(vocab, dtype, separator, shards)


def _entering(documents: Iterable[Document], tally: Tally) -> Iterator[Document]:
    for document in documents:
        tally.enter(document.size_bytes)
        yield document
