"""Models, clusters and scenarios that several tests of the step model share."""

from typing import Any

from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.model import MixtureOfExperts, Model
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Layout

LLAMA3_8B = Model(layers=32, hidden=4096, heads=32, kv_heads=8, ffn_hidden=14336, gated=True, vocabulary=128256)
LLAMA3_405B = Model(layers=126, hidden=16384, heads=128, kv_heads=8, ffn_hidden=53248, gated=True, vocabulary=128256)
MIXTRAL = Model(
    layers=32,
    hidden=4096,
    heads=32,
    kv_heads=8,
    ffn_hidden=14336,
    gated=True,
    vocabulary=32000,
    mixture=MixtureOfExperts(experts=8, experts_per_token=2, expert_ffn_hidden=14336),
)


def node(accelerator: Any = "h100-sxm", **changes: Any) -> dict[str, Any]:
    """A node of eight GPUs with one 400G interface each."""
    base = {
        "accelerator": accelerator,
        "gpus": 8,
        "nics": 8,
        "nic_bandwidth": "400 Gbps",
        "training_power": "8 kW",
        "idle_power": "2 kW",
    }
    return base | changes


def cluster(
    nodes: int = 16, accelerator: Any = "h100-sxm", fabric: dict[str, Any] | None = None, **changes: Any
) -> Cluster:
    """A cluster of such nodes."""
    return Cluster.model_validate({"node": node(accelerator, **changes), "nodes": nodes, "fabric": fabric or {}})


def accelerator(**changes: Any) -> dict[str, Any]:
    """An H100 with some values changed."""
    return {"like": "h100-sxm"} | changes


def scenario(**changes: Any) -> Scenario:
    """Llama 3 8B on 16 nodes with two spares."""
    base: dict[str, Any] = {
        "name": "small",
        "cluster": {"node": node(), "nodes": 18},
        "model": LLAMA3_8B.model_dump(),
        "training": {
            "start": "2024-04-01",
            "layout": {"tensor_parallel": 2, "data_parallel": 64},
            "phases": (
                {"name": "main", "tokens": "1T tokens", "sequence_length": 8192, "global_batch": 512},
                {"name": "long", "tokens": "10B tokens", "sequence_length": 16384, "global_batch": 256, "main": False},
            ),
        },
        "spares": {"warm": 2},
        "checkpoint": {"kind": "asynchronous", "write_bandwidth": "100 GB/s"},
    }
    return Scenario.model_validate(merged(base, changes))


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay changes over a tree."""
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def layout(**sizes: Any) -> Layout:
    """A layout; one GPU where nothing is said."""
    return Layout.model_validate({"data_parallel": 1} | sizes)
