"""Documents are dealt out by their texts."""

import pytest

from tests.validation.corpus.texts import documents
from validation.corpus.errors import CorpusError
from validation.corpus.funnel import Funnel
from validation.corpus.split import split

MANY = documents(*(f"document {number}" for number in range(2000)))


def dealt(fraction: float = 0.1, seed: int = 0, count: int = 2000) -> dict[str, set[str]]:
    funnel = Funnel()
    with funnel.stage("split") as tally:
        sides = split(MANY[:count], fraction, seed, tally)
    return {side: {document.text for document in members} for side, members in sides.items()}


def test_the_share_is_the_one_asked_for() -> None:
    expected, deviation = 200, (2000 * 0.1 * 0.9) ** 0.5
    assert abs(len(dealt()["validation"]) - expected) <= 4 * deviation


def test_no_document_is_lost_or_on_both_sides() -> None:
    sides = dealt()
    assert sides["train"] | sides["validation"] == {document.text for document in MANY}
    assert not sides["train"] & sides["validation"]


def test_more_documents_move_none_and_a_larger_share_takes_none_back() -> None:
    assert dealt(count=1000)["validation"] <= dealt()["validation"]
    assert dealt(fraction=0.1)["validation"] < dealt(fraction=0.2)["validation"]


def test_another_seed_gives_another_split() -> None:
    assert dealt(seed=0)["validation"] != dealt(seed=1)["validation"]


@pytest.mark.parametrize(("fraction", "side"), [(1e-9, "validation"), (1 - 1e-9, "train")])
def test_an_empty_side_is_an_error_with_the_way_out(fraction: float, side: str) -> None:
    with pytest.raises(CorpusError, match=f"of 10 documents none falls to {side}; add text with --from"):
        dealt(fraction=fraction, count=10)
