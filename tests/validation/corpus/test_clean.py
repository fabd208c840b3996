"""One spelling of a text, and notices that go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.validation.corpus.texts import documents
from validation.corpus.clean import clean, cleaned
from validation.corpus.funnel import Funnel
from validation.corpus.progress import Progress

BODY = "import os\n\n\ndef work():\n    return os.sep\n"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("a  \n\tb\t\n", "a\n\tb\n"),
        ("\n\na\n\n\n\n\n\nb\n\n", "a\n\n\nb\n"),
        ("a\n\n\nb", "a\n\n\nb\n"),
        ("e\u0301te\u0301", "\u00e9t\u00e9\n"),
        ("\ufeffa\x00\x0c\x1b\x85b", "ab\n"),
        ("zero\u200bwidth\u200djoiner", "zero\u200bwidth\u200djoiner\n"),
        (" \n\t\n", ""),
    ],
)
def test_one_spelling(raw: str, expected: str) -> None:
    assert cleaned(raw, is_code=False) == expected


@pytest.mark.parametrize(
    "notice",
    [
        "# Copyright 2020 A. Author\n# All rights reserved.\n\n",
        "# SPDX-License-Identifier: MIT\n",
        "/* Copyright 2020\n * A. Author */\n",
        "// Licensed under the Apache License\n",
        "\n\n# Copyright 2019\n\n# Copyright 2020\n",
    ],
)
def test_a_notice_at_the_top_of_code_goes(notice: str) -> None:
    assert cleaned(notice + BODY, is_code=True) == BODY


def test_what_is_no_notice_stays() -> None:
    head = "#!/usr/bin/env python\n# Copyright 2020\n\n# What this program does.\n\n"
    assert cleaned(head + BODY, is_code=True) == "#!/usr/bin/env python\n# What this program does.\n\n" + BODY
    assert cleaned("#!/bin/sh\n\n# Copyright 2020\n", is_code=True) == "#!/bin/sh\n"
    below = BODY + "# Copyright belongs to whom it belongs.\n"
    assert cleaned(below, is_code=True) == below
    unfinished = "/* Copyright without an end\n" + BODY
    assert cleaned(unfinished, is_code=True) == unfinished
    assert cleaned("# Licence\n\nthe text of it\n", is_code=False) == "# Licence\n\nthe text of it\n"


def test_a_file_that_is_only_a_notice_is_left_out_and_the_rest_is_weighed() -> None:
    funnel = Funnel()
    with funnel.stage("clean") as tally:
        kept = clean(documents("# Copyright 2020\n", "x = 1  \n", suffix=".py"), tally, Progress())
    stage = funnel.stages[0]
    assert [document.text for document in kept] == ["x = 1\n"]
    assert stage.rejected["nothing_left"].size_bytes == 17
    assert stage.rewritten_bytes == 2


@given(
    st.lists(
        st.sampled_from(
            [
                "#",
                "//",
                "/*",
                "*/",
                ";",
                "#!",
                "copyright",
                "licence",
                " ",
                "\n",
                "\n\n\n",
                "\r",
                "\t",
                "x",
                "\u0301",
                "\u037e",
            ]
        )
        | st.characters(codec="utf-8"),
        max_size=40,
    ).map("".join),
    st.booleans(),
)
def test_cleaning_twice_is_cleaning_once(text: str, is_code: bool) -> None:
    once = cleaned(text, is_code)
    assert cleaned(once, is_code) == once
    assert once == "" or (once.endswith("\n") and once.strip("\n"))
