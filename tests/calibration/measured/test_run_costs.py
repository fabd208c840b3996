"""Network, storage and recovery: truth found again, and an entry that scenarios can extend."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import clustersim as cs
from clustersim.calibration.measured.base import base_cluster
from clustersim.calibration.measured.calibration import calibrate
from clustersim.calibration.measured.entry import entry_text
from clustersim.calibration.measured.network import fit_network
from clustersim.calibration.measured.observations import (
    Device,
    Observations,
    TimedCollective,
    TimedRecovery,
    TimedWrite,
)
from clustersim.calibration.measured.recovery import PARTS, fit_recovery, read_recovery
from clustersim.calibration.measured.storage import fit_storage
from clustersim.calibration.measured.values import fitted_values
from clustersim.hardware.fabric import fabric_of
from clustersim.hardware.placement import place_group
from clustersim.step.collectives import all_reduce_s
from tests.calibration.measured import cases

H100 = Device("NVIDIA H100 80GB HBM3", "cuda", 8, 8e10, "2026-11-22", "PyTorch 2.13")
MACHINE = base_cluster("dgx-h100", (H100,))
EFFICIENCY, LATENCY_S = 0.7, 2e-5


def between_nodes(noise: float = 0.0) -> tuple[TimedCollective, ...]:
    draws = random.Random(0)
    found = []
    for nodes in (2, 4):
        fabric = MACHINE.fabric.model_copy(update={"efficiency": EFFICIENCY, "latency": LATENCY_S})
        place = place_group(fabric_of(MACHINE.model_copy(update={"fabric": fabric, "nodes": nodes})), 8 * nodes, 1)
        for power in range(13, 33, 3):
            time_s = all_reduce_s(2.0**power, place) * draws.lognormvariate(0.0, noise)
            found.append(TimedCollective("all_reduce", 8 * nodes, nodes, 2.0**power, time_s))
    return tuple(found)


def recovery(kills: int = 40) -> TimedRecovery:
    draws = random.Random(1)
    parts = {name: tuple(draws.lognormvariate(place, 0.2) for _ in range(kills)) for place, name in enumerate(PARTS)}
    totals = tuple(map(sum, zip(*parts.values(), strict=True)))
    detection = tuple(draws.lognormvariate(0.5, 0.3) for _ in range(kills))
    return TimedRecovery(2, detection, totals, parts)


WRITES = (TimedWrite(2, 1e6, 0.1), *(TimedWrite(2, size, size / 5e8) for size in (6e7, 2e8)), TimedWrite(1, 2e8, 0.1))


def test_the_network_is_found_again() -> None:
    found = fit_network(between_nodes(), MACHINE)
    assert found is not None
    assert (found.efficiency.value, found.latency_s.value) == pytest.approx((EFFICIENCY, LATENCY_S), rel=0.02)
    assert found.scatter < 0.01
    noisy = fit_network(between_nodes(noise=0.05), MACHINE)
    assert noisy is not None
    assert noisy.efficiency.low is not None
    assert noisy.efficiency.high is not None
    assert noisy.efficiency.low < EFFICIENCY < noisy.efficiency.high


def test_collectives_inside_a_node_say_nothing_of_the_network() -> None:
    assert fit_network([replace(item, nodes=1) for item in between_nodes()], MACHINE) is None
    assert fit_network(between_nodes()[:3], MACHINE) is None


def test_storage_is_what_all_writers_reach_with_large_checkpoints() -> None:
    found = fit_storage(WRITES)
    assert found is not None
    assert found.value == pytest.approx(5e8)
    alone = fit_storage(WRITES[:1])
    assert alone is not None
    assert (alone.low, alone.high) == pytest.approx((5e6, 2e7))
    assert fit_storage(()) is None


def test_recovery_is_found_again() -> None:
    found = fit_recovery([recovery(400), replace(recovery(3), gpus=1)])
    assert found is not None
    assert (found.gpus, found.kills) == (2, 400)
    assert found.detection.value == pytest.approx(1.65, rel=0.05)
    assert found.detection_sigma == pytest.approx(0.3, rel=0.1)
    for part in found.parts.values():
        assert part.low is not None
        assert part.high is not None
        assert part.low < part.value < part.high
    assert fit_recovery([]) is None


def test_one_kill_has_no_interval_and_what_takes_no_time_stays_so() -> None:
    once = TimedRecovery(2, (1.5,), (4.0,), {"init": (3.0,), "warmup": (0.0,)})
    found = fit_recovery([once])
    assert found is not None
    assert (found.detection.value, found.detection.low, found.detection_sigma) == (pytest.approx(1.5), None, 0.0)
    assert (found.parts["warmup"].value, found.parts["init"].value) == (0.0, pytest.approx(3.0))


def test_killed_jobs_are_read() -> None:
    tree: dict[str, Any] = {
        "environment": {"device": "cpu", "name": "core", "cpus": 2},
        "calibration_runs": [{"config": {"parallel": {"data": 2, "pipeline": 2}}}],
        "calibration": {
            "checkpoint_bytes": 1e8,
            "checkpoint_persist_s": 0.5,
            "detection_s": [1.0],
            "restart_s": [4.0],
            "restart_parts": {"init": [4.0]},
        },
    }
    found = read_recovery(tree)
    assert found.writes == (TimedWrite(4, 1e8, 0.5),)
    assert found.recoveries == (TimedRecovery(4, (1.0,), (4.0,), {"init": (4.0,)}),)
    nothing = read_recovery({**tree, "calibration": {"restart_s": []}})
    assert (nothing.writes, nothing.recoveries) == ((), ())


def test_scenarios_extend_what_was_measured(tmp_path: Path) -> None:
    seen = Observations((H100,), collectives=between_nodes(), writes=WRITES, recoveries=(recovery(),))
    found = calibrate(seen)
    entry, plan = tmp_path / "mine.yaml", tmp_path / "plan.yaml"
    entry.write_text(entry_text(found), "utf-8")
    assert "node:" not in entry.read_text("utf-8")
    plan.write_text(_PLAN, "utf-8")
    scenario = cs.load(plan).scenario
    assert scenario.cluster.fabric.efficiency == pytest.approx(EFFICIENCY, rel=0.02)
    assert scenario.cluster.fabric.latency == pytest.approx(LATENCY_S, rel=0.02)
    assert scenario.checkpoint.write_bandwidth == pytest.approx(5e8, rel=1e-3)
    assert scenario.recovery.restart.init.at_gpus == 2
    assert scenario.recovery.restart.init.growth == 0.8
    assert scenario.recovery.restart.spread == pytest.approx(found.recovery.spread.value if found.recovery else 0, 1e-3)
    assert {one.name for one in fitted_values(found)} >= {"fabric.efficiency", "recovery.restart.load.median"}


def test_devices_and_their_storage_come_in_one_entry() -> None:
    found = calibrate(replace(cases.kernels(), writes=WRITES))
    text = entry_text(found)
    assert "    like: cpu-host" in text
    assert "      scale_up_domain: 2" in text
    assert "checkpoint:\n  write_bandwidth: 4 Gbps" in text
    assert "4 checkpoints" in text


_PLAN = """
extends: mine.yaml
name: a job
cluster:
  node: dgx-h100
  nodes: 4
model: llama3-8b
checkpoint: {kind: blocking, interval: 1 h}
training:
  start: 2026-11-22
  precision: bf16
  layout: {data_parallel: 32, zero_stage: 3}
  phases:
    - {name: training, tokens: 1B tokens, sequence_length: 8192, global_batch: 32}
failures: {like: llama3-405b}
"""
