"""16,384 GPUs: as many vertices and links as there must be, and time in proportion to the GPUs."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from clustersim.hardware.topology.build import build_topology
from clustersim.hardware.topology.groups import DIMENSIONS
from clustersim.hardware.topology.loads import link_loads
from clustersim.scenario.schema.hardware import Cluster
from tests.hardware.fabrics import cluster, layout

FABRIC = {"kind": "fat_tree", "rails": 8, "nodes_per_leaf": 32, "nodes_per_pod": 256, "spine_oversubscription": 7.0}


def analyse(plan: Cluster, data: int) -> None:
    build_topology.cache_clear()
    assert build_topology(plan).graph
    for dimension in DIMENSIONS:
        assert link_loads(plan, layout(8, data, 16, expert=16), dimension).share.min() > 0.0


def seconds(work: Callable[[], Any]) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def test_one_vertex_a_node_and_none_a_gpu() -> None:
    topology = build_topology(cluster(2048, **FABRIC))
    # nodes, their domains, 8 pods of 64 leaves and 32 spines, 32 planes of cores
    assert len(topology.vertices) == 2048 + 2048 + 8 * 64 + 8 * 32 + 32
    assert topology.links == 2048 + 2048 * 8 + 8 * 64 * 32 + 8 * 32


def test_time_grows_with_the_gpus() -> None:
    small, large = cluster(512, **FABRIC), cluster(2048, **FABRIC)
    analyse(small, 32)
    ratio = seconds(lambda: analyse(large, 128)) / seconds(lambda: analyse(small, 32))
    assert ratio < 4 * 2.5


@pytest.mark.benchmark(group="fabric")
def test_a_fabric_of_16384_gpus(benchmark: Any) -> None:
    plan = cluster(2048, **FABRIC)
    benchmark(lambda: analyse(plan, 128))
