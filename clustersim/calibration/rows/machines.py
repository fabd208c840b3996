"""The machines of a published row: accelerator, node and network interfaces."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from clustersim.calibration.fabric_text import (
    COUNT,
    entry_texts,
    instance_of,
    network_named,
    node_interfaces,
    plain,
    printed,
    rate_of,
    without_interface,
)
from clustersim.calibration.rows.cells import Assumption, Cells, RowError
from clustersim.calibration.rows.remarks import FABRIC_SIGMA, GPU_SIGMA, Remark
from clustersim.catalog import entries
from clustersim.scenario.schema.hardware import Cluster

_STAND_INS: Mapping[str, str] = {
    "h800": "h100-sxm",
    "h100-nvl": "h100-pcie",
    "h100-80gb": "h100-sxm",
    "h100": "h100-sxm",
    "gh200": "h100-sxm",
    "h20": "h200",
    "a800": "a100-80gb",
    "a100": "a100-80gb",
    "ampere": "a100-80gb",
    "hopper": "h100-sxm",
    "blackwell": "b200",
    "b100": "b200",
    "v100": "v100-32gb",
    "mi325x": "mi300x",
    "mi300": "mi300x",
    "tpu-v5": "tpu-v5p",
    "v5p": "tpu-v5p",
    "v5e": "tpu-v5e",
    "v6e": "tpu-v6e",
    "trillium": "tpu-v6e",
}
"""Catalogued relative of a card that the catalogue does not have, by the beginning of its name."""

_NICS: Mapping[str, tuple[int, float, str]] = {
    "v100": (4, 12.5e9, "DGX-1: 4 x 100 Gb/s"),
    "a100": (8, 25e9, "DGX A100: 8 x 200 Gb/s"),
    "h100": (8, 50e9, "DGX H100: 8 x 400 Gb/s"),
    "h200": (8, 50e9, "DGX H200: 8 x 400 Gb/s"),
    "b": (8, 50e9, "DGX B200: 8 x 400 Gb/s"),
    "gb": (72, 50e9, "GB200 NVL72: 400 Gb/s a GPU"),
    "mi300x": (8, 50e9, "MI300X platforms: 8 x 400 Gb/s"),
    "tpu": (8, 25e9, "TPU hosts; within a pod the torus carries the traffic"),
}
"""Interfaces per node, bandwidth of one [bytes/s] and whose they are, by the beginning of the card's name."""

_RACK_SCALE = re.compile(r"nvl(\d+)\D+(\d+)\s*g")
_GBPS = 1e9 / 8.0
_VENDOR = re.compile(r"^(?:(?:nvidia|google|cloud|amd|instinct|tesla)-)+")


@dataclass(frozen=True, slots=True)
class Interfaces:
    """Interfaces of a node, bandwidth of one [bytes/s], and the rule where the cell does not say both.

    ``known`` is whether the cell says anything of the network that can be read.
    """

    count: int
    each_bytes_s: float
    rule: str = ""
    known: bool = True


def accelerator_of(cells: Cells, gpus_per_node: int | None) -> tuple[str, list[Remark]]:
    """Catalogue name of a row's accelerator, with a remark when a relative stands in.

    Raises
    ------
    RowError
        If neither the card nor a relative of it is catalogued.
    """
    text = cells.text("gpu")
    name = _VENDOR.sub("", re.sub(r"[\s_]+", "-", text.lower()))
    known = entries("accelerators")
    if name in known:
        return _edition(name, gpus_per_node), []
    relatives = {**_STAND_INS, **{entry: entry for entry in known}}
    beginnings = [beginning for beginning in relatives if name.startswith(beginning)]
    if not beginnings:
        msg = f"column gpu: {text!r} is not catalogued; known: {', '.join(known)}"
        raise RowError(msg if text else "column gpu: empty")
    stand_in = relatives[max(beginnings, key=len)]
    return stand_in, [Remark(f"GPU {text!r} is not catalogued; {stand_in} stands in", GPU_SIGMA)]


def _edition(name: str, gpus_per_node: int | None) -> str:
    """Edition of a card that such a node holds: V100 in nodes of 16 are those of DGX-2, all on one NVSwitch."""
    return "v100-32gb-sxm3" if name == "v100-32gb" and gpus_per_node == 16 else name


def network_of(fabric: str) -> str:
    """Class of the network of a ``fabric`` cell: an entry of the catalogue table ``collective_rates``.

    Named, else that of a named instance type, else InfiniBand.
    """
    instance = instance_of(fabric)
    named = network_named(fabric, instance)
    return named or (entry_texts(instance)["network"] if instance else "infiniband")


def cluster_of(cells: Cells, n_gpus: int) -> tuple[Cluster, list[Assumption], list[Remark]]:
    """Machines of a row, with what was assumed and what stands in for something unknown.

    Raises
    ------
    RowError
        If the accelerator is unknown or a cell is malformed.
    """
    assumed: list[Assumption] = []
    gpus = cells.whole("gpus_per_node") or cells.derived("gpus_per_node")
    name, remarks = accelerator_of(cells, gpus)
    if gpus is None:
        gpus = 72 if name.startswith("gb") else 8
        assumed.append(Assumption("gpus_per_node", "as the vendor's own node", str(gpus)))
    fabric = cells.text("fabric")
    if without_interface(fabric):
        msg = f"column fabric: {fabric!r} gives a node no bandwidth; leave it empty where it is not known"
        raise RowError(msg)
    found = interfaces_of(fabric, name, gpus)
    if found.rule:
        assumed.append(Assumption("fabric", found.rule, f"{found.count} x {found.each_bytes_s / _GBPS:g} Gb/s"))
    if n_gpus > gpus and not found.known:
        what = f"fabric {fabric!r} is not known" if fabric else "the fabric is not said"
        remarks.append(Remark(f"{what}; {found.rule} stands in", FABRIC_SIGMA))
    cluster = _cluster(name, gpus, found.count, found.each_bytes_s, network_of(fabric), -(-n_gpus // gpus))
    return cluster, assumed, remarks


def interfaces_of(fabric: str, accelerator: str, gpus_per_node: int) -> Interfaces:
    """Interfaces of a node.

    Parameters
    ----------
    fabric : str
        The cell, in any of the forms that a table of collectives may hold too (``8x400G IB``, ``400G x 8``, ``3.2 Tbps
        EFA``, ``IB NDR``, ``p5.48xlarge``), or a rack-scale domain with the rate of a GPU (``nvl72+400g``).
    accelerator : str
        Catalogue name, for what the cell does not say.
    gpus_per_node : int
        Interfaces where only their total or the rate of a GPU is printed.
    """
    rack = _RACK_SCALE.search(fabric.lower())
    if rack:
        return Interfaces(gpus_per_node, int(rack.group(2)) * _GBPS)
    said, instance = plain(fabric), instance_of(fabric)
    found = printed(said, gpus_per_node)
    if found is not None:
        count = found[0] or gpus_per_node
        return Interfaces(count, found[1] / count)
    usual, usual_bytes_s, whose = _usual(accelerator, gpus_per_node)
    rate, counted = rate_of(said), COUNT.search(said)
    if rate is not None and (counted or instance is None):
        count = int(counted.group(1)) if counted and int(counted.group(1)) else usual
        return Interfaces(count, rate, "rate as the cell says" + ("" if counted else f", number as in {whose}"))
    if instance is not None:
        return Interfaces(*node_interfaces(entry_texts(instance)), f"those of {instance}")
    known = network_named(fabric, None) is not None
    return Interfaces(usual, usual_bytes_s, whose, known=known)


def _usual(accelerator: str, gpus_per_node: int) -> tuple[int, float, str]:
    """Interfaces of the vendor's own node, bandwidth of one [bytes/s], and whose they are."""
    beginnings = [beginning for beginning in _NICS if accelerator.startswith(beginning)]
    nics, rate_bytes_s, whose = _NICS[max(beginnings, key=len)]
    return gpus_per_node if accelerator.startswith("gb") else nics, rate_bytes_s, whose


@lru_cache(maxsize=512)
def _cluster(name: str, gpus: int, nics: int, rate_bytes_s: float, network: str, nodes: int) -> Cluster:
    node = {
        "accelerator": name,
        "gpus": gpus,
        "nics": nics,
        "nic_bandwidth": f"{rate_bytes_s:g} B/s",
        # Power plays no part in a step time.
        "training_power": "1 kW",
        "idle_power": "1 kW",
    }
    return Cluster.model_validate({"node": node, "nodes": nodes, "fabric": {"network": network}})
