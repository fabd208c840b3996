"""A published time: printed, or derived by a rule; never from a number whose convention is unknown."""

import math

import pytest

from clustersim.calibration.rows import published_step
from clustersim.workload.flops import model_flops_per_token
from tests.calibration.rows_table import row


def test_printed_time_comes_first() -> None:
    assert published_step(row(tokens_per_s_per_gpu="1")).step_time_s == 3.1


def test_time_from_tokens_per_second() -> None:
    # 256 sequences of 8,192 tokens on 64 GPUs at 8,192 tokens/s each: 4 s.
    step = published_step(row(step_time_s="", tokens_per_s_per_gpu="8192"))
    assert step.step_time_s == pytest.approx(4.0)
    assert any(item.column == "step_time_s" for item in step.assumed)


@pytest.mark.parametrize(
    ("changes", "convention"),
    [
        ({"stack": "megatron-bridge-26.02"}, "causal"),
        ({"stack": "megatron-2021"}, "full"),
        ({"stack": "composer-fsdp-2023"}, "full"),
        ({"stack": "hf-2025", "notes": "attention flops counted CAUSALLY (halved)"}, "causal"),
        ({"stack": "maxtext", "notes": "MFU uses 6N+12LHQT (no causal halving)"}, "full"),
    ],
)
def test_time_from_flops_of_a_known_convention(changes: dict[str, str], convention: str) -> None:
    step = published_step(row(step_time_s="", model_tflops_per_gpu="400", **changes))
    flops = model_flops_per_token(step.model, 8192, convention)  # type: ignore[arg-type]
    assert step.step_time_s == pytest.approx(flops * 256 * 8192 / (400e12 * 64))


def test_time_from_mfu_in_sixteen_bits() -> None:
    step = published_step(row(step_time_s="", mfu_pct="40", stack="megatron-2022"))
    flops = model_flops_per_token(step.model, 8192, "full")
    assert step.step_time_s == pytest.approx(flops * 256 * 8192 / (0.4 * 989.4e12 * 64))


@pytest.mark.parametrize(
    "changes",
    [
        {"model_tflops_per_gpu": "400", "stack": "nemo-2024"},
        {"model_tflops_per_gpu": "400", "stack": "torchtitan-2024"},
        {"model_tflops_per_gpu": "400", "notes": "footnote: some older TFLOP/s use non-halved attention"},
        {"mfu_pct": "40", "precision": "fp8", "stack": "megatron-bridge-26.02"},
        {"hfu_pct": "50", "stack": "megatron-2021"},
        {},
    ],
)
def test_no_time_without_a_convention(changes: dict[str, str]) -> None:
    assert math.isnan(published_step(row(step_time_s="", **changes)).step_time_s)
