import math
from dataclasses import replace

from validation.testbed.shaping import FRAME_BYTES, PAYLOAD_FRACTION, burst_bytes, shaping
from validation.testbed.topology import Link, Topology
from validation.testbed.wiring import Names, namespaces, wiring

NAMES = Names("a1b2c3")


def test_interfaces_have_names_that_linux_accepts_and_are_unique_in_their_namespace(
    shipped: dict[str, Topology],
) -> None:
    longest = Topology(
        "longest",
        "",
        ("hostaaa", "hostbbb"),
        ("switcha",),
        (Link("hostaaa", "switcha", 1e6), Link("switcha", "hostbbb", 1e6)),
    )
    for topology in (*shipped.values(), longest):
        ends = [NAMES.end(topology, link, node) for link in topology.links for node in (link.a, link.b)]
        ends += [(NAMES.switches, switch) for switch in topology.switches]
        assert len(set(ends)) == len(ends)
        assert all(len(interface) <= 15 for _, interface in ends)
        assert {space for space, _ in ends} == set(namespaces(NAMES, topology))


def test_two_testbeds_share_no_namespace(racks: Topology) -> None:
    assert not set(namespaces(NAMES, racks)) & set(namespaces(Names("d4e5f6"), racks))


def test_nothing_is_made_outside_the_namespaces(racks: Topology) -> None:
    for command in wiring(NAMES, racks):
        if command[:3] == ("ip", "link", "add"):
            assert command[4] == "netns"
            assert command[command.index("peer") + 3] == "netns"
        else:
            assert command[1] in ("netns", "-n")
            assert any(word.startswith("cstb-a1b2c3-") for word in command)


def test_every_link_is_limited_in_both_directions(racks: Topology) -> None:
    shaped = [command for command in wiring(NAMES, racks) if command[0] == "tc"]
    assert len(shaped) == 2 * len(racks.links)
    uplink = [command for command in shaped if {"leaf0-leaf1", "leaf1-leaf0"} & set(command)]
    assert ["100000000bit" in command for command in uplink] == [True, True]


def test_the_baseline_has_no_queueing_discipline(racks: Topology) -> None:
    assert not [command for command in wiring(NAMES, racks.unlimited()) if command[0] == "tc"]


def test_two_hosts_on_a_cable_have_no_switch(shipped: dict[str, Topology]) -> None:
    topology = shipped["two-hosts"]
    assert namespaces(NAMES, topology) == ("cstb-a1b2c3-h0", "cstb-a1b2c3-h1")
    assert not [command for command in wiring(NAMES, topology) if "bridge" in command or "master" in command]


def test_a_delay_sits_inside_the_rate() -> None:
    link = Link("h0", "h1", 25e6, 2e-3)
    rate, delay = shaping("space", "eth0", link)
    assert rate[:10] == ("tc", "-n", "space", "qdisc", "add", "dev", "eth0", "root", "handle", "1:")
    assert rate[10:] == ("tbf", "rate", "200000000bit", "burst", "18028b", "limit", "33554432b")
    assert delay[7:13] == ("parent", "1:1", "handle", "10:", "netem", "delay")
    assert delay[13] == "2000us"


def test_a_delay_without_a_rate_is_the_root() -> None:
    (delay,) = shaping("space", "eth0", replace(Link("h0", "h1", 25e6, 2e-3), rate_bytes_s=math.inf))
    assert delay[7] == "root"


def test_the_bucket_holds_two_frames_or_a_late_timer() -> None:
    assert burst_bytes(25e6) == 2 * FRAME_BYTES == 18028
    assert burst_bytes(1e9) == 250_000
    assert 0.99 < PAYLOAD_FRACTION < 1.0
