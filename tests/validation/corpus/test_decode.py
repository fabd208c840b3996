"""Bytes into text: which encoding is tried when, and what is no text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.corpus.decode import NotTextError, decoded

UMLAUTS = "größer als früher"


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        (b"plain", "plain", "utf-8"),
        (UMLAUTS.encode("utf-8"), UMLAUTS, "utf-8"),
        (UMLAUTS.encode("utf-8-sig"), UMLAUTS, "utf-8-sig"),
        (UMLAUTS.encode("utf-16"), UMLAUTS, "utf-16"),
        (b"\xfe\xff" + UMLAUTS.encode("utf-16-be"), UMLAUTS, "utf-16"),
        (UMLAUTS.encode("latin-1"), UMLAUTS, "windows-1252"),
        (f"# coding: latin-1\n{UMLAUTS}".encode(), f"# coding: latin-1\n{UMLAUTS}", "utf-8"),
        ("# coding: koi8-r\nпривет".encode("koi8-r"), "# coding: koi8-r\nпривет", "koi8-r"),
        ("#!/bin/x\n# -*- coding: cp1251 -*-\nмир".encode("cp1251"), None, "cp1251"),
    ],
)
def test_encodings_in_their_order(raw: bytes, text: str | None, encoding: str) -> None:
    found, read_as = decoded(raw)
    assert read_as == encoding
    assert found == (text if text is not None else raw.decode(encoding))


def test_a_declaration_below_the_second_line_is_no_declaration() -> None:
    assert decoded("\n\n# coding: koi8-r\nпривет".encode("koi8-r"))[1] == "windows-1252"


@pytest.mark.parametrize("declared", ["no-such-encoding", "hex", "ascii"])
def test_a_declaration_that_does_not_help_falls_back(declared: str) -> None:
    assert decoded(f"# coding: {declared}\nfrüher".encode("latin-1"))[1] == "windows-1252"


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"ELF\0\1\2", "binary"),
        (b"a" * 9000 + b"\0", "binary"),  # a zero beyond the bytes that git looks at
        (b"\xff\xfe\0\0x\0\0\0", "binary"),  # UTF-32 has the mark of UTF-16 and zeros
        (b"caf\xe9 \x01\x02", "binary"),  # neither UTF-8 nor free of control characters
        (b"\x81\x8d\x8f", "undecodable"),  # not in Windows-1252 either
        (b"# coding: utf-7\nx\xe9+2AA-\x81", "undecodable"),
    ],
)
def test_what_is_no_text(raw: bytes, rule: str) -> None:
    with pytest.raises(NotTextError, match=f"^{rule}$"):
        decoded(raw)


def test_half_a_character_is_refused() -> None:
    # UTF-7 spells a lone surrogate, and 0xE9 keeps the file from being read as UTF-8 before.
    raw = b"# coding: raw_unicode_escape\n\\ud800 \xe9"
    assert decoded(raw)[1] == "windows-1252"


@given(st.binary(max_size=200))
def test_any_bytes_are_text_that_can_be_written_or_a_stated_reason(raw: bytes) -> None:
    rule, text = "", ""
    try:
        text, _ = decoded(raw)
    except NotTextError as reason:
        rule = str(reason)
    assert rule in {"", "binary", "undecodable"}
    assert "\0" not in text
    assert text.encode("utf-8").decode("utf-8") == text


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\ufeff")))
def test_utf_8_is_read_as_it_was_written(text: str) -> None:
    if "coding" not in text:
        assert decoded(text.encode("utf-8")) == (text, "utf-8")
