import pytest

from clustersim import catalog
from clustersim.learning import counted_parameters, extrapolations, loss_law, notes
from clustersim.learning.loss.parameters import convention
from clustersim.scenario.schema.model import Model
from clustersim.workload.parameters import count_parameters

# Two layers, hidden 8, two heads, plain feed-forward of 16, 100 tokens, two norms a layer and one at the end:
# attention 4 x 8 x 8, feed-forward 2 x 8 x 16, norms 2 x 8 a layer, 8 at the end; embedding and head 800 each.
BLOCKS = 2 * (256 + 256 + 16) + 8
TINY = {"layers": 2, "hidden": 8, "heads": 2, "ffn_hidden": 16, "gated": False, "vocabulary": 100}
MIXTURE = {"experts": 4, "experts_per_token": 2, "expert_ffn_hidden": 16}


def tiny(**changes):
    return Model.model_validate({**TINY, **changes})


@pytest.mark.parametrize(
    ("changes", "whole", "without_input_embedding"),
    [
        ({}, BLOCKS + 1600, BLOCKS + 800),
        ({"tied_embeddings": True}, BLOCKS + 800, BLOCKS + 800),
        ({"position": "learned", "max_positions": 10}, BLOCKS + 1680, BLOCKS + 800),
        ({"position": "learned", "max_positions": 10, "tied_embeddings": True}, BLOCKS + 880, BLOCKS + 800),
        # Two experts of 256 visited instead of one block, and a router of 4 x 8.
        ({"mixture": MIXTURE}, BLOCKS + 2 * (256 + 32) + 1600, BLOCKS + 2 * (256 + 32) + 800),
    ],
)
def test_parameters_as_a_law_counts_them(changes, whole, without_input_embedding):
    model = tiny(**changes)
    assert counted_parameters(model, "all") == whole == count_parameters(model).active
    assert counted_parameters(model, "no_input_embedding") == without_input_embedding


def test_olmo2_7b_counts_as_in_the_runs_the_law_was_tested_on():
    model = Model.model_validate("olmo2-7b")
    # 6,887,575,552 in the table of published losses: 7.299B less 100,352 x 4,096.
    assert counted_parameters(model, "no_input_embedding") == pytest.approx(6_887_575_552, rel=1e-4)
    assert counted_parameters(model, "all") == pytest.approx(7.299e9, rel=1e-3)


@pytest.mark.parametrize(
    ("law", "convention"),
    [
        ("olmo-ladder-pile", "no_input_embedding"),
        ("olmo-ladder-c4", "no_input_embedding"),
        ("chinchilla-besiroglu", "all"),
    ],
)
def test_each_law_says_how_it_counts(law, convention):
    assert catalog.entry("loss_laws", law).values["parameter_count"].text == convention
    assert loss_law(law).parameter_count == convention


def test_a_law_that_counts_otherwise_is_refused():
    with pytest.raises(ValueError, match="unknown parameter count 'some'; known: all, no_input_embedding"):
        convention("some")


def test_a_mixture_is_said_to_stand_in_for_a_dense_model():
    law = loss_law("olmo-ladder-pile", mixture=True)
    (text,) = extrapolations(law, 1e9, 1e11)
    assert "active parameters stand in for those of a dense model" in text
    assert text in notes(law, 1e9, 1e11, vocabulary=100_278)
    assert len(extrapolations(law, 405e9, 15.6e12)) == 2
