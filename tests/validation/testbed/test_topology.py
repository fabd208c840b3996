from dataclasses import replace

import pytest

from validation.testbed.topology import Link, Topology, TopologyError, check


def test_every_shipped_topology_can_be_built(shipped: dict[str, Topology]) -> None:
    assert set(shipped) == {"two-hosts", "one-switch", "degraded-link", "two-racks", "slow-uplink"}
    for topology in shipped.values():
        assert check(topology) is topology


def test_what_the_shipped_topologies_are_for(shipped: dict[str, Topology]) -> None:
    rates = {name: {link.name: link.rate_bytes_s for link in item.links} for name, item in shipped.items()}
    hosts = rates["two-racks"]["h0-leaf0"]
    assert rates["two-racks"]["leaf0-leaf1"] < 2 * hosts
    assert rates["slow-uplink"]["leaf0-leaf1"] < hosts
    assert rates["degraded-link"]["h3-leaf0"] < rates["degraded-link"]["h2-leaf0"]


def test_addresses_are_unique(shipped: dict[str, Topology]) -> None:
    topology = shipped["one-switch"]
    assert len({topology.address(host) for host in topology.hosts}) == 4


def test_racks(shipped: dict[str, Topology]) -> None:
    assert shipped["two-racks"].racks() == (("h0", "h1"), ("h2", "h3"))
    assert shipped["one-switch"].racks() == (("h0", "h1", "h2", "h3"),)
    assert shipped["two-hosts"].racks() == (("h0", "h1"),)


def test_paths_name_the_links_and_the_side_they_are_entered_from(shipped: dict[str, Topology]) -> None:
    path = shipped["two-racks"].path("h1", "h2")
    assert [(node, link.name) for node, link in path] == [
        ("h1", "h1-leaf0"),
        ("leaf0", "leaf0-leaf1"),
        ("leaf1", "h2-leaf1"),
    ]


def test_unlimited_keeps_the_wiring(racks: Topology) -> None:
    free = racks.unlimited()
    assert [link.name for link in free.links] == [link.name for link in racks.links]
    assert {(link.rate_bytes_s, link.delay_s) for link in free.links} == {(float("inf"), 0.0)}


def problems(topology: Topology) -> str:
    with pytest.raises(TopologyError) as caught:
        check(topology)
    return str(caught.value)


def test_a_loop_is_refused(racks: Topology) -> None:
    third = (*racks.switches, "leaf2")
    links = (*racks.links, Link("leaf1", "leaf2", 1e6), Link("leaf2", "leaf0", 1e6))
    assert "leave 1 of them out" in problems(replace(racks, switches=third, links=links))


def test_a_host_has_one_link_and_is_connected(racks: Topology) -> None:
    text = problems(replace(racks, links=racks.links[1:]))
    assert "host 'h0' has 0 links" in text
    text = problems(replace(racks, links=racks.links[:-1]))
    assert "h2, h3, leaf1 cannot be reached from h0" in text


def test_all_problems_are_reported_at_once(racks: Topology) -> None:
    links = (*racks.links, Link("h0", "spine", 0.0), Link("h1", "h1", 1e6, -1.0))
    text = problems(replace(racks, hosts=("h0", "h0", "Host-1", "h3"), links=links))
    for part in (
        "'h0' is named twice",
        "'Host-1' is not a name",
        "links[5]: 'spine' is neither a host nor a switch",
        "links[5].rate: 0.0",
        "links[6]: joins 'h1' to itself",
        "links[6].delay: -1.0 s",
    ):
        assert f"racks: {part}" in text or part in text
    assert all(line.startswith("racks: ") for line in text.splitlines())


@pytest.mark.parametrize("count", [0, 1, 255])
def test_the_number_of_hosts_is_bounded(count: int) -> None:
    hosts = tuple(f"h{number}" for number in range(count))
    links = tuple(Link(host, "leaf0", 1e6) for host in hosts)
    assert f"{count} hosts; write 2 to 254" in problems(Topology("many", "", hosts, ("leaf0",), links))
