from typing import Any, get_args

import pytest
from pydantic import ValidationError

from clustersim.catalog import entries, entry
from clustersim.scenario.schema.fabric import ClosFabric, DatacentresFabric, NetworkClass, TorusFabric
from clustersim.scenario.schema.hardware import Cluster


def cluster(**fabric: Any) -> Cluster:
    return Cluster.model_validate({"node": "dgx-h100", "nodes": 4, "fabric": fabric})


def test_a_fabric_without_a_kind_is_a_clos() -> None:
    assert cluster(nodes_per_rack=2).fabric == ClosFabric(nodes_per_rack=2)
    assert Cluster.model_validate({"node": "dgx-h100", "nodes": 4}).fabric == ClosFabric()
    # what the step model reads as written by the user
    assert cluster(latency="5 us").fabric.model_fields_set == {"kind", "latency"}


def test_the_network_is_that_of_the_fabric_else_of_the_node() -> None:
    def network(node: Any, **fabric: Any) -> str:
        return Cluster.model_validate({"node": node, "nodes": 4, "fabric": fabric}).network

    assert network("grand-teton-h100") == "roce"
    assert network("jean-zay-a100") == "omni-path"
    assert network({"like": "dgx-h100", "network": "efa"}) == "efa"
    assert network("grand-teton-h100", network="slingshot") == "slingshot"
    # no source says what joins the trays of a rack
    assert network("gb200-tray") == "infiniband"


def test_every_class_of_network_has_rates_and_no_other() -> None:
    rates = {name for name in entries("collective_rates") if "eager_scale" in entry("collective_rates", name).values}
    assert set(get_args(NetworkClass)) == rates


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
    assert (made.fabric.network, made.fabric.latency, made.fabric.efficiency) == (None, None, None)
    assert not made.fabric.in_network_reduction
    assert made.network == "infiniband"
    assert hash(made) == hash(cluster(**fabric))


@pytest.mark.parametrize(
    ("fabric", "message"),
    [
        ({"kind": "torsu"}, "does not match any of the expected tags"),
        ({"kind": "torus", "shape": (), "link_bandwidth": "50 GB/s"}, "at least 1 item"),
        ({"kind": "torus", "shape": (4,), "link_bandwidth": "50 GB/s", "rails": 8}, "Extra inputs"),
        ({"kind": "torus", "shape": (4,), "link_bandwidth": "50 GB/s", "in_network_reduction": True}, "Extra inputs"),
        ({"network": "infiniband2"}, "Input should be 'infiniband', 'roce'"),
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
        (
            ({"name": "a", "nodes": 2, "fabric": {"network": "roce"}}, {"name": "b", "nodes": 2}),
            "'network' holds for all",
        ),
        (
            ({"name": "a", "nodes": 2, "fabric": {"in_network_reduction": True}}, {"name": "b", "nodes": 2}),
            "no switch sees all that several sites reduce",
        ),
        (({"name": "a:b", "nodes": 2}, {"name": "b", "nodes": 2}), "pattern"),
    ],
)
def test_sites(sites: tuple[dict[str, Any], ...], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DatacentresFabric.model_validate(
            {"kind": "datacentres", "sites": sites, "bandwidth": "1 Tbps", "round_trip": "10 ms"}
        )
