"""The repair shop: hands, parts, repairs that fail and nodes that are beyond repair."""

import math
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import numpy as np
import pytest
import simpy

from clustersim.run.laws import Law
from clustersim.run.log import Log, RepairRow
from clustersim.run.plan import PartsPlan, RetirementPlan, SparesPlan
from clustersim.run.shop import RepairShop
from clustersim.run.streams import normals, stream, uniforms
from tests.run.plans import SPARES

LEAD = Law("constant", 500.0)


def shop(outcomes: Iterator[float] = repeat(0.5), **plan: Any) -> tuple[simpy.Environment, RepairShop, Log]:  # noqa: B008
    env, log = simpy.Environment(), Log()
    spares = SparesPlan(**{name: getattr(SPARES, name) for name in SPARES.__dataclass_fields__} | plan)
    return (
        env,
        RepairShop(env, spares, log, {"parts": repeat(0.0), "replacement": repeat(0.0), "outcome": outcomes}),
        log,
    )


def mended(queued: list[list[int]], **plan: Any) -> list[RepairRow]:
    """Repairs of 100 s that are all queued at once."""
    _env, it, log = shop(**plan)
    for nodes in queued:
        it.queue(nodes, 0, 100.0, lambda _row: None)
    return log.repairs


def test_repairs_wait_for_a_hand() -> None:
    rows = mended([[0], [1], [2, 3], [4]], repair_hands=2)
    assert [(row.start_s, row.end_s, row.nodes) for row in rows] == [
        (0.0, 100.0, 1), (0.0, 100.0, 1), (100.0, 200.0, 2), (100.0, 200.0, 1),
    ]  # fmt: skip


def test_repairs_wait_for_parts() -> None:
    """Two parts on the shelf; the third repair takes the one that was ordered at 0, the fifth what it ordered."""
    rows = mended([[0], [1], [2], [3], [4]], repair_hands=3, parts=PartsPlan(2, LEAD))
    assert [row.start_s for row in rows] == [0.0, 0.0, 500.0, 500.0, 1000.0]


def test_enough_parts_are_none_at_all() -> None:
    queued = [[node] for node in range(20)]
    assert mended(queued, parts=PartsPlan(20, LEAD)) == mended(queued)


def test_a_node_that_is_beyond_repair_is_back_as_a_new_one() -> None:
    retirement = RetirementPlan(0.6, None, LEAD)
    (row,) = mended([[0]], retirement=retirement)
    assert (row.end_s, row.back_s, row.retired, row.failed) == (100.0, 600.0, True, False)
    (row,) = mended([[0]], retirement=RetirementPlan(0.4, None, LEAD))
    assert (row.back_s, row.retired) == (100.0, False)


def test_a_node_that_was_mended_too_often_is_retired_and_its_successor_starts_anew() -> None:
    rows = mended([[0], [1], [0], [0], [0]], retirement=RetirementPlan(0.0, 2, LEAD))
    assert [row.retired for row in rows] == [False, False, True, False, True]


def test_a_repair_may_fail() -> None:
    assert mended([[0]], failed_repairs=0.6)[0].failed
    assert not mended([[0]], failed_repairs=0.5)[0].failed
    assert not mended([[0, 1]], failed_repairs=1.0)[0].failed, "what takes down several nodes is no fault of theirs"


def test_done_is_told_when_the_node_is_back() -> None:
    env, it, _log = shop(retirement=RetirementPlan(1.0, None, LEAD))
    back: list[tuple[float, bool]] = []
    it.queue([0], 0, 100.0, lambda row: back.append((env.now, row.retired)))
    env.run(until=599.0)
    assert back == []
    env.run(until=601.0)
    assert back == [(600.0, True)]


@pytest.mark.parametrize("hands", [1, 3])
def test_waiting_for_a_hand_is_that_of_a_queue(hands: int) -> None:
    """M/M/c: the Erlang C formula, over many short runs; batches of one run would not be independent."""
    load, runs, repairs = 0.7 * hands, 80, 1500
    empty = math.factorial(hands) / load**hands * (1.0 - load / hands)
    busy = 1.0 / (1.0 + empty * sum(load**k / math.factorial(k) for k in range(hands)))
    expected = busy / (hands - load)
    means = []
    for number in range(runs):
        generator = stream(7, number, "queue")
        env, it, log = shop(repair_hands=hands)
        arrivals = np.cumsum(generator.standard_exponential(repairs)) / load
        for at_s, repair_s in zip(arrivals.tolist(), generator.standard_exponential(repairs).tolist(), strict=True):
            env.run(until=at_s)
            it.queue([0], 0, repair_s, lambda _row: None)
        means.append(np.mean([row.start_s - row.queued_s for row in log.repairs[300:]]))
    assert abs(np.mean(means) - expected) < 4.0 * np.std(means, ddof=1) / math.sqrt(runs)


def test_parts_are_short_as_often_as_the_formula_of_palm_says() -> None:
    """Base stock of S, Poisson demand with mean d in a lead time: a demand finds the shelf empty with P(X >= S).

    Palm's theorem: whatever the law of the lead time, parts on order are Poisson, as long as demand does not wait.
    Where it does, every demand orders at once in the theorem and when it is served here, so compare with hands and
    parts in plenty: a stock that is nearly always enough.
    """
    rate, lead_s, stock, runs, repairs = 1.0, 4.0, 12, 60, 1500
    short = 1.0 - sum(math.exp(-4.0) * 4.0**k / math.factorial(k) for k in range(stock))
    found = []
    for number in range(runs):
        generator = stream(8, number, "parts")
        env, log = simpy.Environment(), Log()
        plan = SparesPlan(0, 0, 0, LEAD, LEAD, LEAD, 500, parts=PartsPlan(stock, Law("exponential", lead_s)))
        it = RepairShop(env, plan, log, {"parts": normals(stream(8, number, "lead"))})
        for at_s in np.cumsum(generator.standard_exponential(repairs) / rate).tolist():
            env.run(until=at_s)
            it.queue([0], 0, 0.1, lambda _row: None)
        found.append(np.mean([row.start_s > row.queued_s for row in log.repairs[50:]]))
    assert abs(np.mean(found) - short) < 4.0 * np.std(found, ddof=1) / math.sqrt(runs) + 0.3 * short


def test_outcomes_come_as_often_as_they_should() -> None:
    _env, it, log = shop(
        uniforms(stream(9, 0, "outcome")), failed_repairs=0.2, retirement=RetirementPlan(0.1, None, LEAD)
    )
    for node in range(4000):
        it.queue([node], 0, 1.0, lambda _row: None)
    retired = sum(row.retired for row in log.repairs)
    failed = sum(row.failed for row in log.repairs)
    assert abs(retired - 400) < 4.0 * math.sqrt(400 * 0.9)
    assert abs(failed - 0.2 * (4000 - retired)) < 4.0 * math.sqrt(800 * 0.8)
