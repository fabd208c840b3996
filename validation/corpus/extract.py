"""First stage: files into documents."""

from collections.abc import Sequence

from validation.corpus.decode import NotTextError, decoded
from validation.corpus.documents import Document
from validation.corpus.funnel import Tally
from validation.corpus.progress import Progress
from validation.corpus.sources import RawFile

MOST_FILE_BYTES = 1_000_000
"""Codex read files under 1 MB (Chen et al. 2021, section 3.1); larger ones are mostly data."""


def extract(files: Sequence[RawFile], limit_bytes: int | None, tally: Tally, progress: Progress) -> list[Document]:
    """Read files and keep those that hold text.

    Parameters
    ----------
    files : sequence of RawFile
        In the order in which the limit takes them.
    limit_bytes : int or None
        Most bytes to read [bytes]; a file that does not fit any more is left out, and smaller ones after it may still
        fit.
    tally : Tally
        Counts files by their size on disk; notes the encodings.
    progress : Progress
        Told of every file.
    """
    documents = []
    left_bytes = limit_bytes
    for file in progress.over(tally.name, files):
        tally.enter(file.size_bytes)
        if file.size_bytes > MOST_FILE_BYTES:
            tally.reject("too_large", file.size_bytes)
            continue
        if left_bytes is not None:
            if file.size_bytes > left_bytes:
                tally.reject("past_limit", file.size_bytes)
                continue
            left_bytes -= file.size_bytes
        document = _read(file, tally)
        if document is not None:
            documents.append(document)
    return documents


def _read(file: RawFile, tally: Tally) -> Document | None:
    try:
        text, encoding = decoded(file.path.read_bytes())
    except OSError:
        tally.reject("unreadable", file.size_bytes)
        return None
    except NotTextError as reason:
        tally.reject(str(reason), file.size_bytes)
        return None
    document = Document.of(file.name, text)
    tally.note("encodings", encoding)
    tally.keep(document.size_bytes, file.size_bytes)
    return document
