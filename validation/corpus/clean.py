"""Third stage: the same text in one spelling, without the notices that a thousand files share."""

import re
import unicodedata
from collections.abc import Sequence

from validation.corpus.documents import Document
from validation.corpus.funnel import Tally
from validation.corpus.progress import Progress

_NEWLINE = re.compile(r"\r\n?")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")
_BLANK_LINES = re.compile(r"\n{4,}")
_LEGAL = re.compile(r"\b(?:copyright|licen[cs]ed?|spdx-license-identifier)\b", re.IGNORECASE)
_HEAD = re.compile(
    r"(?:\A#!.*\n"  # the line that names the interpreter
    r"|(?:[ \t]*(?:#|//|--|;).*\n)+"  # a run of comment lines
    r"|[ \t]*/\*[\s\S]*?\*/[ \t]*\n"  # a block comment
    r")\n*"
)


def cleaned(text: str, is_code: bool) -> str:
    """One spelling of a text; cleaning it again changes nothing.

    Line ends become line feeds, control characters and byte order marks go, characters are composed (NFC, Unicode
    Standard Annex 15), spaces at line ends and blank lines at either end go, and more than two blank lines become two
    (PEP 8 knows no more). Code loses its notices, see :func:`without_notices`.

    Returns
    -------
    str
        Ends with one line end, or is empty.
    """
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", _NEWLINE.sub("\n", text)))
    text = _ended("\n".join(line.rstrip() for line in text.split("\n")))
    if is_code:
        text = _ended(without_notices(text))
    return _BLANK_LINES.sub("\n\n\n", text)


def _ended(text: str) -> str:
    stripped = text.strip("\n")
    return f"{stripped}\n" if stripped else ""


def without_notices(text: str) -> str:
    """Leave out comments at the top that speak of copyright or licence.

    LLaMA removed "boilerplate, such as headers" from code (Touvron et al. 2023, section 2.1). A comment that also says
    what the file does is lost with it.
    """
    kept, place = [], 0
    while found := _HEAD.match(text, place):
        place = found.end()
        if not _LEGAL.search(found[0]):
            kept.append(found[0])
    return "".join(kept) + text[place:]


def clean(documents: Sequence[Document], tally: Tally, progress: Progress) -> list[Document]:
    """Clean documents and leave out those of which nothing is left.

    Parameters
    ----------
    documents : sequence of Document
        What the filter kept.
    tally : Tally
        Counts what became empty, and by how much the others shrank.
    progress : Progress
        Told of every document.
    """
    kept = []
    for document in progress.over(tally.name, documents):
        tally.enter(document.size_bytes)
        text = cleaned(document.text, document.is_code)
        if not text:
            tally.reject("nothing_left", document.size_bytes)
            continue
        kept.append(Document.of(document.name, text))
        tally.keep(kept[-1].size_bytes, document.size_bytes)
    return kept
