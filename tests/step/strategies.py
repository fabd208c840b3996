"""Layouts of a small model for properties that hold for all of them."""

from hypothesis import strategies as st

from clustersim.scenario.schema.model import MixtureOfExperts, Model
from clustersim.scenario.schema.training import Layout
from tests.step.step_cases import cluster

POWERS = st.sampled_from([1, 2, 4, 8])
MODEL = Model(layers=22, hidden=2048, heads=16, kv_heads=8, ffn_hidden=8192, gated=True, vocabulary=64000)
EXPERTS = MODEL.model_copy(
    update={"mixture": MixtureOfExperts(experts=8, experts_per_token=2, expert_ffn_hidden=2048, dense_layers=3)}
)
CLUSTER = cluster(512, fabric={"nodes_per_pod": 16, "oversubscription": 4.0})


@st.composite
def layouts(draw: st.DrawFn) -> tuple[Layout, int]:
    """A layout whose chunks are equal where there are several, and a batch that it divides."""
    stages = draw(st.sampled_from([1, 2, 3, 4, 6, 8, 11, 12]))
    equal = [chunks for chunks in range(1, 13) if 0 in (22 % (stages * chunks), 24 % (stages * chunks))]
    chunks = draw(st.sampled_from(equal)) if stages > 1 and equal else 1
    data, micro_batch, count = draw(POWERS), draw(st.sampled_from([1, 2])), draw(st.integers(1, 40))
    recompute = draw(st.sampled_from(["none", "selective", "full"]))
    layout = Layout.model_validate(
        {
            "tensor_parallel": draw(POWERS),
            "context_parallel": draw(st.sampled_from([1, 2, 4])),
            "pipeline_parallel": stages,
            "virtual_pipeline": chunks,
            "schedule": draw(st.sampled_from(["1f1b", "zero-bubble", "dualpipe"])) if chunks == 1 else "1f1b",
            "data_parallel": data,
            "zero_stage": draw(st.sampled_from([0, 1, 2, 3])),
            "micro_batch": micro_batch,
            "recompute": recompute,
            "rank_order": draw(st.sampled_from(["tp-cp-dp-pp", "tp-cp-pp-dp"])),
        }
    )
    return layout, data * micro_batch * count
