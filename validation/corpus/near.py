"""Fifth stage: of texts that say nearly the same, keep one. MinHash finds them, their shingles decide."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from validation.corpus.documents import Document
from validation.corpus.funnel import Tally
from validation.corpus.profile import words_of
from validation.corpus.progress import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIMILARITY = 0.7
"""Jaccard similarity of the shingles from which on two documents are near duplicates (StarCoder 2, Lozhkov et al. 2024,
section 3.1)."""

SHINGLE_WORDS = 5
"""Words of a shingle (the same)."""

BANDS, ROWS = 42, 6
"""252 permutations; The Stack used 256 (Kocetkov et al. 2022). A pair of similarity s meets in one of the bands with
the chance 1 - (1 - s**6)**42, which is 99.5 % at 0.7 and 3 % at 0.3. As every pair that meets is compared shingle by
shingle, more bands would cost nothing but time, and fewer would miss pairs."""

PERMUTATIONS = BANDS * ROWS

_AT_ONCE = 1 << 13  # shingles; they take 8 MB with all their permutations


@lru_cache(maxsize=1 << 17)
def _word_hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8"), digest_size=8).digest(), "little")


def shingles(text: str) -> "NDArray[np.uint64]":
    """The different runs of :data:`SHINGLE_WORDS` words of a text, as hashes in order.

    Returns
    -------
    array of uint64, shape (shingles,)
        One hash of all words for a text that is shorter. The hash of a run is a polynomial in the hashes of its words,
        modulo 2**64.
    """
    words = np.array([_word_hash(word) for word in words_of(text)], dtype=np.uint64)
    runs = max(len(words) - SHINGLE_WORDS + 1, min(len(words), 1))
    total = np.zeros(runs, dtype=np.uint64)
    factor = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no multiple of it is lost
    for first in range(min(SHINGLE_WORDS, len(words))):
        total = total * factor + words[first : first + runs]
    return np.unique(total)


def jaccard(one: "NDArray[np.uint64]", other: "NDArray[np.uint64]") -> float:
    """Shingles that two documents share, over all that either has; 0 if neither has a word."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    either = len(one) + len(other) - shared
    return shared / either if either else 0.0


def signature(found: "NDArray[np.uint64]") -> Any:
    """MinHash of a set of shingles (Broder 1997).

    Returns
    -------
    datasketch.MinHash
        Of :data:`PERMUTATIONS` permutations, the same on every machine.
    """
    from datasketch import MinHash

    minhash = MinHash(num_perm=PERMUTATIONS, seed=1, hashfunc=int, scheme="affine32")
    halves = (found >> np.uint64(32)).tolist()
    for start in range(0, len(halves), _AT_ONCE):
        minhash.update_batch(halves[start : start + _AT_ONCE])
    return minhash


def without_near_duplicates(documents: Sequence[Document], tally: Tally, progress: Progress) -> list[Document]:
    """Keep a document unless it is nearly one that was kept before it.

    So no two that stay are near duplicates of each other (but for the pairs that MinHash misses), and each that goes is
    one of a document that stays. Chains are not followed: of A like B like C, C stays if it is unlike A.

    Parameters
    ----------
    documents : sequence of Document
        In the order that decides which one stays.
    tally : Tally
        Counts near duplicates.
    progress : Progress
        Told of every document.
    """
    from datasketch import MinHashLSH

    index = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS))
    kept: list[Document] = []
    pairs = 0
    for document in progress.over(tally.name, documents):
        tally.enter(document.size_bytes)
        found = shingles(document.text)
        minhash = signature(found)
        candidates = sorted(index.query(minhash))
        pairs += len(candidates)
        if any(jaccard(found, shingles(kept[place].text)) >= SIMILARITY for place in candidates):
            tally.reject("near_duplicate", document.size_bytes)
            continue
        index.insert(len(kept), minhash)
        tally.keep(document.size_bytes)
        kept.append(document)
    tally.notes["pairs_met"] = pairs
    return kept
