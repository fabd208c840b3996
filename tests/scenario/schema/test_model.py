from typing import Any

import pytest
from pydantic import ValidationError

from clustersim.scenario.schema.model import Model

SMALL: dict[str, Any] = {"layers": 2, "hidden": 64, "heads": 4, "ffn_hidden": 128, "gated": True, "vocabulary": 100}


def test_heads_follow_the_width() -> None:
    model = Model(**SMALL)
    assert (model.n_kv_heads, model.head_width) == (4, 16)
    model = Model(**SMALL, kv_heads=2, head_dim=32)
    assert (model.n_kv_heads, model.head_width) == (2, 32)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hidden": 63}, "hidden 63 is not a multiple of heads 4; give head_dim or change one of them"),
        ({"kv_heads": 3}, "heads 4 is not a multiple of kv_heads 3"),
        ({"position": "learned"}, "position 'learned' needs max_positions, e.g. 2048"),
        (
            {"mixture": {"experts": 2, "experts_per_token": 3, "expert_ffn_hidden": 8}},
            "mixture.experts_per_token 3 exceeds experts 2",
        ),
        (
            {"mixture": {"experts": 2, "experts_per_token": 1, "expert_ffn_hidden": 8, "dense_layers": 3}},
            "mixture.dense_layers 3 exceeds layers 2",
        ),
    ],
)
def test_impossible_shapes_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Model(**{**SMALL, **values})
