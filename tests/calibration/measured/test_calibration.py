"""From measurements to parameters: truth found again, held-out steps never fitted, the entry loads."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

import clustersim as cs
from clustersim.calibration.measured.base import UnknownDevice, base_node
from clustersim.calibration.measured.calibration import Calibration, calibrate
from clustersim.calibration.measured.entry import entry_text
from clustersim.calibration.measured.observations import Observations
from clustersim.step.predict import predict_step
from tests.calibration.measured import cases


@pytest.fixture(scope="module")
def noisy() -> Observations:
    return replace(cases.kernels(), steps=cases.steps(noise=0.02))


@pytest.fixture(scope="module")
def found(noisy: Observations) -> Calibration:
    return calibrate(noisy)


def test_held_out_steps_are_predicted_within_the_noise(found: Calibration) -> None:
    errors = found.errors_of("test")
    assert len(errors) == 13
    assert sorted(map(abs, errors))[6] < 0.03
    assert max(map(abs, errors)) < 0.08
    measured = found.cluster.node.accelerator.measured
    assert measured is not None
    assert measured.matrix.fp32 == pytest.approx(9e10, rel=0.05)
    assert measured.contention == pytest.approx(1.15, abs=0.05)
    assert measured.overlap is False
    assert measured.spread is not None
    assert 0.02 <= measured.spread < 0.06


def test_steps_marked_test_are_never_fitted(noisy: Observations, found: Calibration) -> None:
    spoiled = [replace(step, time_s=3.0 * step.time_s) if step.split == "test" else step for step in noisy.steps]
    other = calibrate(replace(noisy, steps=tuple(spoiled)))
    before, after = found.cluster.node.accelerator.measured, other.cluster.node.accelerator.measured
    assert before is not None
    assert after is not None
    assert before.model_copy(update={"spread": None}) == after.model_copy(update={"spread": None})
    assert other.errors_of("test") == pytest.approx([(1.0 + error) / 3.0 - 1.0 for error in found.errors_of("test")])


def test_steps_alone_are_enough() -> None:
    found = calibrate(Observations(devices=(cases.DEVICE,), steps=cases.steps()))
    assert max(map(abs, found.errors_of("test"))) < 0.05


def test_intervals_hold_what_the_steps_know(found: Calibration) -> None:
    assert set(found.intervals) >= {"matrix.fp32", "memory", "contention", "scale_up"}
    for low, high in found.intervals.values():
        assert low <= 1.0 <= high
    low, high = found.intervals["matrix.fp32"]
    assert math.log(high / low) < 0.2


def test_kernels_alone_make_an_entry_without_a_spread() -> None:
    found = calibrate(cases.kernels())
    measured = found.cluster.node.accelerator.measured
    assert measured is not None
    assert (measured.spread, measured.covers, found.intervals) == (None, None, {})
    assert measured.memory == pytest.approx(1.1e10)


def test_the_entry_is_a_piece_of_a_scenario(noisy: Observations, found: Calibration, tmp_path: Path) -> None:
    (tmp_path / "cores.yaml").write_text(entry_text(found), "utf-8")
    (tmp_path / "plan.yaml").write_text(_PLAN, "utf-8")
    loaded = cs.load(tmp_path / "plan.yaml")
    accelerator = loaded.scenario.cluster.node.accelerator
    assert accelerator.measured == found.cluster.node.accelerator.measured
    assert accelerator.scale_up_bandwidth == found.cluster.node.accelerator.scale_up_bandwidth
    step = noisy.steps[0]
    predicted = predict_step(
        step.model,
        step.layout,
        step.sequence_length,
        step.global_batch,
        "fp32",
        loaded.scenario.cluster,
        stack="pytorch",
    )
    assert predicted.mean_s == pytest.approx(step.time_s * math.exp(found.errors[0]))
    assert predicted.prediction_sigma == accelerator.measured.spread
    assert predicted.extrapolations == ()


def test_beyond_what_was_measured_a_prediction_says_so(found: Calibration) -> None:
    cluster = found.cluster
    large = predict_step(cases.model(2048, 4), cases.layout("one", 4), 4096, 4, "fp32", cluster, stack="pytorch")
    assert any("hidden size of 2,048 is 2.67 times" in text for text in large.extrapolations)
    assert any("micro-batch of 16,384 tokens is 4 times" in text for text in large.extrapolations)
    inside = cluster.node.accelerator.measured.spread
    assert large.prediction_sigma > inside


def test_the_node_is_found_by_the_name_of_the_device() -> None:
    named = replace(cases.DEVICE, name="NVIDIA H100 80GB HBM3", kind="cuda")
    assert base_node((named,), None) == "dgx-h100"
    assert base_node((cases.DEVICE,), None) == "cpu-host"
    assert base_node((named,), "grand-teton-h100") == "grand-teton-h100"


def test_an_unknown_device_says_how_to_name_its_node() -> None:
    odd = replace(cases.DEVICE, name="Abacus 9", kind="cuda")
    with pytest.raises(UnknownDevice, match=r"'Abacus 9' is in no node of the catalogue; name .* --base NODE"):
        base_node((odd,), None)
    with pytest.raises(UnknownDevice, match="different devices"):
        base_node((odd, cases.DEVICE), None)
    with pytest.raises(UnknownDevice, match="no such node"):
        base_node((odd,), "dgx-9")


_PLAN = """
extends: cores.yaml
name: a small job
cluster:
  nodes: 1
model:
  layers: 4
  hidden: 512
  heads: 8
  ffn_hidden: 1536
  gated: true
  vocabulary: 4096
checkpoint:
  kind: blocking
  interval: 1 h
  write_bandwidth: 1 GB/s
training:
  start: 2026-11-22
  precision: fp32
  software: pytorch
  layout:
    data_parallel: 2
    zero_stage: 0
  phases:
    - name: all
      tokens: 100M tokens
      sequence_length: 512
      global_batch: 8
"""
