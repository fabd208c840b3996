"""Collectives of a step: those counted here are those the prediction is made of."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

import clustersim as cs
from clustersim.report.step_groups import group_rows
from clustersim.report.step_traffic import busy_rank, phase_job, step_traffic
from clustersim.step.breakdown import step_breakdown
from clustersim.step.collectives import choose
from clustersim.step.stage import stage_exchange_s
from clustersim.workload.layout import micro_batches

PLAN = """\
name: A plan
model: {model}
cluster: {{node: dgx-h100, nodes: {nodes}{fabric}}}
training:
  start: 2027-01-11
  software: {software}
  layout: {{{layout}}}
  phases:
    - {{name: only, tokens: 20B tokens, sequence_length: 8192, global_batch: {batch}}}
checkpoint: {{kind: asynchronous, write_bandwidth: 20 GB/s}}
"""


@pytest.fixture
def plan(tmp_path: Path) -> Any:
    @cache
    def load(layout: str, model: str = "llama3-70b", nodes: int = 16, batch: int = 64, fabric: str = "",
             software: str = "megatron") -> cs.Plan:  # fmt: skip
        path = tmp_path / "plan.yaml"
        text = PLAN.format(layout=layout, model=model, nodes=nodes, batch=batch, fabric=fabric, software=software)
        path.write_text(text, "utf-8")
        return cs.load(path)

    return load


def rows(plan: cs.Plan) -> dict[str, dict[str, Any]]:
    found = group_rows(plan.scenario, plan.scenario.training.phases[0])
    return {row["dimension"]: row for row in found}


def test_groups_are_those_of_the_layout(plan: Any) -> None:
    found = rows(plan("tensor_parallel: 8, pipeline_parallel: 4, data_parallel: 4, zero_stage: 1"))
    assert list(found) == ["tensor", "data", "pipeline"]
    assert [(row["name"], row["ranks"], row["groups"]) for row in found.values()] == [
        ("TP", 8, 16), ("DP", 4, 32), ("PP", 4, 32),
    ]  # fmt: skip
    assert [row["tier"] for row in found.values()] == ["scale-up domain", "network", "network"]


def test_bytes_and_calls_by_hand(plan: Any) -> None:
    # 80 layers in 4 stages, 16 micro-batches of one sequence: 20 x 16 layer passes, two of each collective either way.
    found = rows(plan("tensor_parallel: 8, pipeline_parallel: 4, data_parallel: 4, zero_stage: 1"))
    gather, scatter = found["tensor"]["collectives"]
    assert (gather["collective"], scatter["collective"]) == ("all_gather", "reduce_scatter")
    assert gather["size_bytes"] == 8192 * 8192 * 2
    # The busiest rank is an end of the model, which has one more of each.
    assert gather["calls"] == scatter["calls"] == 20 * 16 * 4 + 16
    (send,) = found["pipeline"]["collectives"]
    assert send["size_bytes"] == 8192 * 8192 * 2 / 8
    assert send["algorithm"] is None
    assert send["calls"] == 2 * 16


@pytest.mark.parametrize(
    "layout",
    [
        "tensor_parallel: 8, context_parallel: 2, pipeline_parallel: 4, data_parallel: 2, zero_stage: 1",
        "tensor_parallel: 8, pipeline_parallel: 4, virtual_pipeline: 2, data_parallel: 4, recompute: full",
        "tensor_parallel: 8, pipeline_parallel: 2, data_parallel: 8, zero_stage: 1, recompute: full,"
        " sequence_parallel: false",
    ],
)
def test_what_nothing_hides_is_what_the_step_waits_for(plan: Any, layout: str) -> None:
    plan = plan(layout, software="pytorch")
    scenario, phase = plan.scenario, plan.scenario.training.phases[0]
    job = phase_job(scenario, phase)
    parts = step_breakdown(job, micro_batches(job.layout, phase.global_batch))
    totals: dict[str, float] = {}
    for one in step_traffic(busy_rank(job, phase.global_batch)):
        totals[one.dimension] = totals.get(one.dimension, 0.0) + one.total_s
    assert not job.efficiency.chunked_tensor
    assert totals["tensor"] == pytest.approx(parts["exposed_tp"])
    if not job.efficiency.ring_context:
        assert totals.get("context", 0.0) == pytest.approx(parts["exposed_cp"])


@pytest.mark.parametrize(("stage", "names"), [(0, ["all_reduce"]), (1, ["reduce_scatter", "all_gather"])])
def test_gradients_once_a_step(plan: Any, stage: int, names: list[str]) -> None:
    plan = plan(f"tensor_parallel: 8, pipeline_parallel: 4, data_parallel: 4, zero_stage: {stage}, recompute: full")
    data = rows(plan)["data"]
    assert [one["collective"] for one in data["collectives"]] == names
    assert all(one["calls"] == 1 for one in data["collectives"])
    rank = busy_rank(phase_job(plan.scenario, plan.scenario.training.phases[0]), 64)
    assert data["total_s"] == pytest.approx(max(sum(stage_exchange_s(rank.job, one)) for one in rank.stages))


def test_zero_three_gathers_in_every_pass(plan: Any) -> None:
    data = rows(plan("data_parallel: 64, zero_stage: 3", model="llama3-8b", nodes=8))["data"]
    calls = {(one["collective"], one["size_bytes"]): one["calls"] for one in data["collectives"]}
    # For the one micro-batch: 32 layers in both passes, and the embedding once.
    layer, table = 2 * 4096 * 4096 + 4096 * 2048 + 3 * 4096 * 14336 + 2 * 4096, 128256 * 4096
    assert calls == {
        ("all_gather", 2 * layer): 2 * 32,
        ("reduce_scatter", 4 * layer): 32,
        ("all_gather", 2 * table): 1,
        ("reduce_scatter", 4 * table): 1,
    }
    assert 0.0 < data["exposed_fraction"] < 1.0


def test_zero_two_leaves_the_ends_for_the_last(plan: Any) -> None:
    data = rows(plan("data_parallel: 64, zero_stage: 2", model="llama3-8b", nodes=8))["data"]
    by_calls = {(one["collective"], one["calls"]): one["size_bytes"] for one in data["collectives"]}
    assert by_calls["all_gather", 1] == pytest.approx(8.03e9 * 2, rel=0.01)
    assert by_calls["reduce_scatter", 1] == pytest.approx(2 * 128256 * 4096 * 4, rel=0.01)


def test_experts_have_groups_of_their_own(plan: Any) -> None:
    found = rows(
        plan("data_parallel: 64, expert_parallel: 8, zero_stage: 1, recompute: full", model="mixtral-8x7b", nodes=8)
    )
    assert list(found) == ["expert", "data", "expert_data"]
    assert (found["expert"]["ranks"], found["expert_data"]["ranks"]) == (8, 8)
    (exchange,) = found["expert"]["collectives"]
    assert (exchange["collective"], exchange["calls"]) == ("all_to_all", 32 * 6)  # once more where it is recomputed
    assert found["expert_data"]["exposed_s"] is None
    data, experts = found["data"], found["expert_data"]
    assert data["exposed_fraction"] == pytest.approx(data["exposed_s"] / (data["total_s"] + experts["total_s"]))


def test_the_algorithm_is_that_of_the_collective_model(plan: Any) -> None:
    plan = plan("tensor_parallel: 8, pipeline_parallel: 4, data_parallel: 4, zero_stage: 0, recompute: full")
    job = phase_job(plan.scenario, plan.scenario.training.phases[0])
    (reduce,) = rows(plan)["data"]["collectives"]
    chosen = choose("all_reduce", reduce["size_bytes"] / job.efficiency.data_bandwidth, job.groups.data)
    assert (reduce["algorithm"], reduce["protocol"]) == chosen[:2]
    assert reduce["time_s"] == pytest.approx(chosen.time_s)


def test_a_broken_link_shows_in_the_share(plan: Any) -> None:
    fabric = ", fabric: {nodes_per_rack: 2, spines_per_pod: 4, degraded: [{switch: spine-0, bandwidth: 0 %}]}"
    layout = "tensor_parallel: 8, pipeline_parallel: 4, data_parallel: 4, zero_stage: 1"
    assert rows(plan(layout))["pipeline"]["bandwidth_share"] == 1.0
    assert rows(plan(layout, fabric=fabric))["pipeline"]["bandwidth_share"] < 1.0
