"""Lemons against their law."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from clustersim.run.failures.ageing import NO_AGEING
from clustersim.run.failures.lemons import lemon_failures, lemons
from clustersim.run.plan import CategoryPlan, LemonsPlan
from clustersim.run.streams import stream
from tests.run.plans import Simulate, digest, small_plan

PLAN = LemonsPlan(fraction=0.1, factor=50.0)
GPU = CategoryPlan("gpu", "gpu", 800, 1e-6, units_per_domain=8)
NIC = CategoryPlan("nic", "nic", 400, 4e-6, units_per_domain=4)
RACK = CategoryPlan("rack", "rack", 25, 1e-3, domain_nodes=4, blast_nodes=4)
SOFTWARE = CategoryPlan("software", "software", 1, 1e-3, blast_nodes=0)


def test_each_node_is_a_lemon_by_itself() -> None:
    assert lemons(PLAN, 50, stream(0, 0, "x")) == [n for n in lemons(PLAN, 500, stream(0, 0, "x")) if n < 50]
    counts = [len(lemons(PLAN, 200, stream(0, r, "x"))) for r in range(200)]
    assert abs(np.mean(counts) - 20.0) < 4.0 * math.sqrt(200 * 0.1 * 0.9 / 200)


def test_lemons_fail_as_much_more_often_as_they_should() -> None:
    """Two lemons, 49 times 24e-6 extra failures a second each: a third GPUs, two thirds NICs, no racks."""
    source = lemon_failures(PLAN, [3, 70], [GPU, SOFTWARE, NIC, RACK], stream(0, 0, "x"), NO_AGEING)
    found = list(itertools.islice(source, 6000))
    rate = 2 * 49 * 24e-6
    assert abs(found[-1].failure.t_s - 6000 / rate) < 4.0 * math.sqrt(6000) / rate
    assert set(Counter(f.node for f in found)) == {3, 70}
    by_category = Counter(f.category for f in found)
    assert set(by_category) == {0, 2}
    assert abs(by_category[0] - 2000) < 4.0 * math.sqrt(6000 * 2 / 9)


@pytest.mark.parametrize(("nodes", "categories"), [([], [GPU]), ([3], [RACK]), ([3], [])])
def test_nothing_to_fail(nodes: list[int], categories: list[CategoryPlan]) -> None:
    assert list(lemon_failures(PLAN, nodes, categories, stream(0, 0, "x"), NO_AGEING)) == []


def test_a_fleet_without_lemons_is_the_plain_one(run: Simulate) -> None:
    from dataclasses import replace

    node = CategoryPlan("node", "host", 4, 1e-4)
    plain = small_plan(steps=200, categories=(node,))
    for off in (LemonsPlan(0.0, 50.0), LemonsPlan(1.0, 1.0)):
        assert digest(run(replace(plain, lemons=off))) == digest(run(plain))
    assert digest(run(replace(plain, lemons=LemonsPlan(1.0, 10.0)))) != digest(run(plain))
