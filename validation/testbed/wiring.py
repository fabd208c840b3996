"""The commands that turn a topology into namespaces, cables and switches. Pure: nothing is run here."""

from collections.abc import Iterator
from dataclasses import dataclass

from validation.testbed.shaping import MTU_BYTES, WINDOW_BYTES, shaping
from validation.testbed.topology import Link, Topology

Command = tuple[str, ...]

HOST_INTERFACE = "eth0"
"""The one interface of every host besides loopback."""

PREFIX = "cstb-"
"""All namespaces of all testbeds start with it."""

_SWITCHES = "-switches"

_SETTINGS = (
    # A counter of a link counts the job alone: no neighbour discovery of IPv6.
    "net.ipv6.conf.all.disable_ipv6=1",
    "net.ipv6.conf.default.disable_ipv6=1",
    # Bridged packets need no firewall.
    "net.bridge.bridge-nf-call-iptables=0",
    "net.bridge.bridge-nf-call-arptables=0",
    # The one congestion control that every kernel lets a namespace choose. Without losses all of them fill the window.
    "net.ipv4.tcp_congestion_control=reno",
    # A step that computes for longer than a timeout must not start its next collective slowly.
    "net.ipv4.tcp_slow_start_after_idle=0",
    "net.ipv4.tcp_no_metrics_save=1",
    f"net.ipv4.tcp_wmem=4096 65536 {WINDOW_BYTES}",
    f"net.ipv4.tcp_rmem=4096 131072 {WINDOW_BYTES}",
)


@dataclass(frozen=True, slots=True)
class Names:
    """What the parts of one testbed are called in the kernel.

    Attributes
    ----------
    identifier : str
        Unlike that of any other testbed of this machine. Interfaces are made inside the namespaces, so their names may
        repeat.
    """

    identifier: str

    def namespace(self, host: str) -> str:
        """Namespace of a host."""
        return f"{PREFIX}{self.identifier}-{host}"

    @property
    def switches(self) -> str:
        """Namespace of all switches."""
        return f"{PREFIX}{self.identifier}{_SWITCHES}"

    def end(self, topology: Topology, link: Link, node: str) -> tuple[str, str]:
        """Namespace and interface of a link at one of its nodes."""
        if node in topology.hosts:
            return self.namespace(node), HOST_INTERFACE
        return self.switches, f"{node}-{link.b if node == link.a else link.a}"


def namespaces(names: Names, topology: Topology) -> tuple[str, ...]:
    """Every namespace of a testbed."""
    hosts = tuple(names.namespace(host) for host in topology.hosts)
    return (*hosts, names.switches) if topology.switches else hosts


def wiring(names: Names, topology: Topology) -> list[Command]:
    """Commands that bring a topology up, in order."""
    return [
        *_spaces(names, topology),
        *_bridges(names, topology),
        *(command for link in topology.links for command in _cable(names, topology, link)),
        *_addresses(names, topology),
        *(command for link in topology.links for command in _limits(names, topology, link)),
    ]


def _spaces(names: Names, topology: Topology) -> Iterator[Command]:
    for space in namespaces(names, topology):
        yield "ip", "netns", "add", space
        yield "ip", "netns", "exec", space, "sysctl", "-e", "-q", "-w", *_SETTINGS
        yield "ip", "-n", space, "link", "set", "lo", "up"


def _bridges(names: Names, topology: Topology) -> Iterator[Command]:
    for switch in topology.switches:
        yield "ip", "-n", names.switches, "link", "add", switch, "type", "bridge", "mcast_snooping", "0"
        yield "ip", "-n", names.switches, "link", "set", switch, "mtu", str(MTU_BYTES), "up"


def _cable(names: Names, topology: Topology, link: Link) -> Iterator[Command]:
    (space, interface), (other_space, other) = (names.end(topology, link, node) for node in (link.a, link.b))
    mtu = ("mtu", str(MTU_BYTES))
    pair = ("type", "veth", "peer", "name", other, "netns", other_space, *mtu)
    yield "ip", "link", "add", interface, "netns", space, *mtu, *pair
    for node in (link.a, link.b):
        space, interface = names.end(topology, link, node)
        master = ("master", node) if node in topology.switches else ()
        yield "ip", "-n", space, "link", "set", interface, *master, "up"


def _addresses(names: Names, topology: Topology) -> Iterator[Command]:
    for host in topology.hosts:
        address = f"{topology.address(host)}/24"
        yield "ip", "-n", names.namespace(host), "addr", "add", address, "dev", HOST_INTERFACE


def _limits(names: Names, topology: Topology, link: Link) -> Iterator[Command]:
    for node in (link.a, link.b):
        yield from shaping(*names.end(topology, link, node), link)
