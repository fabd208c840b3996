"""Slurm topology files: what they say, what is wrong with them, and the fabric they make."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.hardware.contention import bandwidth_shares
from clustersim.hardware.topology.build import build_topology, topology_problems
from clustersim.hardware.topology.hostlist import HostlistError, expand_hostlist
from clustersim.hardware.topology.slurm import SlurmTopology, Switch, check_tree, read_topology_conf
from clustersim.hardware.topology.slurm_yaml import read_topology_yaml
from tests.hardware.fabrics import NIC_BYTES_S, cluster, down, layout

TREE = """\
# Two pods of two racks
SwitchName=rack0 Nodes=node[001-002] LinkSpeed=400
switchname=rack1 NODES=node[003,004] LinkSpeed=400   # the short one
SwitchName=rack[2-3] Nodes=spare1 \\
   LinkSpeed=400
SwitchName=pod0 Switches=rack[0-1]
SwitchName=pod1 Switches=rack2,rack3
SwitchName=top Switches=pod[0-1]
"""
TREE = TREE.replace("SwitchName=rack[2-3] Nodes=spare1", "SwitchName=rack2 Nodes=node005,login-[1-2]x").replace(
    "SwitchName=pod0", "SwitchName=rack3 Nodes=node[006-008]\nSwitchName=pod0"
)

BLOCKS = "BlockName=b1 Nodes=node[01-18]\nBlockName=b2 Nodes=node[19-36]\nBlockSizes=18,36\n"

YAML = """\
---
- topology: racks
  cluster_default: true
  tree:
    switches:
      - {switch: top, children: "s[1-2]"}
      - switch: s1
        nodes: node[1-4]
      - switch: s2
        nodes: node[5-8]
- topology: nvl
  block:
    block_sizes: [4, 8]
    blocks:
      - {block: b1, nodes: "node[1-4]"}
      - {block: b2, nodes: "node[5-8]"}
- topology: anything
  flat: true
"""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("node1", ["node1"]),
        ("node[1-3]", ["node1", "node2", "node3"]),
        ("node[001-003,070]", ["node001", "node002", "node003", "node070"]),
        ("a[9-11]b,c", ["a9b", "a10b", "a11b", "c"]),
        ("r[1-2]n[01-02]", ["r1n01", "r1n02", "r2n01", "r2n02"]),
    ],
)
def test_host_lists(text: str, names: list[str]) -> None:
    assert expand_hostlist(text) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("node[1-3", "not closed"),
        ("node[1-[2]]", "cannot be nested"),
        ("node1]", "cannot be nested or closed twice"),
        ("node[3-1]", "runs backwards"),
        ("node[a-b]", "neither a number nor a range"),
        ("node1,,node2", "missing between two commas"),
        ("node1 node2", "has a blank"),
    ],
)
def test_wrong_host_lists(text: str, message: str) -> None:
    with pytest.raises(HostlistError, match=message):
        expand_hostlist(text)


@given(st.integers(0, 200), st.integers(0, 50), st.integers(1, 5))
def test_a_range_counts_and_keeps_its_zeros(first: int, more: int, digits: int) -> None:
    names = expand_hostlist(f"n[{first:0{digits}}-{first + more:0{digits}}]")
    assert [int(name[1:]) for name in names] == list(range(first, first + more + 1))
    assert all(len(name) >= digits + 1 for name in names)


def test_a_tree() -> None:
    found = read_topology_conf(TREE)
    assert found.problems == []
    assert [switch.name for switch in found.switches] == ["rack0", "rack1", "rack2", "rack3", "pod0", "pod1", "top"]
    assert found.switches[1] == Switch("rack1", ("node003", "node004"), (), 400.0, 3)
    assert found.switches[2] == Switch("rack2", ("node005", "login-1x", "login-2x"), (), 400.0, 4)
    assert found.switches[5].switches == ("rack2", "rack3")
    assert len(found.nodes) == 10


def test_blocks() -> None:
    found = read_topology_conf(BLOCKS)
    assert found.problems == []
    assert found.blocks
    assert [len(switch.nodes) for switch in found.switches] == [18, 18]


@pytest.mark.parametrize("text", [TREE, BLOCKS])
def test_a_file_that_is_written_reads_back_as_the_same(text: str) -> None:
    found = read_topology_conf(text)
    again = read_topology_conf(found.text())
    assert again.problems == []
    assert [(s.name, s.nodes, s.switches, s.link_speed) for s in again.switches] == [
        (s.name, s.nodes, s.switches, s.link_speed) for s in found.switches
    ]


NAMES = st.lists(st.from_regex(r"[a-z]{1,4}[0-9]{0,3}", fullmatch=True), min_size=1, max_size=8, unique=True)


@given(leaves=NAMES)
def test_any_tree_of_one_tier_reads_back(leaves: list[str]) -> None:
    tree = SlurmTopology("x", [Switch(f"s-{leaf}", (f"n-{leaf}",), (), None, i + 1) for i, leaf in enumerate(leaves)])
    check_tree(tree)
    assert tree.problems == []
    assert read_topology_conf(tree.text(), "x") == tree


MALFORMED = """\
SwitchName=s0 Nodes=node[1-2
SwitchNam=s1 Nodes=node3
SwitchName=s2 Nodes
Nodes=node9
SwitchName=s4
SwitchName=s5 Nodes=node5 LinkSpeed=fast
SwitchName=s6 Nodes=node6 Nodes=node7
SwitchName=s5 Nodes=node8
SwitchName=top Switches=s5,s44
SwitchName=other Switches=s5 Nodes=node5
SwitchName=ring1 Switches=ring2
SwitchName=ring2 Switches=ring1
"""


def test_every_malformed_line_is_named_with_the_way_out() -> None:
    found = read_topology_conf(MALFORMED, "conf/topology.conf")
    expected = [
        (1, "'node[1-2': the bracket is not closed, write e.g. node[001-064,070]"),
        (2, "unknown key 'SwitchNam', did you mean 'SwitchName'?"),
        (3, "'Nodes' is not Key=value: write e.g. SwitchName=s0"),
        (4, "names neither a switch nor a block"),
        (6, "LinkSpeed=fast is not a positive number, write e.g. LinkSpeed=400"),
        (7, "'Nodes' is given twice"),
        (8, "switch 's5' is defined twice (first in line 6)"),
        (10, "switch 's5' hangs on two switches"),
        (10, "node 'node5' hangs on two switches: keep it under one (first in line 6)"),
        (9, "switch 's44' is not defined, did you mean 's4'?"),
        (5, "switch 's4' has neither Nodes nor Switches"),
        (11, "hangs on itself"),
    ]
    for line, message in expected:
        assert any(
            problem.startswith(f"conf/topology.conf:{line}: ") and message in problem for problem in found.problems
        ), (line, message, found.problems)
    # the first line's switch is left without nodes, which follows from its error
    assert len(found.problems) == len(expected) + 1


def test_an_empty_file_is_an_error() -> None:
    assert read_topology_conf("# nothing\n").problems == [
        "topology.conf:1: defines no switch and no block: write e.g. SwitchName=s0 Nodes=node[001-064] or "
        "SwitchName=top Switches=s[0-7]"
    ]


def test_yaml_of_newer_slurm() -> None:
    tree, blocks = read_topology_yaml(YAML), read_topology_yaml(YAML, name="nvl")
    assert tree.problems == blocks.problems == []
    assert [switch.name for switch in tree.switches] == ["top", "s1", "s2"]
    assert tree.nodes == blocks.nodes == tuple(f"node{index}" for index in range(1, 9))
    assert (tree.blocks, blocks.blocks) == (False, True)
    assert tree.switches[1].line == 7


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (YAML, "nvll", "topology.yaml:1: has no topology 'nvll', did you mean 'nvl'?"),
        (YAML, "anything", "is flat: it names no switches"),
        (YAML.replace("cluster_default: true", "cluster_default: false"), None, "choose one of racks, nvl, anything"),
        ("tree: {}", None, "is not a list of topologies"),
        ("- topology: a", None, "has neither tree nor block"),
        ("- topology: a\n  tree: {}", None, "has no list of switches"),
        ("- topology: a\n  tree: {switches: [{nodes: n1}]}", None, "does not name its switch"),
        (
            "- topology: a\n  tree:\n    switches:\n      - {switch: s, node: n1}",
            None,
            ":4: unknown key 'node', did you",
        ),
        ("- [", None, "topology.yaml:"),
    ],
)
def test_wrong_yaml(text: str, name: str | None, message: str) -> None:
    assert any(message in problem for problem in read_topology_yaml(text, name=name).problems)


def slurm(nodes: int, text: str, **more: Any) -> Any:
    return cluster(nodes, kind="slurm", file="topology.conf", text=text, **more)


def test_the_fabric_of_a_tree() -> None:
    topology = build_topology(slurm(10, TREE, uplink_oversubscription=2.0))
    assert topology.vertices[:3] == ("node001", "node002", "node003")
    uplink = topology.link_between("pod0", "top")
    assert topology.bandwidth_bytes_s[uplink] == pytest.approx(4 * 8 * NIC_BYTES_S / 2)
    assert topology.bandwidth_bytes_s[topology.link_between("rack3", "pod1")] == pytest.approx(3 * 8 * NIC_BYTES_S / 2)
    assert [row for row in topology.rows if row not in ("node", "scale_up")] == ["leaf"] * 4 + ["spine"] * 2 + ["core"]
    shares = bandwidth_shares(
        slurm(8, TREE.replace("login-[1-2]x", "node009"), uplink_oversubscription=2.0), layout(8, 2, 4)
    )
    assert shares.data == 1.0
    assert shares.pipeline == pytest.approx(1 / 2)


def test_link_speed_counts_where_it_has_a_unit() -> None:
    topology = build_topology(slurm(10, TREE, link_speed_unit="1 Gbps"))
    assert topology.bandwidth_bytes_s[topology.link_between("rack0", "pod0")] == pytest.approx(50e9)
    assert topology.bandwidth_bytes_s[topology.link_between("rack3", "pod1")] == pytest.approx(3 * 8 * NIC_BYTES_S)


def test_blocks_meet_in_one_core_and_can_be_degraded() -> None:
    topology = build_topology(slurm(36, BLOCKS, degraded=({"link": "b2/core", "bandwidth": "50 %"},)))
    assert topology.remaining[topology.link_between("b2", "core")] == 0.5
    assert topology.remaining[topology.link_between("b1", "core")] == 1.0


def test_switches_that_do_not_hang_together_cut_a_job() -> None:
    forest = "SwitchName=a Nodes=n[1-2]\nSwitchName=b Nodes=n[3-4]\n"
    assert bandwidth_shares(slurm(4, forest), layout(8, 2)).data == 1.0
    with pytest.raises(ValueError, match="no way from a to b"):
        bandwidth_shares(slurm(4, forest), layout(8, 4))


def test_without_a_scenario_file_names_are_relative_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "topology.yaml").write_text(YAML)
    (tmp_path / "topology.conf").write_text(TREE)
    monkeypatch.chdir(tmp_path)
    assert "s1" in build_topology(cluster(8, kind="slurm", file=".")).vertices
    assert "rack0" in build_topology(cluster(8, kind="slurm", file="topology.conf")).vertices
    assert topology_problems(cluster(8, kind="slurm", file="nowhere.conf")) == (
        ("cluster.fabric.file", "cannot read nowhere.conf: No such file or directory"),
    )


def test_problems_of_the_file_are_problems_of_the_setting() -> None:
    assert ("cluster.fabric.file", "topology.conf has 10 nodes, but the cluster has 12") in topology_problems(
        slurm(12, TREE)
    )
    found = topology_problems(slurm(4, "SwitchName=a Nodes=n[1-"))
    assert found[0][0] == "cluster.fabric.file"
    assert found[0][1].startswith("topology.conf:1: ")
    named = topology_problems(slurm(4, TREE, topology="racks"))
    assert named[0][1].endswith("leave 'topology: racks' out")
    assert topology_problems(slurm(4, TREE, degraded=down(switch="pod9")))[0][1] == (
        "the fabric has no 'pod9'; it has pod0 to pod1"
    )
