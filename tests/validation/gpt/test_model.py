"""The model against hand counts and against its formulas written out."""

import math
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from validation.gpt.config import ModelShape  # noqa: E402
from validation.gpt.initial import build_model  # noqa: E402
from validation.gpt.layouts import stage_layers  # noqa: E402
from validation.gpt.model import GPT, Attention, FeedForward, RMSNorm, count_parameters  # noqa: E402
from validation.gpt.rotary import rotary_table, rotate  # noqa: E402

SHAPE = ModelShape(layers=3, hidden=24, heads=6, kv_heads=2, ffn_hidden=40, vocab=50)
CPU = torch.device("cpu")


def build(shape: ModelShape = SHAPE, layers: range | None = None, seed: int = 0) -> GPT:
    return build_model(shape, seed, layers, torch.float32, autocast=False)


def random(*shape: int) -> "torch.Tensor":
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def test_parameters_against_a_count_by_hand() -> None:
    # per layer: query 24x24, key and value 8x24 each, output 24x24, three of 24x40, two norms of 24
    layer = 576 + 192 + 192 + 576 + 3 * 960 + 48
    assert count_parameters(SHAPE) == 1200 + 3 * layer + 24 + 1200 == 15816
    assert count_parameters(replace(SHAPE, tied=True)) == 14616


@pytest.mark.parametrize("tied", [False, True])
def test_the_model_has_the_parameters_it_counts(tied: bool) -> None:
    shape = replace(SHAPE, tied=tied)
    assert sum(parameter.numel() for parameter in build(shape).parameters()) == count_parameters(shape)


def test_llama_2_7b_has_its_published_size() -> None:
    llama = ModelShape(layers=32, hidden=4096, heads=32, kv_heads=32, ffn_hidden=11008, vocab=32000)
    assert count_parameters(llama) == 6_738_415_616


def test_norm_is_a_division_by_the_root_mean_square() -> None:
    norm, x = RMSNorm(24), random(2, 5, 24)
    norm.weight.data = random(24)
    expected = x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * norm.weight
    torch.testing.assert_close(norm(x), expected)


def test_rotation_is_a_product_of_complex_numbers() -> None:
    x = random(2, 3, 7, 8)
    table = rotary_table(7, 8, 100.0, CPU)
    pairs = torch.complex(x[..., :4], x[..., 4:])
    turns = torch.tensor([[position * 100.0 ** (-2 * i / 8) for i in range(4)] for position in range(7)])
    turned = pairs * torch.polar(torch.ones_like(turns), turns)
    torch.testing.assert_close(rotate(x, table), torch.cat((turned.real, turned.imag), dim=-1))


def test_rotated_products_depend_on_distance_alone() -> None:
    query, key = random(8), random(1, 8)[0] * 2
    table = rotary_table(12, 8, 10_000.0, CPU)
    queries, keys = (rotate(vector.expand(1, 1, 12, 8), table)[0, 0] for vector in (query, key))
    assert torch.dot(queries[5], keys[2]).item() == pytest.approx(torch.dot(queries[11], keys[8]).item(), abs=1e-5)


def test_attention_written_out() -> None:
    attention, x = Attention(SHAPE), random(2, 5, 24)
    table = rotary_table(5, 4, SHAPE.rope_theta, CPU)
    q = rotate((x @ attention.query.weight.T).view(2, 5, 6, 4).transpose(1, 2), table)
    k = rotate((x @ attention.key.weight.T).view(2, 5, 2, 4).transpose(1, 2), table)
    v = (x @ attention.value.weight.T).view(2, 5, 2, 4).transpose(1, 2)
    heads = []
    for head in range(6):  # three query heads share a key-value head
        scores = q[:, head] @ k[:, head // 3].transpose(1, 2) / math.sqrt(4)
        scores = scores.masked_fill(torch.ones(5, 5).triu(1).bool(), -math.inf)
        heads.append(scores.softmax(-1) @ v[:, head // 3])
    expected = torch.cat(heads, dim=-1) @ attention.output.weight.T
    torch.testing.assert_close(attention(x), expected, rtol=1e-4, atol=1e-5)


def test_feed_forward_written_out() -> None:
    block, x = FeedForward(SHAPE), random(2, 5, 24)
    gate = x @ block.gate.weight.T
    expected = (gate * torch.sigmoid(gate) * (x @ block.up.weight.T)) @ block.down.weight.T
    torch.testing.assert_close(block(x), expected)


def test_a_later_token_changes_no_earlier_logit() -> None:
    model = build()
    tokens = torch.randint(50, (2, 9), generator=torch.Generator().manual_seed(3))
    changed = tokens.clone()
    changed[:, 6] = (changed[:, 6] + 1) % 50
    before, after = model(tokens), model(changed)
    assert torch.equal(before[:, :6], after[:, :6])
    assert not torch.equal(before[:, 6:], after[:, 6:])


def test_stages_in_turn_are_the_whole_model() -> None:
    whole = build()
    stages = [build(layers=stage_layers(3, 2, stage)) for stage in range(2)]
    tokens = torch.arange(10).view(2, 5)
    assert torch.equal(stages[1](stages[0](tokens)), whole(tokens))


def test_stages_hold_every_layer_once_and_the_first_take_the_rest() -> None:
    assert [len(stage_layers(10, 4, stage)) for stage in range(4)] == [3, 3, 2, 2]
    assert [layer for stage in range(4) for layer in stage_layers(10, 4, stage)] == list(range(10))


def test_initial_weights_have_their_deviation_and_depend_on_the_seed() -> None:
    shape = replace(SHAPE, hidden=192, ffn_hidden=256)
    model, other = build(shape), build(shape, seed=1)
    layer = model.layers["1"]
    assert layer.attention.query.weight.std().item() == pytest.approx(0.02, rel=0.03)
    assert layer.feed_forward.down.weight.std().item() == pytest.approx(0.02 / math.sqrt(6), rel=0.03)
    assert torch.equal(layer.attention_norm.weight, torch.ones(192))
    assert not torch.equal(model.head.weight, other.head.weight)
    assert not torch.equal(model.head.weight, model.embedding.weight)


def test_bf16_keeps_the_residual_stream_and_the_logits_in_bf16() -> None:
    model = build_model(SHAPE, 0, range(2), torch.bfloat16, autocast=True)
    assert model(torch.zeros(1, 4, dtype=torch.int64)).dtype == torch.bfloat16
    assert model.layers["0"].attention.query.weight.dtype == torch.float32
