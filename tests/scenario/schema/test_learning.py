from typing import Any

import pytest
from pydantic import ValidationError

from clustersim.scenario.schema.learning import Learning, LossLog


def learning(**settings: Any) -> Learning:
    return Learning.model_validate(settings)


def test_nothing_is_asked_for_by_default() -> None:
    assert learning().log is None
    assert learning().against == ()


def test_a_log_is_on_another_corpus_unless_said() -> None:
    log = learning(log={"file": "losses.csv"}).log
    assert log == LossLog(file="losses.csv", own_corpus=False)


def test_a_rival_is_called_like_its_entry_or_as_it_is_named() -> None:
    found = learning(
        against=(
            {"model": "llama3-70b", "tokens": "15T tokens"},
            {"model": {"like": "llama3-70b"}},
            {"model": {"like": "llama3-70b", "layers": 40}, "name": "half as deep"},
        )
    )
    assert [(one.title, one.tokens) for one in found.against] == [
        ("llama3-70b", 15e12),
        ("llama3-70b", None),
        ("half as deep", None),
    ]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"like": "llama3-70b", "layers": 40}, "has no 'name', and is not the llama3-70b of the catalogue (layers)"),
        (
            {"layers": 2, "hidden": 64, "heads": 2, "ffn_hidden": 128, "gated": True, "vocabulary": 1000},
            "has no 'name', and its model is no entry of the catalogue; say what to call it, e.g. name: twice as wide",
        ),
    ],
)
def test_a_model_of_ones_own_needs_a_name(model: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        learning(against=({"model": model},))
    assert message in str(error.value)


def test_a_rival_is_trained_on_something() -> None:
    with pytest.raises(ValidationError):
        learning(against=({"model": "llama3-70b", "tokens": "0 tokens"},))
