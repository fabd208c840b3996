import pytest

from validation.testbed.sharing import fair_rates, group_cases, stream_cases
from validation.testbed.topology import Topology


def test_a_stream_alone_has_the_slowest_link_of_its_path(racks: Topology) -> None:
    assert fair_rates(racks, [("h0", "h1")]) == [25e6]
    assert fair_rates(racks, [("h0", "h3")]) == [12.5e6]


def test_streams_share_the_uplink_in_one_direction_only(racks: Topology) -> None:
    assert fair_rates(racks, [("h0", "h2"), ("h1", "h3")]) == [6.25e6, 6.25e6]
    assert fair_rates(racks, [("h0", "h2"), ("h3", "h1")]) == [12.5e6, 12.5e6]


def test_two_receivers_of_one_sender_share_its_link(racks: Topology) -> None:
    assert fair_rates(racks, [("h0", "h1"), ("h0", "h2"), ("h3", "h2")]) == [12.5e6, 12.5e6, 12.5e6]


def test_streams_that_are_measured(shipped: dict[str, Topology]) -> None:
    assert stream_cases(shipped["two-hosts"]) == [(("h0", "h1"),), (("h0", "h1"), ("h1", "h0"))]
    cases = stream_cases(shipped["two-racks"])
    assert cases[-1] == (("h0", "h2"), ("h1", "h3"))
    assert [case for case in cases if len(case) == 1] == [(("h0", host),) for host in ("h1", "h2", "h3")]


def test_groups_that_are_measured(shipped: dict[str, Topology]) -> None:
    every = ("h0", "h1", "h2", "h3")
    assert group_cases(shipped["two-hosts"]) == [(("h0", "h1"),)]
    assert group_cases(shipped["two-racks"]) == [
        (every,),
        (("h0", "h1"),),
        (("h0", "h1"), ("h2", "h3")),
        (("h0", "h2"),),
        (("h0", "h2"), ("h1", "h3")),
    ]
    assert group_cases(shipped["degraded-link"])[2] == (("h2", "h3"),)


@pytest.mark.parametrize("name", ["two-hosts", "one-switch", "degraded-link", "two-racks", "slow-uplink"])
def test_groups_of_a_case_do_not_overlap(shipped: dict[str, Topology], name: str) -> None:
    for case in group_cases(shipped[name]):
        hosts = [host for group in case for host in group]
        assert len(set(hosts)) == len(hosts)
