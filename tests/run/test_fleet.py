"""Nodes that a job gives up and gets back, whatever else becomes of them."""

from dataclasses import replace

import simpy

from clustersim.run.fleet import COLD, GONE, HOT, IN_JOB, OUT, WARM, Fleet
from clustersim.run.log import Log
from clustersim.run.shop import RepairShop
from tests.run.plans import SPARES


def make(hot: int = 0, warm: int = 0, cold: int = 0) -> Fleet:
    """A job of four nodes and its spares, which are nodes 4 onwards."""
    env, plan = simpy.Environment(), replace(SPARES, hot=hot, warm=warm, cold=cold)
    return Fleet(env, 4, plan, RepairShop(env, plan, Log(), {}))


def test_the_last_of_its_own_nodes_leave_and_come_back() -> None:
    fleet = make(warm=1)
    fleet.resize(2, 0)
    assert list(fleet.state) == [IN_JOB, IN_JOB, GONE, GONE, WARM]
    assert fleet.left == [2, 3]
    assert fleet.in_service(2, 2) == []
    fleet.resize(4, 1)
    assert list(fleet.state) == [IN_JOB] * 4 + [WARM]
    assert fleet.missing == 0


def test_what_is_mended_meanwhile_is_given_up_when_it_is_back() -> None:
    fleet = make(warm=1)
    fleet.evict([3], 0, 100.0)
    fleet.call_spares()
    fleet.resize(2, 1)
    assert list(fleet.state) == [IN_JOB, IN_JOB, GONE, OUT, WARM], "and its spare stands by again"
    fleet._env.run(until=200.0)
    assert fleet.state[3] == GONE


def test_a_node_in_repair_is_missing_when_the_job_grows() -> None:
    fleet = make()
    fleet.evict([3], 7, 100.0)
    fleet.resize(2, 1)
    assert fleet.missing == 0
    fleet.resize(4, 2)
    assert [lack.incident for lack in fleet.lacks] == [7], "for what took it, not for the change"


def test_spares_of_which_it_has_too_many_go_where_nodes_are_waited_for() -> None:
    """A cold spare works for the job. It leaves it while a neighbour lacks a node, and there is no pool of hot ones."""
    fleet = make(cold=1)
    given: list[int] = []
    fleet.on_back = lambda stay: given.extend(stay.nodes)
    fleet.evict([3], 0, 100.0)
    fleet.call_spares()
    fleet.swap_out(1)
    assert fleet.stays[-1].strangers == 1
    fleet.resize(3, 1)
    assert fleet.missing == 0
    assert given == [4]
    assert fleet._pools == {HOT: [], WARM: [], COLD: [4]}


def test_a_broken_node_that_nobody_knows_of_is_still_broken_when_it_comes_back() -> None:
    fleet = make()
    joined: list[int] = []
    fleet.on_broken_joins = joined.append
    fleet.broken.add(3)
    fleet.resize(2, 0)
    assert joined == []
    fleet.resize(4, 1)
    assert joined == [3]
