"""Reasons of rejection by family."""

from clustersim.scenario.schema.training import Layout
from clustersim.study.layouts.families import Rejections, listed
from clustersim.study.layouts.legal import legal_layout
from clustersim.workload.layout import LayoutProblem
from tests.study.layouts.layout_cases import question

GIB = 2.0**30


def stages(count: int, **settings: int) -> Layout:
    return Layout.model_validate({"pipeline_parallel": count, "data_parallel": 1} | settings)


def test_listed() -> None:
    assert listed({4}) == "4"
    assert listed({2048, 96, 8}) == "8 / 96 / 2,048"
    assert listed({1, 2, 4, 8, 16}) == "1 to 16"


def test_listed_schedules() -> None:
    assert listed({"dualpipe"}) == "dualpipe"
    assert listed({"zero-bubble", "dualpipe"}) == "dualpipe / zero-bubble"


def test_a_schedule_that_cannot_run_is_named() -> None:
    """DualPipe needs an even number of stages and as many micro-batches as stages in each direction."""
    rejections = Rejections(question(batch=12))
    layout = Layout(pipeline_parallel=3, data_parallel=1, schedule="dualpipe")
    rejections.add_rule(layout, LayoutProblem("schedule", "dualpipe takes an even number of stages"), 4)
    (family,) = rejections.families({}, set())
    assert (family.kind, family.name, family.layouts) == ("model", "schedule dualpipe", 4)


def test_memory_is_grouped_by_stages_with_the_nearest_miss() -> None:
    asked = question(memory="10737418240 B")
    rejections = Rejections(asked)
    rejections.add_memory(stages(1), 40.0 * GIB, 5)
    rejections.add_memory(stages(1, micro_batch=2), 30.0 * GIB, 7)
    rejections.add_memory(stages(2), 10.5 * GIB, 1)
    rejections.add_memory(stages(4), 10.25 * GIB, 2)
    alone, joined = rejections.families({1: 12, 2: 9, 4: 9}, fitting={2, 4})
    assert (alone.name, alone.layouts, alone.whole) == ("PP 1", 12, True)
    assert alone.reason == "needs 30.0 GiB per GPU or more, 200.0 % over the device's 10.0 GiB"
    assert "mb2" in alone.nearest
    assert (joined.name, joined.layouts, joined.whole) == ("PP 2 / 4", 3, False)
    assert joined.least_bytes == 10.25 * GIB
    assert rejections.by_memory == 15


def test_the_batch_has_three_reasons() -> None:
    rejections = Rejections(question(batch=12))
    problem = LayoutProblem("global_batch", "does not matter here")
    for data, micro_batch, layouts in ((16, 1, 1), (8, 1, 2), (32, 1, 4), (4, 6, 8)):
        rejections.add_rule(Layout(data_parallel=data, micro_batch=micro_batch), problem, layouts)
    names = {family.name: (family.layouts, family.reason) for family in rejections.families({}, set())}
    assert names == {
        "DP 16 / 32": (5, "global batch 12 has fewer sequences than replicas"),
        "DP 8": (2, "does not divide the global batch of 12"),
        "DP x micro-batch 24": (8, "does not divide the global batch of 12"),
    }
    assert rejections.by_rule == 15


def test_sequence_parallelism_is_switched_off_where_it_alone_does_not_divide() -> None:
    asked = question(batch=12)
    asked = type(asked)(**{name: getattr(asked, name) for name in asked.__slots__} | {"sequence_length": 1023})
    layout, problem = legal_layout(asked, Layout(tensor_parallel=2, data_parallel=4))
    assert problem is None
    assert not layout.sequence_parallel
    wrong, problem = legal_layout(asked, Layout(tensor_parallel=4, data_parallel=2))
    assert problem is not None
    assert problem.field == "tensor_parallel"
    assert wrong.tensor_parallel == 4
