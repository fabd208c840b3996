"""Work of several measured accelerators of a node at the same time."""

from typing import Any

import pytest

from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.training import Layout
from clustersim.step.efficiency import Efficiency
from clustersim.step.measured import measured_efficiency
from tests.step.ideal import ideal

CONTENTION = 1.6


def host(gpus: int, **measured: Any) -> Cluster:
    accelerator = {"like": "cpu-core", "measured": {"source": "here", "contention": CONTENTION} | measured}
    return Cluster.model_validate({"node": {"like": "cpu-host", "gpus": gpus, "accelerator": accelerator}, "nodes": 4})


def slowdown(gpus: int, micro_batches: int | None = None, **layout: Any) -> float:
    plain: Efficiency = ideal()
    sizes = Layout.model_validate({"data_parallel": 1} | layout)
    found = measured_efficiency(plain, host(gpus), sizes, "fp32", micro_batches)
    assert found.memory_bytes_s / plain.memory_bytes_s == pytest.approx(found.gemm_flop_s / plain.gemm_flop_s)
    return plain.gemm_flop_s / found.gemm_flop_s


@pytest.mark.parametrize(
    ("gpus", "layout", "share"),
    [
        (2, {}, 0.0),
        (2, {"data_parallel": 2}, 1.0),
        (4, {"tensor_parallel": 2}, 1 / 3),
        (4, {"data_parallel": 16}, 1.0),
        (1, {"data_parallel": 4}, 0.0),
    ],
)
def test_work_slows_down_with_the_others_of_the_node(gpus: int, layout: dict[str, int], share: float) -> None:
    assert slowdown(gpus, **layout) == pytest.approx(1.0 + (CONTENTION - 1.0) * share)


@pytest.mark.parametrize(("micro_batches", "share"), [(None, 0.0), (1, 0.0), (2, 0.5), (4, 0.75), (400, 0.9975)])
def test_stages_of_a_pipeline_work_together_but_for_the_bubble(micro_batches: int | None, share: float) -> None:
    expected = 1.0 + (CONTENTION - 1.0) * share
    assert slowdown(2, micro_batches, pipeline_parallel=2) == pytest.approx(expected)


def test_replicas_of_a_stage_work_together_all_the_time() -> None:
    # On four cores: one other of its own stage, two of the other, which wait for a quarter of the time.
    found = slowdown(4, 4, pipeline_parallel=2, data_parallel=2)
    assert found == pytest.approx(1.0 + (CONTENTION - 1.0) * (1 + 2 * 0.75) / 3)
    # Larger jobs fill a node with one stage, unless pipelines lie inside it.
    assert slowdown(2, 4, pipeline_parallel=2, data_parallel=2) == pytest.approx(CONTENTION)
    inside = slowdown(2, 4, pipeline_parallel=2, data_parallel=2, rank_order="tp-cp-pp-dp")
    assert inside == pytest.approx(1.0 + (CONTENTION - 1.0) * 0.75)
