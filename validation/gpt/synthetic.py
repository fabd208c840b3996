"""Synthetic tokens with something to learn, each sequence a function of the seed and its number."""

import numpy as np
from numpy.typing import NDArray

PHRASES = 64
PHRASE_LENGTH = 8
SHORTEST_BLOCK = 4
TRAINING, VALIDATION = 0, 1
"""Streams that share the phrases and nothing else."""


class SyntheticSequences:
    """An endless store of sequences of two kinds, even chances each.

    * Phrases: fixed strings of 8 tokens from a book of 64, drawn with probability proportional to 1 / rank. What comes
      next is known within a phrase and a guess between phrases: about ``entropy / 8`` nats per token once learned.
    * Repetition: a block of fresh random tokens, 4 to half a sequence long, over and over. The first block is noise,
      the rest can be copied from context: what makes in-context copying appear.

    Parameters
    ----------
    seed : int
        Of the run.
    vocab : int
        Tokens lie in ``[0, vocab)``.
    length : int
        Tokens of a sequence, less the one that only serves as a target.
    stream : int
        ``TRAINING`` or ``VALIDATION``.
    """

    count = 0

    def __init__(self, seed: int, vocab: int, length: int, stream: int = TRAINING) -> None:
        self._key, self._vocab, self._size = [seed, stream], vocab, length + 1
        book = np.random.default_rng([seed, 0x626F6F6B])
        self._phrases = book.integers(vocab, size=(PHRASES, PHRASE_LENGTH))
        weights = 1.0 / np.arange(1, PHRASES + 1)
        self._chances = weights / weights.sum()

    def sequence(self, index: int) -> NDArray[np.int64]:
        """Tokens of a sequence; shape (length + 1,)."""
        draw = np.random.default_rng([*self._key, index])
        if draw.random() < 0.5:
            phrases = draw.choice(PHRASES, size=-(-self._size // PHRASE_LENGTH), p=self._chances)
            return self._phrases[phrases].reshape(-1)[: self._size]
        longest = max(SHORTEST_BLOCK, self._size // 2)
        block = draw.integers(self._vocab, size=draw.integers(SHORTEST_BLOCK, longest + 1))
        return np.resize(block, self._size)
