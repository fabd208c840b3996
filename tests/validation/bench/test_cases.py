"""What is timed, and its FLOPs and bytes, against numbers worked out by hand."""

import math
from pathlib import Path
from typing import Any

import pytest

from validation.bench import attention, checkpoint, collectives, gemm, memory
from validation.bench.case import Case
from validation.bench.sampling import Sampling
from validation.bench.session import Session
from validation.bench.shape import Shape
from validation.bench.worker import Place
from validation.gpt.config import JobConfig, Layout, ModelShape, Training

SHAPE = Shape(64, 4, 2, 192, 256, sequence_length=32, micro_batch=3)
"""96 tokens; heads are 16 wide."""


def session(*shapes: Shape, world: int = 2, small: bool = True) -> Session:
    place = Place(0, world, "cpu", threads=1, folder=Path(), port=0)
    return Session(shapes or (SHAPE,), small, place, math.inf, on_round=lambda _records: None, sampling=Sampling())


def only(cases: list[Case], **parameters: Any) -> Case:
    found = [case for case in cases if parameters.items() <= {**case.parameters, "processes": case.processes}.items()]
    assert len(found) == 1, found
    return found[0]


def test_shape_of_a_job() -> None:
    model = ModelShape(layers=2, hidden=64, heads=4, kv_heads=2, ffn_hidden=192, vocab=256)
    train = Training(sequence_length=32, micro_batch=3, global_batch=6, steps=1)
    assert Shape.of_job(JobConfig(model=model, train=train)) == SHAPE
    split = Shape.of_job(JobConfig(model=model, train=train, parallel=Layout(tensor=2)))
    assert [(item.matrix, item.m, item.n, item.k) for item in split.products()] == [
        ("query", 96, 32, 64),
        ("key_value", 96, 16, 64),
        ("output", 96, 64, 32),
        ("gate_up", 96, 96, 64),
        ("down", 96, 64, 96),
        ("head", 96, 128, 64),
    ]


def test_products() -> None:
    cases = gemm.cases(session())
    # Query and output are the same product here: five products, three orientations, two precisions, one and two.
    assert len(cases) == 5 * 3 * 2 * 2
    down = only(cases, matrix="down", op="wgrad", precision="bf16", processes=2)
    assert (down.parameters["m"], down.parameters["n"], down.parameters["k"]) == (96, 64, 192)
    assert down.flop == 2 * 96 * 64 * 192 == 2_359_296
    assert down.bytes == 2 * (96 * 192 + 64 * 192 + 96 * 64) == 73_728
    assert only(cases, matrix="down", op="dgrad", precision="fp32", processes=1).bytes == 2 * 73_728


def test_a_product_of_two_shapes_is_timed_once() -> None:
    wider = Shape(64, 4, 2, 192, 512, sequence_length=32, micro_batch=3)
    assert len(gemm.cases(session(SHAPE, wider))) - len(gemm.cases(session())) == 3 * 2 * 2  # the head alone


def test_attention() -> None:
    cases = attention.cases(session())
    assert len(cases) == 2 * 2 * 2
    forward = only(cases, op="forward", precision="fp32", processes=1)
    # Three sequences, four heads: 32 x 32 pairs, half of them kept, two products, 16 wide, two FLOPs each.
    assert forward.flop == 3 * 4 * (32 * 32 // 2) * 2 * 16 * 2 == 393_216
    assert only(cases, op="backward", precision="fp32", processes=1).flop == 983_040
    assert {name: forward.parameters[name] for name in ("batch", "heads", "kv_heads", "seq", "head_dim")} == {
        "batch": 3,
        "heads": 4,
        "kv_heads": 2,
        "seq": 32,
        "head_dim": 16,
    }


def test_attention_of_two_shapes_that_differ_elsewhere_is_timed_once() -> None:
    wider = Shape(64, 4, 2, 256, 512, sequence_length=32, micro_batch=3)
    assert len(attention.cases(session(SHAPE, wider))) == len(attention.cases(session()))


@pytest.mark.parametrize(
    ("op", "precision", "moved"),
    [
        ("copy", "fp32", 2 * 262_144),
        ("add", "fp32", 3 * 262_144),
        ("cast", "fp32", 262_144 + 131_072),
        ("rms_norm", "bf16", 2 * 262_144),
        ("rms_norm_backward", "bf16", 3 * 262_144),
        ("swiglu", "fp32", 5 * 262_144),
        ("swiglu_backward", "fp32", 9 * 262_144),
        ("softmax", "bf16", 2 * 262_144),
        ("cross_entropy", "fp32", 2 * 262_144),
        ("cross_entropy_backward", "fp32", 4 * 262_144),
    ],
)
def test_bytes_of_operators(op: str, precision: str, moved: int) -> None:
    case = only(memory.cases(session()), op=op, precision=precision, processes=2, tensor_bytes=262_144)
    assert case.bytes == moved
    assert case.section == "memory"


def test_the_optimizer_counts_parameters() -> None:
    cases = memory.cases(session())
    update = only(cases, op="adamw", params=65_536, processes=1)
    assert (update.section, update.bytes) == ("optimizer", 7 * 4 * 65_536)
    assert only(cases, op="clip_grad_norm", params=65_536, processes=1).bytes == 3 * 4 * 65_536


def test_operators_on_rows_skip_tensors_smaller_than_a_row() -> None:
    wide = Shape(64, 4, 2, 192, 8192, sequence_length=32, micro_batch=3)
    cases = [case for case in memory.cases(session(wide)) if case.parameters["op"] == "cross_entropy"]
    assert [(case.parameters["rows"], case.parameters["width"]) for case in cases] == [(8, 8192)] * 2


def test_sizes_reach_from_the_first_cache_to_main_memory() -> None:
    sizes = {case.parameters["tensor_bytes"] for case in memory.cases(session(small=False)) if case.section == "memory"}
    assert (min(sizes), max(sizes)) == (32 * 2**10, 64 * 2**20)


def test_collectives_over_messages_and_groups() -> None:
    cases = collectives.cases(session(world=6, small=False))
    assert {case.parameters["devices"] for case in cases} == {2, 4, 6}
    assert {case.processes for case in cases if case.parameters["devices"] == 4} == {4}
    sizes = sorted({int(case.parameters["bytes"]) for case in cases if case.parameters["devices"] == 2})
    assert sizes == [4 * 2**10 * 4**step for step in range(8)]
    # Six processes share whole values of four bytes each: 4,096 is rounded down to 170 times 24.
    assert only(cases, op="all_gather", devices=6, bytes=4080).slowest
    sends = [case for case in cases if case.parameters["op"] == "send_recv"]
    assert {(case.parameters["devices"], case.operations) for case in sends} == {(2, 2)}


def test_checkpoints() -> None:
    cases = checkpoint.cases(session())
    assert {(case.parameters["op"], case.parameters["cache"], case.processes) for case in cases} == {
        (op, cache, processes)
        for op, cache in (("save", "none"), ("load", "warm"), ("load", "cold"))
        for processes in (1, 2)
    }
    assert not any(case.batched for case in cases)


def test_alone_nothing_is_timed_twice() -> None:
    assert {case.processes for case in gemm.cases(session(world=1))} == {1}
