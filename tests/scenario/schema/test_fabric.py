from typing import Any

import pytest
from pydantic import ValidationError

from clustersim.scenario.schema.fabric import ClosFabric, DatacentresFabric, TorusFabric
from clustersim.scenario.schema.hardware import Cluster


def cluster(**fabric: Any) -> Cluster:
    return Cluster.model_validate({"node": "dgx-h100", "nodes": 4, "fabric": fabric})


def test_a_fabric_without_a_kind_is_a_clos() -> None:
    assert cluster(nodes_per_rack=2).fabric == ClosFabric(nodes_per_rack=2)
    assert Cluster.model_validate({"node": "dgx-h100", "nodes": 4}).fabric == ClosFabric()
    # what the step model reads as written by the user
    assert cluster(latency="5 us").fabric.model_fields_set == {"kind", "latency"}


def test_a_torus_counts_its_chips() -> None:
    fabric = cluster(kind="torus", shape=(4, 4, 8), link_bandwidth="50 GB/s").fabric
    assert isinstance(fabric, TorusFabric)
    assert fabric.chips == 128
    assert (fabric.nodes_per_pod, fabric.oversubscription) == (None, 1.0)


@pytest.mark.parametrize(
    "fabric",
    [
        {"kind": "fat_tree", "nodes_per_pod": 2},
        {"kind": "dragonfly_plus", "leaves_per_group": 2, "spines_per_group": 2},
        {"kind": "torus", "shape": (2, 2), "link_bandwidth": "50 GB/s"},
        {"kind": "graph", "file": "links.csv"},
        {"kind": "slurm", "file": "topology.conf"},
        {
            "kind": "datacentres",
            "sites": ({"name": "a", "nodes": 2}, {"name": "b", "nodes": 2, "fabric": {"rails": 8}}),
            "bandwidth": "1 Tbps",
            "round_trip": "10 ms",
        },
    ],
)
def test_every_kind_has_what_other_parts_read(fabric: dict[str, Any]) -> None:
    made = cluster(**fabric)
    assert made.fabric.nodes_per_rack == 1
    assert made.fabric.oversubscription == 1.0
    assert made.fabric.nodes_per_pod in (None, 2)
    assert made.fabric.latency == pytest.approx(6e-6)
    assert hash(made) == hash(cluster(**fabric))


@pytest.mark.parametrize(
    ("fabric", "message"),
    [
        ({"kind": "torsu"}, "does not match any of the expected tags"),
        ({"kind": "torus", "shape": (), "link_bandwidth": "50 GB/s"}, "at least 1 item"),
        ({"kind": "torus", "shape": (4,), "link_bandwidth": "50 GB/s", "rails": 8}, "Extra inputs"),
        ({"degraded": ({"link": "a/b", "switch": "c", "bandwidth": "50 %"},)}, "either a link or a switch"),
        ({"degraded": ({"link": "a/b", "bandwidth": "150 %"},)}, "less than or equal to 1"),
    ],
)
def test_says_what_a_fabric_takes(fabric: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        cluster(**fabric)


@pytest.mark.parametrize(
    ("sites", "message"),
    [
        (({"name": "a", "nodes": 4},), "two or more 'sites'"),
        (({"name": "a", "nodes": 2}, {"name": "a", "nodes": 2}), "each with a name of its own; it has a, a"),
        (
            ({"name": "a", "nodes": 2, "fabric": {"latency": "9 us"}}, {"name": "b", "nodes": 2}),
            "'latency' holds for all",
        ),
        (({"name": "a:b", "nodes": 2}, {"name": "b", "nodes": 2}), "pattern"),
    ],
)
def test_sites(sites: tuple[dict[str, Any], ...], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DatacentresFabric.model_validate(
            {"kind": "datacentres", "sites": sites, "bandwidth": "1 Tbps", "round_trip": "10 ms"}
        )
