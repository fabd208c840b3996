"""Pictures of fabrics: everything inside, what is broken marked, and numbers that are those of the data."""

import re
from typing import Any

import pytest

from clustersim.hardware.topology.build import build_topology
from clustersim.hardware.topology.loads import link_loads
from clustersim.report.charts.figure import NARROW_PX, WIDE_PX
from clustersim.report.charts.topology import bandwidth_text, draw_topology, topology_chart, topology_figure
from clustersim.report.charts.topology_loads import link_load_chart, link_load_figure, tier_loads, worst_links
from clustersim.report.charts.topology_rows import MOST_NARROW, MOST_WIDE, per_square, rows_of
from tests.hardware.fabrics import cluster, down, layout

TORUS: dict[str, Any] = {"gpus": 4, "nics": 4, "domain": 4096, "kind": "torus", "link_bandwidth": "50 GB/s"}
SITES = tuple({"name": name, "nodes": 8, "fabric": {"nodes_per_rack": 2}} for name in ("east", "west", "north"))
FABRICS: tuple[tuple[int, dict[str, Any]], ...] = (
    (8, {"nodes_per_rack": 2}),
    (2048, {"nodes_per_rack": 2, "nodes_per_pod": 384, "oversubscription": 7.0, "degraded": down(switch="spine-3")}),
    (64, {"kind": "dragonfly_plus", "nodes_per_rack": 2, "leaves_per_group": 4, "spines_per_group": 4}),
    (16, {**TORUS, "shape": (8, 8), "degraded": down(link="chip-1/chip-2")}),
    (64, {**TORUS, "shape": (64, 4)}),
    (24, {"kind": "datacentres", "sites": SITES, "bandwidth": "1 Tbps", "round_trip": "20 ms"}),
)


def numbers(markup: str, *attributes: str) -> list[float]:
    return [float(v) for name in attributes for v in re.findall(rf'\b{name}="(-?[\d.]+)"', markup)]


@pytest.mark.parametrize("width", [WIDE_PX, NARROW_PX])
@pytest.mark.parametrize(("nodes", "fabric"), FABRICS)
def test_everything_is_inside_the_picture(nodes: int, fabric: dict[str, Any], width: float) -> None:
    height, markup = draw_topology(width, build_topology(cluster(nodes, **fabric)))
    assert min(numbers(markup, "x1", "x2", "cx"), default=0.0) >= 0.0
    assert max(numbers(markup, "x1", "x2"), default=0.0) <= width
    assert max(numbers(markup, "y", "y1", "y2")) <= height
    rects = [
        [float(v) for v in found] for found in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', markup)
    ]
    assert all(x + w <= width + 6.0 for x, w in rects)


def test_a_picture_stays_small_whatever_the_fabric() -> None:
    markup = topology_chart(build_topology(cluster(2048, nodes_per_rack=2, nodes_per_pod=384)))
    assert len(markup) < 120_000
    assert markup.count('role="img"') == 2
    assert "<title" in markup
    assert "<desc" in markup


def test_rows_hold_every_vertex_once() -> None:
    topology = build_topology(cluster(2048, nodes_per_rack=2, nodes_per_pod=384))
    for width, most in ((WIDE_PX, MOST_WIDE), (NARROW_PX, MOST_NARROW)):
        rows = rows_of(topology, width)
        assert [row.tier for row in rows] == ["core", "spine", "leaf", "node", "scale_up"]
        assert sorted(vertex for row in rows for vertex in row.vertices) == list(range(len(topology.vertices)))
        assert all(row.squares <= most for row in rows)


@pytest.mark.parametrize(
    ("vertices", "most", "size"), [(64, 64, 1), (65, 64, 2), (2048, 64, 32), (192, 64, 3), (7, 3, 3)]
)
def test_vertices_of_a_square(vertices: int, most: int, size: int) -> None:
    assert per_square(vertices, most) == size


def test_degraded_links_and_switches_are_marked() -> None:
    faults = ({"switch": "spine-1", "bandwidth": 0.0}, {"link": "leaf-0/spine-0", "bandwidth": 0.25})
    plan = cluster(8, nodes_per_rack=2, spines_per_pod=4, degraded=faults)
    _, markup = draw_topology(WIDE_PX, build_topology(plan))
    assert markup.count("stroke-dasharray") == 4  # all links of the dead spine
    assert markup.count('class="bound"') == 5
    assert markup.count("fill-red") == 1
    assert "25 % left" in markup
    figure = topology_figure(build_topology(plan))
    assert "5 of 32 links are degraded" in figure.description
    assert ("red", "degraded; dashed: down") in figure.legend
    whole = topology_figure(build_topology(cluster(8, nodes_per_rack=2)))
    assert "No link is degraded" in whole.description
    assert "bound" not in whole.pictures


def test_the_table_counts_links_and_bandwidth() -> None:
    rows = topology_figure(build_topology(cluster(128, rails=8, nodes_per_leaf=32))).table.rows
    assert rows[1] == ("node to leaf", "1,024", "1", "400 Gbps", "410 Tbps", "0")
    assert rows[2] == ("leaf to spine", "512", "2", "800 Gbps", "410 Tbps", "0")


@pytest.mark.parametrize(("bytes_s", "text"), [(50e9, "400 Gbps"), (1.6e12, "12.8 Tbps"), (1e15, "8 Pbps")])
def test_bandwidth_in_words(bytes_s: float, text: str) -> None:
    assert bandwidth_text(bytes_s) == text


def test_loads_by_tier_and_the_links_that_stand_out() -> None:
    # Racks of two nodes, four spines: 16 ranks of each rack send over a third of their bandwidth, one cable is slow.
    fabric = {"kind": "fat_tree", "nodes_per_rack": 2, "spines_per_pod": 4, "leaf_oversubscription": 3.0}
    whole = link_loads(cluster(8, **fabric), layout(8, 2, 4), "pipeline")
    assert [(tier.tier, round(tier.most)) for tier in tier_loads(whole)] == [("leaf", 100), ("spine", 300)]
    assert worst_links(whole) == ()
    slow = ({"link": "leaf-0/spine-0", "bandwidth": "30 %"},)
    loads = link_loads(
        cluster(8, **fabric, routing="ecmp", queue_pairs=10**9, degraded=slow), layout(8, 2, 4), "pipeline"
    )
    worst = worst_links(loads)
    assert (worst[0].name, worst[0].left) == ("leaf-0/spine-0", 0.3)
    assert worst[0].percent == pytest.approx(1000.0, rel=1e-3)
    figure = link_load_figure(loads)
    assert "1000 % of its bandwidth; the slowest group gets 10 %" in figure.description
    assert "leaf-0/spine-0" in figure.pictures
    assert "(30 % left)" in figure.pictures
    assert figure.table.rows[0] == ("node to leaf", "8", "0", "100 %", "100 %", "100 %", "100 %")


def test_a_job_that_crosses_no_link_has_a_picture_too() -> None:
    markup = link_load_chart(link_loads(cluster(2, kind="fat_tree"), layout(1), "data"))
    assert "no link carries anything" in markup
