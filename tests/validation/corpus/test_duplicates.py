"""Copies and near duplicates go, different documents stay."""

import pytest

from tests.validation.corpus.texts import documents, program, prose

pytest.importorskip("datasketch")

from validation.corpus.copies import without_copies
from validation.corpus.documents import Document, in_order
from validation.corpus.funnel import Funnel, Stage
from validation.corpus.near import (
    BANDS,
    PERMUTATIONS,
    ROWS,
    SIMILARITY,
    jaccard,
    shingles,
    signature,
    without_near_duplicates,
)
from validation.corpus.progress import Progress


def edited(text: str, words: int) -> str:
    """The text with so many of its words replaced, spread evenly."""
    pieces = text.split(" ")
    for place in range(words):
        pieces[(2 * place + 1) * len(pieces) // (2 * words)] = f"edit{place}"
    return " ".join(pieces)


def similarity(one: str, other: str) -> float:
    return jaccard(shingles(one), shingles(other))


def copies_left(*texts: str) -> tuple[list[Document], Stage]:
    funnel = Funnel()
    with funnel.stage("copies") as tally:
        kept = without_copies(documents(*texts), tally, Progress())
    return kept, funnel.stages[0]


def near_left(*texts: str) -> tuple[list[str], Stage]:
    funnel = Funnel()
    with funnel.stage("near_duplicates") as tally:
        kept = without_near_duplicates(documents(*texts), tally, Progress())
    return [document.text for document in kept], funnel.stages[0]


def test_what_differs_in_layout_alone_is_a_copy() -> None:
    kept, stage = copies_left("one two\n", "one  two\n\n", "one\ttwo", "onetwo\n", "One two\n")
    assert [document.text for document in kept] == ["one two\n", "onetwo\n", "One two\n"]
    assert stage.rejected["copy"].documents == 2
    assert stage.rejected["copy"].size_bytes == len("one  two\n\n") + len("one\ttwo")


@pytest.mark.parametrize("write", [prose, program])
def test_a_near_duplicate_goes_and_different_documents_stay(write: object) -> None:
    assert callable(write)
    texts = [write(number) for number in range(20)]
    near = edited(texts[3], 3)
    assert similarity(texts[3], near) > SIMILARITY
    kept, stage = near_left(*texts, near)
    assert kept == texts
    assert stage.rejected["near_duplicate"].documents == 1
    assert stage.rejected["near_duplicate"].size_bytes == len(near)


def test_the_first_of_two_stays() -> None:
    text = prose(1)
    near = edited(text, 3)
    assert near_left(text, near)[0] == [text]
    assert near_left(near, text)[0] == [near]


def test_the_shingles_decide_at_the_threshold() -> None:
    text = prose(1, words=400)
    pairs = [(edited(text, words), words) for words in range(1, 40)]
    below = next(other for other, _ in pairs if similarity(text, other) < SIMILARITY)
    above = [other for other, _ in pairs if similarity(text, other) >= SIMILARITY][-1]
    assert similarity(text, above) - similarity(text, below) < 0.05
    assert near_left(text, below)[0] == [text, below]
    assert near_left(text, above)[0] == [text]
    assert near_left(text, below)[1].notes["pairs_met"] == 1


def test_chains_are_not_followed() -> None:
    text = prose(1, words=400)
    like = edited(text, 12)
    unlike = edited(f"{like} at the end of all", 13)
    assert similarity(text, like) >= SIMILARITY > similarity(text, unlike)
    assert near_left(text, like, unlike)[0] == [text, unlike]


def test_shingles_are_runs_of_five_words_whatever_stands_between_them() -> None:
    assert len(shingles("a b c d e f g")) == 3
    assert similarity("a b c d e f g", "a, b; c\n\nd (e) f.g") == 1.0
    assert similarity("a b c d e f g", "a b c d e f h") == 2 / 4
    assert similarity("a b c d e", "e d c b a") == 0.0
    assert len(shingles("a b")) == 1
    assert similarity("a b", "a b") == 1.0
    assert similarity("", "!") == 0.0


def test_texts_without_words_are_not_taken_for_each_other() -> None:
    assert near_left("!!!\n", "???\n")[0] == ["!!!\n", "???\n"]


def test_the_signature_estimates_the_similarity() -> None:
    one = prose(1, words=2000)
    for words in (10, 40, 120):
        other = edited(one, words)
        exact = similarity(one, other)
        estimate = signature(shingles(one)).jaccard(signature(shingles(other)))
        assert abs(estimate - exact) <= 4 * (exact * (1 - exact) / PERMUTATIONS) ** 0.5


def test_the_bands_meet_as_often_as_their_comment_says() -> None:
    assert PERMUTATIONS == 252
    met, met_by_chance = (1 - (1 - similar**ROWS) ** BANDS for similar in (SIMILARITY, 0.3))
    assert met == pytest.approx(0.995, abs=1e-3)
    assert met_by_chance == pytest.approx(0.03, abs=1e-3)


def test_the_order_of_documents_comes_from_their_texts() -> None:
    some = documents(*(prose(number) for number in range(10)))
    renamed = [Document.of(f"other/{10 - place}.py", document.text) for place, document in enumerate(some)]
    expected = [document.text for document in in_order(some, seed=0)]
    assert [document.text for document in in_order(reversed(renamed), seed=0)] == expected
    assert [document.text for document in in_order(some, seed=1)] != expected
