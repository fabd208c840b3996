"""Fourth stage: of texts that say the same, keep one."""

from collections.abc import Sequence

from validation.corpus.documents import Document, hashed
from validation.corpus.funnel import Tally
from validation.corpus.progress import Progress


def same_text(document: Document) -> int:
    """Hash of a text in which every run of white space is one space: what differs in layout alone is a copy.

    64 bits: of a million different documents, two collide with a chance of 3e-8.
    """
    return hashed(" ".join(document.text.split()), "copy", seed=0)


def without_copies(documents: Sequence[Document], tally: Tally, progress: Progress) -> list[Document]:
    """Keep the first document of every text.

    Parameters
    ----------
    documents : sequence of Document
        In the order that decides which copy stays.
    tally : Tally
        Counts copies.
    progress : Progress
        Told of every document.
    """
    seen: set[int] = set()
    kept = []
    for document in progress.over(tally.name, documents):
        tally.enter(document.size_bytes)
        text = same_text(document)
        if text in seen:
            tally.reject("copy", document.size_bytes)
            continue
        seen.add(text)
        tally.keep(document.size_bytes)
        kept.append(document)
    return kept
