"""The machines of a published row: accelerator, node and network interfaces."""

import re
from collections.abc import Mapping
from functools import lru_cache

from clustersim.calibration.rows.cells import Assumption, Cells, RowError
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

_NETWORKS: Mapping[str, str] = {
    "roce": "roce",
    "opa": "omni-path",
    "omni": "omni-path",
    "efa": "efa",
    "slingshot": "slingshot",
    "tcpx": "tcpxo",
}
"""Network class by what a ``fabric`` cell contains; InfiniBand otherwise."""

_COUNT_TIMES_RATE = re.compile(r"(\d+)\s*x\s*(\d+)\s*g")
_RACK_SCALE = re.compile(r"nvl(\d+)\D+(\d+)\s*g")
_GBPS = 1e9 / 8.0


def accelerator_of(cells: Cells, gpus_per_node: int | None) -> tuple[str, list[str]]:
    """Catalogue name of a row's accelerator, with a remark when a relative stands in.

    Raises
    ------
    RowError
        If neither the card nor a relative of it is catalogued.
    """
    text = cells.text("gpu")
    name = re.sub(r"[\s_]+", "-", text.lower()).removeprefix("nvidia-").removeprefix("google-").removeprefix("amd-")
    known = entries("accelerators")
    if name in known:
        return _edition(name, gpus_per_node), []
    relatives = {**_STAND_INS, **{entry: entry for entry in known}}
    beginnings = [beginning for beginning in relatives if name.startswith(beginning)]
    if not beginnings:
        msg = f"column gpu: {text!r} is not catalogued; known: {', '.join(known)}"
        raise RowError(msg if text else "column gpu: empty")
    stand_in = relatives[max(beginnings, key=len)]
    return stand_in, [f"GPU {text!r} is not catalogued; {stand_in} stands in"]


def _edition(name: str, gpus_per_node: int | None) -> str:
    """Edition of a card that such a node holds: V100 in nodes of 16 are those of DGX-2, all on one NVSwitch."""
    return "v100-32gb-sxm3" if name == "v100-32gb" and gpus_per_node == 16 else name


def network_of(fabric: str) -> str:
    """Class of the network of a ``fabric`` cell: an entry of the catalogue table ``collective_rates``."""
    return next((known for part, known in _NETWORKS.items() if part in fabric.lower()), "infiniband")


def cluster_of(cells: Cells, n_gpus: int) -> tuple[Cluster, list[Assumption], list[str]]:
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
    nics, rate_bytes_s, rule = _interfaces(cells.text("fabric").lower(), name, gpus)
    if rule:
        assumed.append(Assumption("fabric", rule, f"{nics} x {rate_bytes_s / _GBPS:g} Gb/s"))
        if n_gpus > gpus and cells.text("fabric"):
            remarks.append(f"fabric {cells.text('fabric')!r} is not known")
    return _cluster(name, gpus, nics, rate_bytes_s, -(-n_gpus // gpus)), assumed, remarks


def _interfaces(text: str, accelerator: str, gpus_per_node: int) -> tuple[int, float, str]:
    """Interfaces of a node and the bandwidth of one [bytes/s], with the rule where the cell does not say them."""
    rack = _RACK_SCALE.search(text)
    if rack:
        return gpus_per_node, int(rack.group(2)) * _GBPS, ""
    counted = _COUNT_TIMES_RATE.search(text)
    if counted:
        return int(counted.group(1)), int(counted.group(2)) * _GBPS, ""
    beginnings = [beginning for beginning in _NICS if accelerator.startswith(beginning)]
    nics, rate_bytes_s, whose = _NICS[max(beginnings, key=len)]
    if accelerator.startswith("gb"):
        nics = gpus_per_node
    return nics, rate_bytes_s, whose


@lru_cache(maxsize=512)
def _cluster(name: str, gpus: int, nics: int, rate_bytes_s: float, nodes: int) -> Cluster:
    node = {
        "accelerator": name,
        "gpus": gpus,
        "nics": nics,
        "nic_bandwidth": f"{rate_bytes_s:g} B/s",
        # Power plays no part in a step time.
        "training_power": "1 kW",
        "idle_power": "1 kW",
    }
    return Cluster.model_validate({"node": node, "nodes": nodes})
