"""Failure domains, counted by hand."""

from typing import Any

import pytest

from clustersim.hardware.domains import KINDS, Domain, NoDomainError, domain_of
from clustersim.scenario.schema.hardware import Cluster

CLOS = {"kind": "clos", "nodes_per_rack": 4, "nodes_per_pod": 32, "rails": 8, "nodes_per_leaf": 16, "spines_per_pod": 4}


def cluster(nodes: int = 128, fabric: dict[str, Any] | None = None, **more: Any) -> Cluster:
    return Cluster.model_validate({"node": "dgx-h100", "nodes": nodes, "fabric": fabric or CLOS, **more}, strict=False)


@pytest.mark.parametrize(
    ("kind", "domain"),
    [
        ("rack", Domain(4)),
        ("leaf", Domain(16, 8)),
        ("spine", Domain(32, 4)),
        ("pod", Domain(32)),
        ("pdu", Domain(8)),
        ("cooling_loop", Domain(24)),
        ("site", Domain(100)),
    ],
)
def test_domains_of_a_clos_network(kind: str, domain: Domain) -> None:
    assert domain_of(cluster(racks_per_pdu=2, racks_per_cooling_loop=6), kind, 100) == domain


def test_all_kinds_are_tested_above() -> None:
    marks = test_domains_of_a_clos_network.pytestmark  # type: ignore[attr-defined]
    assert {kind for kind, _domain in marks[0].args[1]} == set(KINDS)


def test_the_last_domain_may_be_smaller() -> None:
    assert domain_of(cluster(nodes=40), "leaf", 40) == Domain(16, 8)


def test_sites() -> None:
    sites = [{"name": name, "nodes": 64, "fabric": {"kind": "clos"}} for name in ("one", "two")]
    fabric = {"kind": "datacentres", "sites": sites, "bandwidth": "10 Tbps", "round_trip": "10 ms"}
    assert domain_of(cluster(fabric=fabric), "site", 128) == Domain(64)
    sites[1]["nodes"] = 60
    with pytest.raises(NoDomainError, match="sites have 60 and 64 nodes"):
        domain_of(cluster(124, fabric), "site", 124)


def test_a_slurm_tree_whose_switches_differ() -> None:
    leaves = ("SwitchName=a Nodes=n[0-3]", "SwitchName=b Nodes=n[4-9]", "SwitchName=c Nodes=n[10-11]")
    text = "\n".join((*leaves, "SwitchName=top Switches=a,b,c", ""))
    fabric = {"kind": "slurm", "file": "topology.conf", "text": text}
    with pytest.raises(NoDomainError, match="leaf switches of the fabric are shared by 2 to 6 nodes"):
        domain_of(cluster(12, fabric), "leaf", 12)


@pytest.mark.parametrize(("kind", "said"), [("leaf", "has no leaf switches: take 'per rack-"), ("spine", "blast: pod")])
def test_a_torus_has_no_switches(kind: str, said: str) -> None:
    fabric = {"kind": "torus", "shape": (4, 4, 8), "link_bandwidth": "50 GB/s"}
    with pytest.raises(NoDomainError, match=said):
        domain_of(cluster(16, fabric), kind, 16)


@pytest.mark.parametrize("kind", ["pdu", "cooling_loop"])
def test_what_the_cluster_does_not_say(kind: str) -> None:
    with pytest.raises(NoDomainError, match=f"set cluster.racks_per_{kind}"):
        domain_of(cluster(), kind, 100)
