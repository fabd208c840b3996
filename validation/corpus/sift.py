"""Second stage: leave out what is no text worth learning from."""

from collections.abc import Sequence

from validation.corpus.documents import Document
from validation.corpus.funnel import Tally
from validation.corpus.profile import Profile
from validation.corpus.progress import Progress
from validation.corpus.rules import first_broken


def sift(documents: Sequence[Document], tally: Tally, progress: Progress) -> list[Document]:
    """Keep the documents that break none of the rules.

    Parameters
    ----------
    documents : sequence of Document
        What was extracted.
    tally : Tally
        Counts what each rule leaves out.
    progress : Progress
        Told of every document.
    """
    kept = []
    for document in progress.over(tally.name, documents):
        tally.enter(document.size_bytes)
        broken = first_broken(Profile.of(document))
        if broken is not None:
            tally.reject(broken.name, document.size_bytes)
            continue
        tally.keep(document.size_bytes)
        kept.append(document)
    return kept
