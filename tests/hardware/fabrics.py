"""Small clusters for the tests of topologies."""

from typing import Any

from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.training import Layout

NIC_BYTES_S = 50e9
"""One 400 Gbps interface."""


def cluster(nodes: int, *, gpus: int = 8, nics: int = 8, domain: int | None = None, **fabric: Any) -> Cluster:
    accelerator: dict[str, Any] = {"like": "h100-sxm", "scale_up_domain": domain or gpus}
    node = {
        "accelerator": accelerator,
        "gpus": gpus,
        "nics": nics,
        "nic_bandwidth": "400 Gbps",
        "training_power": "8 kW",
        "idle_power": "2 kW",
    }
    return Cluster.model_validate({"node": node, "nodes": nodes, "fabric": fabric})


def layout(tensor: int = 8, data: int = 1, pipeline: int = 1, context: int = 1, expert: int = 1, **more: Any) -> Layout:
    return Layout(
        tensor_parallel=tensor,
        data_parallel=data,
        pipeline_parallel=pipeline,
        context_parallel=context,
        expert_parallel=expert,
        **more,
    )


def down(**what: str) -> tuple[dict[str, str], ...]:
    return ({**what, "bandwidth": "0 %"},)
