"""A fabric out of the switches of a Slurm file."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from clustersim.hardware.topology.slurm import SlurmTopology, Switch, read_topology_conf
from clustersim.hardware.topology.slurm_yaml import read_topology_yaml
from clustersim.hardware.topology.topology import Ints
from clustersim.hardware.topology.wiring import Wiring
from clustersim.scenario.files import read_named_file
from clustersim.scenario.schema.fabric import SlurmFabric

_ROW_BY_HEIGHT = ("leaf", "spine", "core")


def slurm_file(fabric: SlurmFabric) -> SlurmTopology:
    """Read the file of a Slurm fabric; a text that starts with a list is YAML."""
    text = fabric.text if fabric.text is not None else read_named_file(Path(fabric.file))
    return _read(text, fabric.file, fabric.topology)


@lru_cache(maxsize=16)
def _read(text: str, file: str, topology: str | None) -> SlurmTopology:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    first = next((line for line in lines if line), "")
    if first.startswith(("-", "[", "%")):
        return read_topology_yaml(text, file, topology)
    found = read_topology_conf(text, file)
    if topology is not None:
        found.wrong(1, f"is a topology.conf, which has no names: leave 'topology: {topology}' out")
    return found


def wire_slurm(wiring: Wiring, fabric: SlurmFabric, nodes: Ints, prefix: str = "") -> tuple[Ints, Ints]:
    """Wire nodes through the switches of a Slurm file.

    Parameters
    ----------
    wiring : Wiring
        Where the links go.
    fabric : SlurmFabric
        The file, and what it does not say.
    nodes : array of int
        Vertices of the nodes that are in use: the first ones of the file.
    prefix : str
        Of the names of switches.

    Returns
    -------
    ports : array of int, shape (nodes, 1)
        Links from the nodes.
    top : array of int
        Switches that hang on no other.

    Notes
    -----
    A switch of the file stands for all physical switches of its level, and its uplink for all their cables: bandwidth
    is that of the nodes below over ``uplink_oversubscription``, or ``LinkSpeed`` where the scenario gives it a unit.
    Blocks hang together on one core.
    """
    tree = slurm_file(fabric)
    switches = {switch.name: switch for switch in tree.switches}
    below = {name: _nodes_below(switch, switches) for name, switch in switches.items()}
    height = {name: _height(switch, switches) for name, switch in switches.items()}
    ids = {
        name: int(wiring.vertices(_ROW_BY_HEIGHT[min(2, height[name])], [prefix + name])[0])
        for name in sorted(switches, key=lambda name: height[name])
    }
    index = {name: number for number, name in enumerate(tree.nodes[: len(nodes)])}
    above = [(index[node], ids[switch.name]) for switch in tree.switches for node in switch.nodes if node in index]
    order = np.array(sorted(above), dtype=np.int64).reshape(-1, 2)
    ports = wiring.join("leaf", nodes[order[:, 0]], order[:, 1], wiring.node_bytes_s, wiring.cluster.node.nics)
    parent = {child: ids[switch.name] for switch in tree.switches for child in switch.switches}
    if tree.blocks:
        core = int(wiring.vertices("core", [f"{prefix}core"])[0])
        parent = dict.fromkeys(switches, core)
    for name, up in parent.items():
        _join_up(wiring, fabric, switches[name], (ids[name], up), below[name])
    top = [ids[name] for name in switches if name not in parent] or sorted(set(parent.values()))
    return ports[:, None], np.array(top, dtype=np.int64)


def _join_up(wiring: Wiring, fabric: SlurmFabric, switch: Switch, link: tuple[int, int], nodes: int) -> None:
    bandwidth = nodes * wiring.node_bytes_s / fabric.uplink_oversubscription
    if fabric.link_speed_unit is not None and switch.link_speed is not None:
        bandwidth = switch.link_speed * fabric.link_speed_unit
    cables = bandwidth / wiring.cluster.node.nic_bandwidth
    low, high = (np.array([end], dtype=np.int64) for end in link)
    wiring.join(wiring.rows[link[1]], low, high, bandwidth, cables)


def _nodes_below(switch: Switch, switches: dict[str, Switch]) -> int:
    return len(switch.nodes) + sum(_nodes_below(switches[name], switches) for name in switch.switches)


def _height(switch: Switch, switches: dict[str, Switch]) -> int:
    return 1 + max((_height(switches[name], switches) for name in switch.switches), default=-1)
