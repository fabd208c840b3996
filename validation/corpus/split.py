"""Sixth stage: hold documents out for validation."""

from collections.abc import Sequence

from validation.corpus.documents import Document, hashed
from validation.corpus.errors import CorpusError
from validation.corpus.funnel import Tally

TRAIN, VALIDATION = "train", "validation"

_HASHES = float(1 << 64)


def side(document: Document, fraction: float, seed: int) -> str:
    """Which side a document falls on. It is its text that decides: more text around it moves nothing."""
    return VALIDATION if hashed(document.text, "split", seed) / _HASHES < fraction else TRAIN


def split(documents: Sequence[Document], fraction: float, seed: int, tally: Tally) -> dict[str, list[Document]]:
    """Deal documents out.

    Parameters
    ----------
    documents : sequence of Document
        What is left after near duplicates, so that none stands on both sides.
    fraction : float
        Expected share of validation.
    seed : int
        Gives another split.
    tally : Tally
        Counts both sides.

    Raises
    ------
    CorpusError
        If a side stays empty.
    """
    sides: dict[str, list[Document]] = {TRAIN: [], VALIDATION: []}
    for document in documents:
        tally.enter(document.size_bytes)
        sides[side(document, fraction, seed)].append(document)
        tally.keep(document.size_bytes)
    for name, members in sides.items():
        if not members:
            problem = (
                f"--validation-fraction {fraction}: of {len(documents)} documents none falls to {name}; "
                "add text with --from, or choose another fraction or --seed"
            )
            raise CorpusError(problem)
        tally.notes[name] = {"documents": len(members), "bytes": sum(member.size_bytes for member in members)}
    return sides
