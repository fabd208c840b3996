"""The prediction as a whole: sums, rates, monotonicity, what it says about its own range, its speed."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustersim.calibration.free import FREE
from clustersim.scenario.schema.training import Layout
from clustersim.step.calibrated import SPLIT_SIGMA, UNCALIBRATED_SIGMA
from clustersim.step.efficiency import calibrated_table
from clustersim.step.job import job_of
from clustersim.step.predict import phase_steps, predict_step
from clustersim.step.stage import stage_exchange_s, stage_times
from clustersim.step.step_time import BREAKDOWN_KEYS, StepTime
from clustersim.workload.flops import model_flops_per_token
from tests.executed import executed_lines
from tests.step import step_cases as cases

LAYOUTS = [
    cases.layout(tensor_parallel=2, data_parallel=16),
    cases.layout(tensor_parallel=4, pipeline_parallel=4, virtual_pipeline=2, data_parallel=2),
    cases.layout(context_parallel=2, data_parallel=16, recompute="full"),
    cases.layout(data_parallel=32, zero_stage=3, recompute="selective"),
    cases.layout(tensor_parallel=8, pipeline_parallel=2, data_parallel=2, sequence_parallel=False, zero_stage=0),
]


def predict(layout: Layout, **changes: Any) -> StepTime:
    given_: dict[str, Any] = {
        "model": cases.LLAMA3_8B,
        "sequence_length": 8192,
        "global_batch": 128,
        "precision": "bf16",
        "cluster": cases.cluster(),
    }
    return predict_step(layout=layout, **(given_ | changes))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_breakdown_sums_to_the_mean(layout: Layout) -> None:
    step = predict(layout)
    assert tuple(step.breakdown_s) == BREAKDOWN_KEYS
    assert math.fsum(step.breakdown_s.values()) == step.mean_s
    assert all(seconds >= 0.0 for seconds in step.breakdown_s.values())


def test_parts_appear_with_what_causes_them() -> None:
    plain, pipelined, context, sharded, _ = (predict(layout).breakdown_s for layout in LAYOUTS)
    assert plain["exposed_tp"] > 0.0
    assert plain["bubble"] == plain["exposed_pp"] == plain["exposed_cp"] == plain["recompute"] == 0.0
    assert pipelined["bubble"] > 0.0
    assert pipelined["exposed_pp"] > 0.0
    assert context["exposed_cp"] > 0.0
    assert context["recompute"] > sharded["recompute"] > 0.0
    assert sharded["exposed_tp"] == 0.0
    experts = predict(cases.layout(data_parallel=32, expert_parallel=8), model=cases.MIXTRAL).breakdown_s
    assert experts["exposed_ep"] > 0.0


@pytest.mark.parametrize("precision", ["fp32", "tf32"])
def test_runs_in_32_bits_compute_slower_and_exchange_twice_the_bytes(precision: str) -> None:
    half, whole = (predict(LAYOUTS[4], precision=kind).breakdown_s for kind in ("bf16", precision))
    assert 1.5 * half["exposed_tp"] < whole["exposed_tp"] <= 2 * half["exposed_tp"] * (1 + 1e-9)
    assert whole["compute_attention"] > 1.9 * half["compute_attention"]
    assert half["compute_other"] < whole["compute_other"] < 2 * half["compute_other"]


@pytest.mark.parametrize("stage", [0, 1])
def test_replicas_gather_weights_of_32_bits_and_reduce_the_same_gradients(stage: int) -> None:
    layout = cases.layout(data_parallel=32, zero_stage=stage)
    half, whole = (
        job_of(cases.LLAMA3_8B, layout, 8192, kind, cases.cluster(), "megatron", calibrated_table())
        for kind in ("bf16", "fp32")
    )
    (reduced_s, gathered_s), (wide_reduced_s, wide_gathered_s) = (
        stage_exchange_s(of, stage_times(of)[0]) for of in (half, whole)
    )
    assert wide_reduced_s == pytest.approx(reduced_s)
    assert wide_gathered_s == pytest.approx(2 * gathered_s, rel=0.01)


def test_rates_follow_from_the_mean() -> None:
    step = predict(LAYOUTS[0])
    tokens_per_s = 8192 * 128 / step.mean_s
    assert step.tokens_per_s == pytest.approx(tokens_per_s)
    flops = model_flops_per_token(cases.LLAMA3_8B, 8192, "full")
    assert step.model_flops_per_gpu_s == pytest.approx(tokens_per_s * flops / 32)
    assert step.mfu == pytest.approx(step.model_flops_per_gpu_s / 989.4e12)
    assert step.hfu == step.mfu
    assert step.causal_model_flops_per_gpu_s < step.model_flops_per_gpu_s
    assert predict(LAYOUTS[2]).hfu > predict(LAYOUTS[2]).mfu


@settings(max_examples=25, deadline=None)
@given(layout=st.sampled_from(LAYOUTS), factor=st.floats(1.0, 8.0))
def test_more_bandwidth_never_slows(layout: Layout, factor: float) -> None:
    base = predict(layout).mean_s
    wider = cases.cluster(nic_bandwidth=f"{400 * factor:.6f} Gbps")
    assert predict(layout, cluster=wider).mean_s <= base * (1 + 1e-9)
    chip = cases.accelerator(
        scale_up_bandwidth=f"{450 * factor:.6f} GB/s", memory_bandwidth=f"{3352 * factor:.6f} GB/s"
    )
    assert predict(layout, cluster=cases.cluster(accelerator=chip)).mean_s <= base * (1 + 1e-9)


@settings(max_examples=25, deadline=None)
@given(layout=st.sampled_from(LAYOUTS), factor=st.floats(1.0, 8.0))
def test_more_flops_never_slow(layout: Layout, factor: float) -> None:
    chip = cases.accelerator(peak={"bf16": f"{989.4 * factor:.6f} TFLOP/s"})
    # Shorter computation hides less communication, but never by more than it saves.
    assert predict(layout, cluster=cases.cluster(accelerator=chip)).mean_s <= predict(layout).mean_s * (1 + 1e-9)


@settings(max_examples=25, deadline=None)
@given(layout=st.sampled_from(LAYOUTS), times=st.integers(2, 8))
def test_larger_batches_take_longer_but_no_longer_per_sequence(layout: Layout, times: int) -> None:
    one, many = predict(layout).mean_s, predict(layout, global_batch=128 * times).mean_s
    assert one < many <= times * one * (1 + 1e-9)


def test_inside_the_calibrated_range_nothing_is_said() -> None:
    step = predict(LAYOUTS[0])
    assert step.extrapolations == ()
    assert 0.0 < step.prediction_sigma < 0.1
    assert step.basis == "predicted"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cluster": cases.cluster(accelerator="mi300x")}, "GPU mi300x has no calibrated step times"),
        ({"precision": "fp8", "model": cases.MIXTRAL}, "no fitted step times of mixture-of-experts models in fp8"),
        ({"sequence_length": 131072}, "sequence of 131,072 tokens is 2 times the largest calibrated (65,536)"),
        (
            {"cluster": cases.cluster(fabric={"nodes_per_pod": 2, "oversubscription": 4.0})},
            "job spans pods of 16 GPUs with oversubscription 4",
        ),
        ({"precision": "fp4", "cluster": cases.cluster(accelerator="b200")}, "precision fp4 is not calibrated"),
    ],
)
def test_what_lies_outside_is_named_and_widens_the_spread(changes: dict[str, Any], words: str) -> None:
    step = predict(LAYOUTS[0], **changes)
    assert any(words in text for text in step.extrapolations)
    assert step.prediction_sigma > predict(LAYOUTS[0]).prediction_sigma


def test_larger_jobs_than_calibrated_are_named() -> None:
    layout = cases.layout(tensor_parallel=8, pipeline_parallel=16, virtual_pipeline=8, data_parallel=128)
    step = predict(layout, model=cases.LLAMA3_405B, global_batch=2048, cluster=cases.cluster(2048))
    assert "job of 16,384 GPUs is 8 times the largest calibrated (2,048)" in step.extrapolations


def test_software_fitted_on_one_slow_card_is_named() -> None:
    step = predict(LAYOUTS[3])
    text = (
        "the efficiency of pytorch software was fitted on one power-limited card (h100-hbm2e-500w)"
        " and separated from that card's clock by assumption"
    )
    assert text in step.extrapolations
    assert step.prediction_sigma >= SPLIT_SIGMA
    on_that_card = predict(LAYOUTS[3], cluster=cases.cluster(accelerator="h100-hbm2e-500w"))
    assert not any("by assumption" in text for text in on_that_card.extrapolations)


def test_the_split_of_card_and_software_has_a_least_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {name: dict(fields) for name, fields in calibrated_table().items()}
    small["class-stack-pytorch-dense"]["sigma"] = small["class-hopper-bf16-dense"]["sigma"] = 0.03
    monkeypatch.setattr("clustersim.step.calibrated.calibrated_table", lambda: small)
    assert predict(LAYOUTS[3]).prediction_sigma == pytest.approx(SPLIT_SIGMA)


def test_spread_of_llama3_covers_what_the_split_of_card_and_software_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    # The fit knows the product of the slow card's clock and the software's share. Moving the clock by one spread of its
    # prior at the same product leaves that card's own steps as they are.
    clock = next(item for item in FREE if item.key == ("hopper-500w", "clock"))
    layout = cases.layout(tensor_parallel=8, pipeline_parallel=16, virtual_pipeline=8, data_parallel=128, zero_stage=2)

    def flops_and_sigma(clock_factor: float, card: str) -> tuple[float, float]:
        moved = {name: dict(fields) for name, fields in calibrated_table().items()}
        moved["hopper-500w"]["clock"] *= clock_factor
        for field in ("gemm", "attention_hopper"):
            moved["stack-pytorch"][field] /= clock_factor
        with monkeypatch.context() as patch:
            patch.setattr("clustersim.step.predict.calibrated_table", lambda: moved)
            machines = cases.cluster(2048, accelerator=card)
            step = predict(layout, model=cases.LLAMA3_405B, global_batch=2048, cluster=machines)
        return step.model_flops_per_gpu_s, step.prediction_sigma

    factor = math.exp(clock.spread)
    slower, forecast, faster = (flops_and_sigma(moved, "h100-sxm")[0] for moved in (factor, 1.0, 1.0 / factor))
    one_sigma = math.exp(flops_and_sigma(1.0, "h100-sxm")[1])
    assert forecast / one_sigma < slower < forecast < faster < forecast * one_sigma
    assert clock.spread < SPLIT_SIGMA
    own = [flops_and_sigma(moved, "h100-hbm2e-500w")[0] for moved in (1.0, factor)]
    assert own[1] == pytest.approx(own[0], rel=1e-9)


def test_software_calibrated_elsewhere_is_named() -> None:
    step = predict(LAYOUTS[0], stack="xla", cluster=cases.cluster(accelerator="a100-80gb"))
    assert any(
        "no fitted step times of xla software in class ampere-bf16-dense" in text for text in step.extrapolations
    )


def test_uncalibrated_hardware_has_a_wide_spread() -> None:
    assert predict(LAYOUTS[0], cluster=cases.cluster(accelerator="mi300x")).prediction_sigma > UNCALIBRATED_SIGMA


def test_missing_peak_is_an_error() -> None:
    with pytest.raises(ValueError, match="no fp8 peak"):
        predict(LAYOUTS[0], precision="fp8", cluster=cases.cluster(accelerator="a100-80gb"))


def test_measured_step_time_wins_and_keeps_the_shares() -> None:
    plan = cases.scenario()
    main, tail = plan.training.phases
    training = plan.training.model_copy(update={"phases": (main.model_copy(update={"step_time": 20.0}), tail)})
    predicted = phase_steps(plan)[0]
    measured, untouched = phase_steps(plan.model_copy(update={"training": training}))
    assert (measured.mean_s, measured.basis, measured.prediction_sigma, measured.extrapolations) == (
        20.0,
        "measured",
        0.0,
        (),
    )
    assert math.fsum(measured.breakdown_s.values()) == pytest.approx(20.0)
    assert measured.mfu * 20.0 == pytest.approx(predicted.mfu * predicted.mean_s)
    shares = {name: seconds / 20.0 for name, seconds in measured.breakdown_s.items()}
    assert shares == pytest.approx(
        {name: seconds / predicted.mean_s for name, seconds in predicted.breakdown_s.items()}
    )
    assert untouched == phase_steps(plan)[1]


def test_a_warm_prediction_is_cheap() -> None:
    layout = cases.layout(tensor_parallel=8, pipeline_parallel=16, virtual_pipeline=8, data_parallel=128)
    machines = cases.cluster(2048)

    def once() -> None:
        predict(layout, model=cases.LLAMA3_405B, global_batch=2048, cluster=machines)

    once()
    assert executed_lines(once) < 30_000  # 22,300: 1.0 ms


def test_results_are_frozen() -> None:
    step = predict(LAYOUTS[0])
    assert replace(step, mean_s=1.0).mean_s == 1.0
    with pytest.raises(AttributeError):
        step.mean_s = 1.0  # type: ignore[misc]


def test_tensor_parallelism_beyond_the_scale_up_domain_is_slow_and_said() -> None:
    inside, outside = (predict(cases.layout(tensor_parallel=width, data_parallel=32 // width)) for width in (8, 16))
    assert outside.breakdown_s["exposed_tp"] > 1.5 * inside.breakdown_s["exposed_tp"]
    assert outside.prediction_sigma > inside.prediction_sigma
    assert any("leaves the scale-up domain of 8" in text for text in outside.extrapolations)
    assert not any("scale-up domain" in text for text in inside.extrapolations)
