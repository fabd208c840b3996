"""Dispatch of tokens to experts and back, by hand and in its limits."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.step.collectives import all_to_all_s
from clustersim.step.compute import PassTime
from clustersim.step.experts import copies_sent, distinct, exchange_time
from clustersim.step.options import Options
from tests.step import step_cases as cases
from tests.step.ideal import ideal, ideal_job

COMPUTE = PassTime(10.0, 10.0)


def exchange(compute: PassTime = COMPUTE, rates: Any = None, **sizes: Any) -> PassTime:
    return exchange_time(ideal_job(cases.MIXTRAL, efficiency=rates or ideal(), **sizes), compute)


EP8: dict[str, Any] = {"data_parallel": 16, "expert_parallel": 8}


def test_two_exchanges_a_pass_of_two_copies_of_every_token() -> None:
    of = ideal_job(cases.MIXTRAL, **EP8)
    once_s = all_to_all_s(4096 * 2 * 4096 * 2, of.groups.expert)
    assert exchange(**EP8) == PassTime(2 * once_s, 2 * once_s)
    assert exchange(rates=ideal(ep_exposed=0.25), **EP8) == PassTime(0.5 * once_s, 0.5 * once_s)


def test_full_recomputation_dispatches_again() -> None:
    found = exchange(**EP8, recompute="full", recompute_layers=8)
    assert found.backward_s == pytest.approx(1.25 * found.forward_s)


def test_one_expert_parallel_rank_sends_nothing() -> None:
    assert exchange(data_parallel=16) == PassTime(0.0, 0.0)


@given(places=st.integers(1, 256), visits=st.integers(1, 32))
def test_a_token_visits_no_more_places_than_it_has_experts(places: int, visits: int) -> None:
    found = distinct(places, visits)
    assert 1.0 - 1e-9 <= found <= min(places, visits) * (1 + 1e-9)
    assert found <= distinct(places, visits + 1) * (1 + 1e-12)
    assert found <= distinct(places + 1, visits) * (1 + 1e-9)


def test_places_by_hand() -> None:
    assert distinct(1, 8) == 1.0
    assert distinct(7, 1) == pytest.approx(1.0)
    # Two of two experts on two places: the second goes elsewhere every other time.
    assert distinct(2, 2) == pytest.approx(1.5)


def test_tokens_that_travel_once_send_fewer_copies() -> None:
    rates = ideal(options=Options(flex=True))
    of = ideal_job(cases.MIXTRAL, efficiency=rates, **EP8)
    assert copies_sent(of) == pytest.approx(8 * (1 - (7 / 8) ** 2))
    assert copies_sent(replace(of, efficiency=ideal())) == 2.0
    assert exchange(rates=rates, **EP8).forward_s < exchange(**EP8).forward_s


def test_between_nodes_a_token_travels_once_to_each_node() -> None:
    rates = ideal(options=Options(flex=True))
    of = ideal_job(cases.MIXTRAL, efficiency=rates, tensor_parallel=4, data_parallel=16, expert_parallel=8)
    assert of.groups.expert.domains == 4
    assert copies_sent(of) == pytest.approx(4 * (1 - (3 / 4) ** 2))


def test_beside_another_micro_batch_the_exchange_hides() -> None:
    beside = ideal(options=Options(overlap=True), overlap_slowdown=0.1)
    whole = exchange(**EP8)
    assert exchange(rates=beside, **EP8).forward_s == pytest.approx(0.1 * whole.forward_s)
    assert exchange(PassTime(0.0, 0.0), rates=beside, **EP8) == whole
