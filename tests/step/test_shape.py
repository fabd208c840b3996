"""What one GPU holds of a layer, against sizes worked out by hand."""

import pytest

from clustersim.scenario.schema.model import MixtureOfExperts, Model
from clustersim.step.collectives import all_gather_s, send_s
from clustersim.step.compute import PassTime
from clustersim.step.exchange import context_time
from clustersim.step.layer import layer_time
from clustersim.step.layer_work import layer_weights
from clustersim.step.shape import Shard, attention_elements, attention_products
from tests.step.ideal import ideal, ideal_job

# Qwen3-235B-A22B (arXiv 2505.09388, 2025): 64 query heads of width 128 share four key and value heads.
QWEN3_235B = Model(
    layers=94,
    hidden=4096,
    heads=64,
    kv_heads=4,
    head_dim=128,
    ffn_hidden=12288,
    gated=True,
    vocabulary=151936,
    mixture=MixtureOfExperts(experts=128, experts_per_token=8, expert_ffn_hidden=1536),
)
SHARED = QWEN3_235B.model_copy(
    update={"mixture": MixtureOfExperts(experts=128, experts_per_token=8, expert_ffn_hidden=1536, shared_experts=1)}
)


@pytest.mark.parametrize(
    ("tensor", "width"),
    # 64 x 128 / TP for the queries, 2 x 4 x 128 / TP for keys and values, but never less than one head of each.
    [(1, 9216), (4, 2048 + 256), (8, 1024 + 256), (16, 512 + 256)],
)
def test_key_value_heads_are_copied_when_the_group_has_more_gpus(tensor: int, width: int) -> None:
    into, out = attention_products(QWEN3_235B, Shard(4096.0, 4096.0 / tensor, tensor))
    assert into.n == width
    assert out.k == 8192 / tensor


def test_rotary_turns_the_copies_too() -> None:
    one, eight = (attention_elements(QWEN3_235B, Shard(1.0, 0.0, tensor)) for tensor in (1, 8))
    assert one == 2 * (64 + 4) * 128
    assert eight == 2 * (8 + 1) * 128


def test_weights_of_copied_heads_are_held_and_reduced_by_every_gpu() -> None:
    # Query and output 2 x 4096 x 8192 / 8, one key and one value head of 4096 x 128, router, and norms of layer
    # (2 x 4096) and heads (none in this model).
    shared, experts = layer_weights(ideal_job(QWEN3_235B, tensor_parallel=8), mixture=True)
    assert shared == 2 * 4096 * 8192 / 8 + 2 * 4096 * 128 + 4096 * 128 + 2 * 4096
    assert experts == 128 * 3 * 4096 * 1536 / 8


def test_every_expert_parallel_rank_holds_the_shared_expert() -> None:
    routed = layer_weights(ideal_job(QWEN3_235B, data_parallel=8, expert_parallel=8), mixture=True)
    both = layer_weights(ideal_job(SHARED, data_parallel=8, expert_parallel=8), mixture=True)
    assert both[0] - routed[0] == 3 * 4096 * 1536
    assert both[1] == routed[1]


@pytest.mark.parametrize(("tensor", "heads"), [(1, 4), (2, 2), (4, 1), (8, 1)])
def test_context_ranks_exchange_the_copies(tensor: int, heads: int) -> None:
    ring, gathered = (
        ideal_job(QWEN3_235B, efficiency=ideal(ring_context=rings), tensor_parallel=tensor, context_parallel=2)
        for rings in (True, False)
    )
    # Keys and values of 2,048 tokens in 16 bits to the neighbour, or of both ranks' 4,096 gathered.
    sent_s = send_s(2 * heads * 128 * 2048 * 2, ring.groups.context)
    assert context_time(ring, PassTime(0.0, 0.0)).forward_s == pytest.approx(sent_s)
    gather_s = all_gather_s(2 * heads * 128 * 4096 * 2, gathered.groups.context_group)
    assert layer_time(gathered, mixture=True).context.forward_s == pytest.approx(gather_s)
