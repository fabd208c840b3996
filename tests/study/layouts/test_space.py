"""The space of layouts, counted by hand."""

from clustersim.study.layouts.space import Pipe, Shape, Space, divisors, shapes
from tests.study.layouts.layout_cases import EXPERTS, MODEL, every_layout, question


def test_divisors() -> None:
    assert divisors(12, 8) == (1, 2, 3, 4, 6)
    assert divisors(7, 100) == (1, 7)


def test_shapes_of_four_gpus() -> None:
    """TP, CP, PP and DP of four GPUs: 10 ordered ways to split two factors of two over four dimensions."""
    found = list(shapes(question(gpus=4)))
    assert len(found) == len(set(found)) == 10
    assert all(shape.tensor * shape.context * shape.pipeline * shape.data == 4 for shape in found)


def test_experts_stay_inside_replicas_and_context() -> None:
    sizes = {(shape.data * shape.context, shape.expert) for shape in shapes(question(EXPERTS, gpus=4))}
    assert sizes == {(1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 4)}


def test_context_cuts_the_sequence_into_two_pieces_each() -> None:
    assert max(shape.context for shape in shapes(question(gpus=4096))) == 512


def test_tensor_parallelism_ends_at_the_domain() -> None:
    asked = question(gpus=12)
    assert max(shape.tensor for shape in shapes(asked)) == 4
    assert Space(asked).limits()[0].startswith("TP 6 and more: leaves the scale-up (NVLink) domain of 4")


def test_pipes_of_six_layers() -> None:
    """Two stages: 6 layers make 2 or 6 chunks, 8 slots 2, 4 or 8; four stages: 4 or 8 slots; 2 unequal to 6 layers."""
    space = Space(question())
    assert [pipe.chunks for pipe in space.pipes(2)] == [1, 2, 3, 4]
    assert [pipe.chunks for pipe in space.pipes(4)] == [1, 2]
    assert space.pipes(1) == (Pipe("1f1b", 1, 6, 1.0),)
    assert [pipe.depth for pipe in space.pipes(4)] == [2, 2]


def test_unequal_chunks_come_in_powers_of_two() -> None:
    """61 layers and 63 slots over 16 stages: nothing divides."""
    space = Space(question(MODEL.model_copy(update={"layers": 61})))
    assert [pipe.chunks for pipe in space.pipes(16)] == [1, 2]
    assert space.pipes(16)[1].evenness == 32 / 63


def test_other_schedules_are_those_of_the_software() -> None:
    assert Space(question(stack="pytorch")).pipes(2)[-1].schedule == "zero-bubble"
    assert {pipe.schedule for pipe in Space(question()).pipes(2)} == {"1f1b"}


def test_settings_of_a_shape() -> None:
    """Two stages of three layers: none, selective, full, full of 1 or 2; four ZeRO stages; two orders."""
    space, shape = Space(question()), Shape(tensor=1, context=1, pipeline=2, data=4, expert=1)
    assert space.settings(shape, space.pipes(2)[0]) == 5 * 4 * 2


def test_one_gpu_has_one_shape() -> None:
    asked = question(gpus=1, batch=1)
    (shape,) = shapes(asked)
    assert (shape.zero_stages, shape.orders) == ((0,), ("tp-cp-dp-pp",))
    assert len(list(every_layout(asked))) == 8


def test_what_is_not_searched_is_the_plans() -> None:
    asked = question(loss="chunked", recompute="full", zero_stage=3)
    layout = Space(asked).plainest(Shape(2, 1, 1, 4, 1), 2)
    assert (layout.loss, layout.recompute, layout.zero_stage) == ("chunked", "none", 0)
