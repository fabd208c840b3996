"""A fabric out of a file of links."""

import json
from typing import Any

import pytest

from clustersim.hardware.contention import bandwidth_shares
from clustersim.hardware.topology.build import build_topology, topology_problems
from clustersim.hardware.topology.links_file import read_links
from tests.hardware.fabrics import cluster, layout

CSV = """\
# four nodes on two switches, each with two interfaces on different switches
from,to,bandwidth,latency,cables
node1,sw-a,400 Gbps,,
node1,sw-b,400 Gbps,,
node2,sw-a,400 Gbps,,
node2,sw-b,400 Gbps,,
node10,sw-c,800 Gbps,,2
node11,sw-c,800 Gbps,,2

sw-a,sw-c,400 Gbps,1 ms,
sw-b,sw-c,400 Gbps,2 ms,
"""


def graph(text: str, nodes: int = 4, **more: Any) -> Any:
    return cluster(nodes, gpus=2, nics=2, kind="graph", file="links.csv", text=text, **more)


def as_json() -> str:
    keys = ("from", "to", "bandwidth", "latency", "cables")
    rows = [line.split(",") for line in CSV.splitlines()[2:] if line]
    return json.dumps({"links": [{k: v for k, v in zip(keys, row, strict=True) if v} for row in rows]})


def test_nodes_come_in_the_order_of_their_numbers() -> None:
    topology = build_topology(graph(CSV))
    assert topology.vertices[:4] == ("node1", "node2", "node10", "node11")
    assert topology.ports.shape == (4, 2)
    assert [topology.link_name(link) for link in topology.ports[0]] == ["node1/sw-a", "node1/sw-b"]
    assert topology.ports[2, 0] == topology.ports[2, 1]
    assert topology.cables[topology.link_between("node10", "sw-c")] == 2
    # the file's links and one to the scale-up domain of each node
    assert (topology.links, topology.graph.number_of_edges()) == (8 + 4, 8 + 4)


def test_json_says_the_same() -> None:
    assert read_links(as_json(), "links.json", "node*").links == read_links(CSV, "links.csv", "node*").links
    bare = json.dumps(json.loads(as_json())["links"])
    assert read_links(bare, "links.json", "node*").nodes == ("node1", "node2", "node10", "node11")


def test_latency_and_bandwidth_of_the_way() -> None:
    shares = bandwidth_shares(graph(CSV), layout(2, 2, 2))
    # Stage 0 on node1 and node2 sends to stage 1 behind sw-c, each rail over one link of one interface for two ranks.
    assert shares.pipeline == pytest.approx(1 / 2)
    assert shares.pipeline_latency_s == pytest.approx(2e-3)
    assert (shares.data, shares.data_latency_s) == (1.0, 0.0)


def test_only_the_nodes_in_use_are_wired() -> None:
    topology = build_topology(graph(CSV, nodes=2))
    assert "node10" not in topology.vertices


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "links.csv:1: is empty: start with the heading from,to,bandwidth"),
        ("a,b,c\n", "links.csv:1: has no heading"),
        ("from,to,bandwidth\nnode1,s\n", "links.csv:2: has 2 columns, the heading has 3"),
        ("from,to,bandwidth\nnode1,s,400\n", "links.csv:2: bandwidth: "),
        ("from,to,bandwidth\nnode1,s,0 Gbps\n", "links.csv:2: bandwidth must be more than nothing"),
        (
            "from,to,bandwidth,cabels\nnode1,s,4 Gbps,2\n",
            "links.csv:2: unknown column 'cabels', did you mean 'cables'?",
        ),
        ("from,to,bandwidth,cables\nnode1,s,4 Gbps,1.5\n", "cables must be a whole number from 1, got '1.5'"),
        ("from,to,bandwidth,tier\nnode1,s,4 Gbps,spin\n", "unknown tier 'spin', did you mean 'spine'?"),
        ("from,to,bandwidth\nnode1,node1,4 Gbps\n", "must join two names"),
        ("from,to,bandwidth\nnode1,node2,4 Gbps\n", "joins two nodes, which do not forward"),
        ("from,to,bandwidth\nnode1,s,4 Gbps\ns,node1,4 Gbps\n", "is there already, at links.csv:2: use 'cables'"),
        ("from,to,bandwidth\nhost1,s,4 Gbps\n", "no name fits 'nodes: node*'; there are host1, s"),
        ("{", "links.csv:1: is not JSON"),
        ("{}", "has no list of links"),
        ("[1]", "links[0]: is not a mapping"),
    ],
)
def test_says_what_is_wrong_with_the_file(text: str, message: str) -> None:
    found = topology_problems(graph(text))
    assert any(path == "cluster.fabric.file" and message in problem for path, problem in found), found
