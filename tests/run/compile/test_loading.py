"""What the steps read, and what limits it."""

import math
from pathlib import Path

import pytest

import clustersim as cs
from clustersim.api import Plan
from clustersim.run.compile.loading import step_reads, with_loading
from clustersim.run.plan import PassPlan, StallsPlan
from tests.run.compile.written import Compile

SCENARIO = Path(__file__).parents[3] / "scenarios" / "quickstart.yaml"
STEP_TOKENS = 512 * 8192


def planned(*settings: str) -> Plan:
    return cs.load(SCENARIO, settings)


def one_pass(*settings: str) -> PassPlan:
    loading = planned(*settings).run_plan.loading
    assert loading is not None
    ((one,),) = loading.courses[0]
    return one


def test_without_a_corpus_data_are_always_there(compiled: Compile) -> None:
    assert compiled().loading is None


def test_token_ids_of_a_step() -> None:
    one = one_pass("corpus={}")
    assert one.store_bytes == 4.0 * STEP_TOKENS
    # Eight nodes with eight interfaces of 400 Gbps.
    assert one.own_s == pytest.approx(4.0 * STEP_TOKENS / (64 * 50e9))


@pytest.mark.parametrize(
    ("order", "reads", "read_bytes"),
    [
        ("sequences", 512, 4.0 * STEP_TOKENS),
        ("documents", STEP_TOKENS / 1200.0, 4.0 * STEP_TOKENS * 8192 / 4800.0),
        ("shards", 4.0 * STEP_TOKENS / 1e6, 4.0 * STEP_TOKENS),
    ],
)
def test_small_reads_cost_whole_blocks(order: str, reads: float, read_bytes: float) -> None:
    plan = planned(f"corpus={{loader: {{order: {order}, block: 8192 B, shard: 1 MB}}}}")
    assert plan.scenario.corpus is not None
    found = step_reads(plan.scenario.corpus, plan.scenario.training.phases[0])
    assert (found.reads, found.read_bytes) == pytest.approx((reads, read_bytes))


@pytest.mark.parametrize(
    ("settings", "bytes_s"),
    [
        (("corpus.loader.node_bandwidth=1 MB/s",), 8e6),
        (("corpus.loader.cpu={cores: 10, speed: 100 kB/s}",), 8e6),
        (("cluster.storage={bandwidth: 1 TB/s, reads: 100}",), 100 * 8192 * 4.0),
    ],
)
def test_the_tightest_of_all_limits_counts(settings: tuple[str, ...], bytes_s: float) -> None:
    assert one_pass("corpus={}", *settings).own_s == pytest.approx(4.0 * STEP_TOKENS / bytes_s)


def test_every_copy_is_read() -> None:
    assert one_pass("corpus={loader: {read_copies: 8}}").store_bytes == 32.0 * STEP_TOKENS


def test_what_the_nodes_keep_is_not_read_again() -> None:
    """200B tokens of 50B, four epochs; eight nodes with 12.5 GB each keep half of the 200 GB."""
    sources = "mix: {sources: {text: {share: 100 %, unique: 50B tokens}}}"
    cache = "{size: 12.5 GB, bandwidth: 1 MB/s}"
    plan = planned(f"corpus={{{sources}, loader: {{cache: {cache}}}}}").run_plan
    assert plan.loading is not None
    ((first, later),) = plan.loading.courses[0]
    assert (first.share, later.share) == (0.25, 0.75)
    assert (first.store_bytes, later.store_bytes) == pytest.approx((4.0 * STEP_TOKENS, 2.0 * STEP_TOKENS))
    assert later.own_s == pytest.approx(2.0 * STEP_TOKENS / 8e6)


def test_stalls_and_prefetch_and_the_store() -> None:
    storage = "cluster.storage={bandwidth: 10 GB/s}"
    plan = planned("corpus={loader: {prefetch: 7, stalls: {every: 1 h, lasts: 1 min}}}", storage).run_plan
    loading, checkpoint = plan.loading, plan.checkpoint
    assert loading is not None
    assert (loading.prefetch_steps, loading.stalls) == (7, StallsPlan(3600.0, 60.0))
    assert (loading.bandwidth_bytes_s, loading.write_bytes_s) == (10e9, 20e9)
    assert loading.write_share == pytest.approx(checkpoint.write_s / checkpoint.interval_s)
    nobody = planned("corpus={}").run_plan.loading
    assert nobody is not None
    assert (nobody.bandwidth_bytes_s, nobody.write_share) == (math.inf, 0.0)


def test_the_data_take_their_share_of_the_store_from_checkpoints() -> None:
    """A sequence of 8,192 tokens every step of 8 s or so: 16.8 MB in a step, and as much less for checkpoints."""
    store = "cluster.storage={bandwidth: 1 GB/s}"
    plan = planned("corpus={}", store)
    storage = plan.run_plan.checkpoint.storage
    assert storage is not None
    assert storage.data_loading_bytes_s == pytest.approx(4.0 * STEP_TOKENS / plan.steps[0].mean_s)
    same = planned(f"cluster.storage={{bandwidth: 1 GB/s, data_loading: {storage.data_loading_bytes_s!r} B/s}}")
    assert same.run_plan.checkpoint == plan.run_plan.checkpoint


def test_data_that_something_else_holds_up_ask_less_of_the_store() -> None:
    held = planned("corpus={loader: {node_bandwidth: 100 kB/s}}", "cluster.storage={bandwidth: 1 GB/s}")
    storage = with_loading(held.scenario, held.steps).cluster.storage
    assert storage is not None
    assert storage.data_loading == pytest.approx(800e3)


def test_each_size_has_its_own_limits() -> None:
    plan = planned(
        "corpus={loader: {node_bandwidth: 1 MB/s}}", "training.resizes=[{on: 2027-01-13, gpus: 32}]"
    ).run_plan
    assert plan.loading is not None
    ((large,),), ((small,),) = plan.loading.courses
    assert small.own_s == pytest.approx(2.0 * large.own_s)
