"""Bytes of a file into text, or the reason why there is none in them."""

import codecs
import re

_BINARY_WITHIN_BYTES = 8000
"""Git calls a file binary that has a zero byte among its first 8,000 (``buffer_is_binary``, ``xdiff-interface.c``)."""

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"\A(?:.*\n)?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

BINARY, UNDECODABLE = "binary", "undecodable"

FALLBACK = "windows-1252"
"""What browsers read when nothing is declared (WHATWG Encoding Standard)."""


class NotTextError(ValueError):
    """Why a file holds no text; the message is the name of the rule."""


def decoded(raw: bytes) -> tuple[str, str]:
    """Text of a file and the encoding that it was in.

    Parameters
    ----------
    raw : bytes
        The whole file.

    Returns
    -------
    text, encoding : str
        UTF-8 and UTF-16 if marked so; else UTF-8, strictly; else what the first two lines declare (PEP 263); else
        :data:`FALLBACK`, if that leaves no control characters.

    Raises
    ------
    NotTextError
        :data:`BINARY` or :data:`UNDECODABLE`.
    """
    marked = [encoding for mark, encoding in _MARKS if raw.startswith(mark)]
    if not marked and b"\0" in raw[:_BINARY_WITHIN_BYTES]:
        raise NotTextError(BINARY)
    for encoding in marked or ["utf-8", *_declared(raw)]:
        text = _strictly(raw, encoding)
        if text is not None:
            return _without_zeros(text), encoding
    text = _strictly(raw, FALLBACK)
    if text is None:
        raise NotTextError(UNDECODABLE)
    if _CONTROL.search(text):
        raise NotTextError(BINARY)
    return text, FALLBACK


def _without_zeros(text: str) -> str:
    if "\0" in text:
        raise NotTextError(BINARY)
    return text


def _declared(raw: bytes) -> list[str]:
    found = _DECLARED.match(raw)
    return [found[1].decode("ascii").lower()] if found else []


def _strictly(raw: bytes, encoding: str) -> str | None:
    """The text, or None if the encoding is unknown or the bytes are not in it."""
    try:
        text = raw.decode(encoding)
        # UTF-7 and its like can spell half of a character, which no tokenizer takes.
        text.encode("utf-8")
    except (LookupError, UnicodeError):
        return None
    return text
