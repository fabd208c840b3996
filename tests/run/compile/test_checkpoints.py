"""Checkpoints: what a write costs, how often, in which tiers and on which store."""

import math
from pathlib import Path
from typing import Any

import pytest

from clustersim.run.checkpointing import young_daly_interval
from clustersim.run.compile import checkpoint_size_bytes
from clustersim.run.plan import (
    AdaptivePlan,
    StoragePlan,
    TenantPlan,
    TierPlan,
)
from clustersim.scenario import load
from clustersim.workload.parameters import count_parameters
from tests.run.compile.written import GPU, PLAN, Compile


def test_blocking_checkpoint(compiled: Compile) -> None:
    plan = compiled().checkpoint
    size_bytes = 10.0 * count_parameters(load_model()).total
    assert plan.size_bytes == size_bytes
    assert (plan.interval_s, plan.stall_s, plan.write_s) == (600.0, size_bytes / 10e9, 0.0)


def load_model() -> Any:
    from clustersim.scenario.schema.model import Model

    return Model.model_validate("llama3-8b")


def test_asynchronous_checkpoint(compiled: Compile) -> None:
    head = PLAN.replace("kind: blocking,", "kind: asynchronous, stall: 2 s,")
    plan = compiled(head=head).checkpoint
    assert (plan.stall_s, plan.write_s) == (2.0, plan.size_bytes / 10e9)


def test_young_daly_interval_uses_the_mtbf_of_the_job(compiled: Compile) -> None:
    """256 GPUs of the job at 1 per 1000 hours: one failure in 3.9 hours."""
    plan = compiled(head=PLAN.replace("interval: 10 min, ", ""))
    assert plan.checkpoint.interval_s == pytest.approx(young_daly_interval(plan.checkpoint.stall_s, 3.6e6 / 256))


def test_young_daly_interval_is_no_shorter_than_a_write(compiled: Compile) -> None:
    head = PLAN.replace("interval: 10 min, ", "").replace("kind: blocking,", "kind: asynchronous, stall: 0 s,")
    plan = compiled(head=head).checkpoint
    assert plan.interval_s == plan.write_s


def test_free_checkpoints_of_a_job_that_never_fails(compiled: Compile) -> None:
    """Zero times infinity: as often as they can be written."""
    head = PLAN.replace("interval: 10 min, ", "").replace("kind: blocking,", "kind: asynchronous, stall: 0 s,")
    plan = compiled(head=head, more="  rate_multiplier: 0\n").checkpoint
    assert plan.interval_s == plan.write_s > 1.0


def test_without_failures_there_is_no_need_to_checkpoint(compiled: Compile) -> None:
    plan = compiled(head=PLAN.replace("interval: 10 min, ", ""), more="  rate_multiplier: 0\n")
    assert math.isfinite(plan.checkpoint.interval_s)
    assert plan.checkpoint.interval_s > 1e10


def test_checkpoint_size_is_by_parameter(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(f"{PLAN}{GPU}}}\n", encoding="utf-8")
    scenario = load(path).scenario
    assert checkpoint_size_bytes(scenario) == 10.0 * count_parameters(scenario.model).total


ASYNCHRONOUS = PLAN.replace("kind: blocking,", "kind: asynchronous, stall: 2 s,")


def checkpointing(more: str, head: str = ASYNCHRONOUS) -> str:
    return head.replace("bytes_per_parameter: 10}", f"bytes_per_parameter: 10, {more}}}")


def test_tiers_of_a_checkpoint(compiled: Compile) -> None:
    tier = "{name: memory, survives: node, write: 3 s, load: 10 s, every: 1, keep: 2, failed: 1 %, corrupt: 2 %}"
    plan = compiled(head=checkpointing(f"every: 5, keep: 3, failed: 4 %, corrupt: 5 %, tiers: [{tier}]")).checkpoint
    assert plan.inner == (TierPlan("memory", 1, 3.0, 10.0, 1, 2, 0.01, 0.02),)
    assert plan.store == TierPlan("store", 5, plan.write_s, keep=3, failed=0.04, corrupt=0.05)


@pytest.mark.parametrize(("survives", "nodes"), [("restart", 0), ("node", 1), ("rack", 4), ("site", 40)])
def test_what_a_tier_survives_in_nodes(compiled: Compile, survives: str, nodes: int) -> None:
    head = checkpointing(f"tiers: [{{name: a, survives: {survives}, load: 1 s}}]").replace(
        "nodes: 40}", "nodes: 40, fabric: {kind: clos, nodes_per_rack: 4}}"
    )
    assert compiled(head=head).checkpoint.inner[0].survives_nodes == nodes


def test_adaptive_interval_starts_from_what_is_expected(compiled: Compile) -> None:
    head = ASYNCHRONOUS.replace("interval: 10 min", "interval: adaptive, expected_mtbf: 5 h, memory: 7")
    plan = compiled(head=head).checkpoint
    assert plan.adaptive == AdaptivePlan(18000.0, 7)
    assert plan.interval_s == young_daly_interval(2.0, 18000.0)
    of_the_plan = compiled(head=ASYNCHRONOUS.replace("interval: 10 min", "interval: adaptive")).checkpoint
    assert of_the_plan.adaptive == AdaptivePlan(pytest.approx(3.6e6 / 256), 10)


def test_store_that_others_use(compiled: Compile) -> None:
    """10 GB/s are asked for; a third of the time another takes 15 of the 20 GB/s, and data 1 GB/s at any time."""
    tenant = "{name: evaluation, demand: 15 GB/s, pause: 2 h, busy: 1 h}"
    store = f"nodes: 40, storage: {{bandwidth: 20 GB/s, data_loading: 1 GB/s, tenants: [{tenant}]}}}}"
    plan = compiled(head=checkpointing("read_copies: 4").replace("nodes: 40}", store)).checkpoint
    assert plan.storage == StoragePlan(
        20e9, 1e9, (TenantPlan("evaluation", 15e9, 7200.0, 3600.0),), 4 * plan.size_bytes, 10e9
    )
    assert plan.write_s == pytest.approx(plan.size_bytes / (2 / 3 * 10e9 + 1 / 3 * 9.5e9))
