"""The catalogue's node that a measured device stands in."""

import re

from clustersim.calibration.measured.observations import Device
from clustersim.catalog import entries
from clustersim.scenario.schema.hardware import Cluster

CPU_NODE = "cpu-host"

_NODES = (
    (r"GB300", "gb300-nvl72"),
    (r"GB200", "gb200-nvl72"),
    (r"B300", "dgx-b300"),
    (r"B200", "dgx-b200"),
    (r"H200", "dgx-h200"),
    (r"H100", "dgx-h100"),
    (r"A100.*40\s?GB", "dgx-a100-40gb"),
    (r"A100", "dgx-a100-80gb"),
    (r"V100", "dgx-v100"),
    (r"MI300X", "mi300x-node"),
)


class UnknownDevice(ValueError):  # noqa: N818 - named after what it says
    """A device that no node of the catalogue has; the message says how to name one."""


def base_node(devices: tuple[Device, ...], chosen: str | None) -> str:
    """Catalogue entry of the node that measurements refine.

    Parameters
    ----------
    devices : tuple of Device
        What the files say of their machines.
    chosen : str or None
        The user's choice.

    Raises
    ------
    UnknownDevice
        If the choice is no node of the catalogue, the files speak of different devices, or of none that is known.
    """
    known = entries("nodes")
    if chosen is not None:
        if chosen not in known:
            msg = f"--base {chosen}: no such node. Known: {', '.join(known)}"
            raise UnknownDevice(msg)
        return chosen
    names = sorted({device.name for device in devices if device.name})
    if len({(device.kind, device.name) for device in devices}) > 1:
        msg = f"the files were measured on different devices ({'; '.join(names)}): calibrate each by itself"
        raise UnknownDevice(msg)
    if devices and devices[0].kind == "cpu":
        return CPU_NODE
    for pattern, node in _NODES:
        if names and re.search(pattern, names[0], re.IGNORECASE):
            return node
    what = f"device {names[0]!r} is in no node of the catalogue" if names else "the files do not say on which device"
    msg = f"{what}; name the node it stands in with --base NODE. Known: {', '.join(known)}"
    raise UnknownDevice(msg)


def base_cluster(node: str, devices: tuple[Device, ...]) -> Cluster:
    """One such node; a machine of CPU cores has as many devices as were measured."""
    raw: dict[str, object] = {"like": node}
    if node == CPU_NODE and devices:
        cores = max(device.count for device in devices)
        raw |= {"gpus": cores, "accelerator": {"like": "cpu-core", "scale_up_domain": cores}}
    return Cluster.model_validate({"node": raw, "nodes": 1})
