"""One document, and the hashes that name it wherever it was found."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

_CODE = re.compile(
    r"\.(?:bat|cc?|cfg|cmake|cpp|css|cuh?|f90|go|h|hpp|ini|java|jl|js|lua|m4|php|pl|ps1|py[ix]?|r|rb|rs|scala|sh|sql|swift"
    r"|tcl|toml|ts|ya?ml)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Document:
    """A text and where it came from.

    Attributes
    ----------
    name : str
        Source, and path inside it with forward slashes. It decides how the text is judged, never its place in the
        corpus.
    text : str
        The text.
    size_bytes : int
        Length of the text in UTF-8 [bytes].
    """

    name: str
    text: str
    size_bytes: int

    @classmethod
    def of(cls, name: str, text: str) -> "Document":
        """A document with its size.

        Raises
        ------
        UnicodeEncodeError
            For a lone surrogate, which is no text.
        """
        return cls(name, text, len(text.encode("utf-8")))

    @property
    def is_code(self) -> bool:
        """Whether it is judged and cleaned as code, by its name.

        Everything else, HTML, XML and JSON too, must read like prose.
        """
        return _CODE.fullmatch(PurePosixPath(self.name).suffix) is not None


def hashed(text: str, purpose: str, seed: int) -> int:
    """A 64-bit number that is the same on every machine (BLAKE2b, RFC 7693).

    Parameters
    ----------
    text : str
        What is hashed.
    purpose : str
        At most 16 letters; two purposes give unrelated numbers.
    seed : int
        Below 2**64.
    """
    digest = hashlib.blake2b(
        text.encode("utf-8"), digest_size=8, person=purpose.encode("ascii"), salt=seed.to_bytes(8, "little")
    )
    return int.from_bytes(digest.digest(), "little")


def in_order(documents: Iterable[Document], seed: int) -> list[Document]:
    """Shuffle documents by the hash of their text, so that neither names nor the file system can move one.

    Documents of the same text stand together, in the order of their names.
    """
    return sorted(documents, key=lambda document: (hashed(document.text, "order", seed), document.name))
