"""The bounds of a step time never exceed the prediction, whatever the layout."""

from typing import Any, get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, RankOrder, Software, SoftwareOption
from clustersim.step.bound import Known, layout_floors_s, micro_batch_floor, step_floor_s
from clustersim.step.predict import predict_step
from clustersim.workload.layout import layout_problems, micro_batches
from tests.step.step_cases import LLAMA3_405B, cluster
from tests.step.strategies import CLUSTER, EXPERTS, MODEL, layouts


def check(
    model: Model,
    layout: Layout,
    batch: int,
    stack: Software,
    machines: Cluster = CLUSTER,
    options: tuple[SoftwareOption, ...] | None = None,
) -> None:
    mean_s = predict_step(model, layout, 4096, batch, "bf16", machines, stack=stack, options=options).mean_s
    (closer_s,) = layout_floors_s(model, (layout,), 4096, batch, "bf16", machines, stack, options)
    once = micro_batch_floor(model, layout, 4096, "bf16", machines, stack, options)
    once_s = once.least_s(overlapped=layout.schedule == "dualpipe")
    chunks = layout.virtual_pipeline if layout.schedule == "1f1b" else None
    floor_s = step_floor_s(once_s, layout.pipeline_parallel, chunks, micro_batches(layout, batch))
    assert 0.0 < floor_s <= mean_s
    assert 0.0 < closer_s <= mean_s


@settings(max_examples=150, deadline=None)
@given(layouts(), st.sampled_from(["megatron", "pytorch", "megatron-deepspeed"]))
def test_no_dense_layout_beats_its_bounds(drawn: tuple[Layout, int], stack: Software) -> None:
    layout, batch = drawn
    assume(not layout_problems(MODEL, layout, batch, 1, 4096))
    check(MODEL, layout, batch, stack)


@settings(max_examples=80, deadline=None)
@given(layouts(), st.sampled_from([1, 2, 4, 8]), st.sets(st.sampled_from(get_args(SoftwareOption))))
def test_no_mixture_beats_its_bounds(drawn: tuple[Layout, int], expert: int, options: set[SoftwareOption]) -> None:
    layout, batch = drawn
    layout = layout.model_copy(update={"expert_parallel": expert})
    assume(not layout_problems(EXPERTS, layout, batch, 1, 4096))
    check(EXPERTS, layout, batch, "megatron", options=tuple(sorted(options)))


def floor_s(model: Model, layout: Layout, batch: int, **shared: Any) -> float:
    (found_s,) = layout_floors_s(model, (layout,), 4096, batch, "bf16", CLUSTER, "megatron", **shared)
    return found_s


@settings(max_examples=60, deadline=None)
@given(st.lists(layouts(), min_size=2, max_size=6), st.sampled_from([MODEL, EXPERTS]))
def test_what_layouts_share_changes_no_bound(drawn: list[tuple[Layout, int]], model: Model) -> None:
    """What was kept of one layout is that of the next, where it is taken for it."""
    known = Known()
    for layout, batch in drawn:
        for zero_stage in (0, 1, 2, 3):
            for order in get_args(RankOrder):
                one = layout.model_copy(update={"zero_stage": zero_stage, "rank_order": order})
                if layout_problems(model, one, batch, 1, 4096):
                    continue
                assert floor_s(model, one, batch, known=known) == floor_s(model, one, batch)


@settings(max_examples=60, deadline=None)
@given(layouts(), st.sampled_from([MODEL, EXPERTS]))
def test_the_exchange_alone_is_a_bound_too(drawn: tuple[Layout, int], model: Model) -> None:
    layout, batch = drawn
    assume(not layout_problems(model, layout, batch, 1, 4096))
    known = Known()
    closer_s = floor_s(model, layout, batch, known=known)
    once = micro_batch_floor(model, layout, 4096, "bf16", CLUSTER, "megatron")
    chunks = layout.virtual_pipeline if layout.schedule == "1f1b" else None
    count = micro_batches(layout, batch)
    once_s = once.least_s(overlapped=layout.schedule == "dualpipe")
    least_s = step_floor_s(once_s, layout.pipeline_parallel, chunks, count)
    alone_s = floor_s(model, layout, batch, known=known, least_s=least_s, limit_s=0.0)
    assert least_s * (1.0 - 1e-8) <= alone_s
    assert alone_s <= predict_step(model, layout, 4096, batch, "bf16", CLUSTER, stack="megatron").mean_s
    assert floor_s(model, layout, batch, known=known, least_s=least_s, limit_s=1e9) == closer_s


@pytest.mark.parametrize("chunks", [1, 8])
def test_the_bounds_are_close_where_it_matters(chunks: int) -> None:
    """Within 6 % of the prediction for the layout of Llama 3: a loose bound would leave nothing out."""
    layout = Layout(
        tensor_parallel=8, pipeline_parallel=16, virtual_pipeline=chunks, data_parallel=64, zero_stage=1, micro_batch=1
    )
    machines = cluster(1024)
    mean_s = predict_step(LLAMA3_405B, layout, 8192, 4096, "bf16", machines, stack="megatron").mean_s
    (closer_s,) = layout_floors_s(LLAMA3_405B, (layout,), 8192, 4096, "bf16", machines, "megatron")
    once = micro_batch_floor(LLAMA3_405B, layout, 8192, "bf16", machines, "megatron")
    assert closer_s > 0.94 * mean_s
    assert step_floor_s(once.least_s(overlapped=False), 16, chunks, 64) > 0.90 * mean_s


def test_equal_stages_have_the_bubble_of_theory() -> None:
    assert step_floor_s(8.0, 4, 1, 10) == pytest.approx((10 + 3) * 2.0)
    assert step_floor_s(8.0, 4, 1, 1) == pytest.approx(8.0)
    assert step_floor_s(8.0, 4, 2, 10) == pytest.approx((10 + 0.5) * 2.0)
    assert step_floor_s(8.0, 1, 1, 10) == pytest.approx(80.0)
