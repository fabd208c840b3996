"""The fragments of the page on fabrics make fabrics."""

import re
from pathlib import Path
from typing import Any

import pytest

from clustersim.hardware.contention import bandwidth_shares, fabric_problems
from clustersim.hardware.topology.build import build_topology
from clustersim.scenario.schema.fabric import AnyFabric
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.shape import kinds
from clustersim.scenario.yaml_source import read_text
from tests.hardware.fabrics import cluster, layout

PAGE = (Path(__file__).parents[2] / "docs" / "fabrics.md").read_text("utf-8")
FRAGMENTS = re.findall(r"<!-- fabric -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", FRAGMENTS, ids=range(len(FRAGMENTS)))
def test_each_fragment_is_a_fabric_of_16_nodes(text: str) -> None:
    fabric: dict[str, Any] = read_text(text, "page").value
    plan = Cluster.model_validate({"node": "dgx-h100", "nodes": 16, "fabric": fabric})
    assert fabric_problems(plan, [layout(8, 4, 4)]) == []
    assert bandwidth_shares(plan, layout(8, 4, 4)).data > 0.0


def test_the_file_of_links_can_be_read() -> None:
    (text,) = re.findall(r"<!-- links -->\n```csv\n(.*?)```", PAGE, re.DOTALL)
    topology = build_topology(cluster(3, kind="graph", file="links.csv", text=text))
    assert topology.latency_s[topology.link_between("leaf-b", "spine-a")] == pytest.approx(5e-7)


def test_every_kind_is_on_the_page() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)[1:] == list(kinds(AnyFabric))
