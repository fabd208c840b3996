"""How the parameters of a GPU, a precision and a software stack are looked up and combined."""

import pytest

from clustersim.scenario.schema.hardware import Accelerator, Precision
from clustersim.step.efficiency import (
    calibrated_table,
    default_stack,
    efficiency_of,
    generation_of,
    has_peak,
    peak_of,
)
from tests.step import step_cases as cases


def accelerator(name: str, **changes: object) -> Accelerator:
    return Accelerator.model_validate({"like": name} | changes)


@pytest.mark.parametrize(
    ("name", "generation"),
    [
        ("a100-40gb", "ampere"),
        ("h200", "hopper"),
        ("h100-pcie", None),
        ("gb200", "blackwell"),
        ("gb300", "blackwell-ultra"),
        ("h100-hbm2e-500w", "hopper-500w"),
        ("mi300x", None),
    ],
)
def test_generation_by_catalogue_name(name: str, generation: str | None) -> None:
    assert generation_of(accelerator(name)) == generation


def test_generation_of_an_unnamed_chip_is_that_of_its_link() -> None:
    own = accelerator("h100-sxm").model_copy(update={"catalogue_entry": None})
    assert generation_of(own) == "hopper"
    assert generation_of(own.model_copy(update={"scale_up": "Infinity Fabric"})) is None


def test_rates_are_peaks_times_efficiencies() -> None:
    table = calibrated_table()
    found = efficiency_of(accelerator("h100-sxm"), "bf16", "megatron", table)
    assert found.gemm_flop_s == pytest.approx(989.4e12 * table["hopper"]["gemm_bf16"])
    assert found.memory_bytes_s == pytest.approx(3352e9 * table["hopper"]["memory"])
    assert found.cast_traffic == 0.0
    assert efficiency_of(accelerator("h100-sxm"), "fp8", "megatron", table).cast_traffic > 0.0


def test_slower_edition_is_the_same_silicon_at_a_lower_clock() -> None:
    table = calibrated_table()
    clock = table["hopper-500w"]["clock"]
    full = efficiency_of(accelerator("h100-sxm"), "bf16", "megatron", table)
    slow = efficiency_of(accelerator("h100-hbm2e-500w"), "bf16", "megatron", table)
    assert 0.4 < clock < 1.0
    assert slow.gemm_flop_s / full.gemm_flop_s == pytest.approx(clock)
    assert slow.gemm_half_size == full.gemm_half_size


def test_attention_runs_in_sixteen_bits_whatever_the_precision() -> None:
    table, chip = calibrated_table(), accelerator("h100-sxm")
    wide, narrow = (efficiency_of(chip, precision, "megatron", table) for precision in ("bf16", "fp8"))
    assert wide.attention_flop_s == narrow.attention_flop_s


@pytest.mark.parametrize(("precision", "peak_flop_s"), [("tf32", 494.7e12), ("fp32", 66.9e12)])
def test_runs_in_32_bits_attend_and_exchange_in_them(precision: Precision, peak_flop_s: float) -> None:
    table, chip = calibrated_table(), accelerator("h100-sxm")
    half = efficiency_of(chip, "bf16", "megatron", table)
    whole = efficiency_of(chip, precision, "megatron", table)
    assert whole.attention_flop_s == pytest.approx(half.attention_flop_s * peak_flop_s / 989.4e12)
    assert (half.element_bytes, whole.element_bytes) == (2.0, 4.0)


@pytest.mark.parametrize("precision", ["fp16", "bf16", "fp8"])
def test_narrow_products_leave_activations_in_16_bits(precision: Precision) -> None:
    found = efficiency_of(accelerator("h100-sxm"), precision, "megatron", calibrated_table())
    assert found.element_bytes == 2.0


def test_old_kernels_on_a_new_chip_have_their_own_share() -> None:
    table = calibrated_table()
    assert "attention_hopper" in table["stack-composer"]
    found = efficiency_of(accelerator("h100-sxm"), "bf16", "composer", table)
    share = table["hopper"]["attention"] * table["stack-composer"]["attention_hopper"]
    assert found.attention_flop_s == pytest.approx(989.4e12 * share)


@pytest.mark.parametrize(("stage", "stack"), [(0, "megatron"), (1, "megatron"), (2, "pytorch"), (3, "pytorch")])
def test_stack_that_a_layout_speaks_of(stage: int, stack: str) -> None:
    assert default_stack(cases.layout(zero_stage=stage)) == stack


def test_half_formats_stand_for_each_other() -> None:
    chip = accelerator("h100-sxm")
    only_bf16 = chip.model_copy(update={"peak": chip.peak.model_copy(update={"fp16": None})})
    assert peak_of(only_bf16, "fp16") == peak_of(chip, "bf16")
    assert not has_peak(accelerator("a100-80gb"), "fp8")


def test_every_value_of_the_table_is_a_positive_number_with_a_source() -> None:
    for name, fields in calibrated_table().items():
        assert fields, name
        assert all(value >= 0.0 for field, value in fields.items()), name
