"""Predictions over a testbed against what links and bytes say by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from clustersim.calibration.cases import Case
from clustersim.calibration.rows import TableError
from clustersim.study.scoreboard import testbed
from clustersim.study.scoreboard.testbed import COLLECTIVES, STEPS

MIB = 2**20
HOSTS = ["h0", "h1", "h2", "h3"]
RATE = 25e6
OWN = 1e9
"""Rates of a cable, and of what a host moves without limits [bytes/s]."""

CONFIG: dict[str, Any] = {
    "model": {"layers": 4, "hidden": 192, "heads": 4, "ffn_hidden": 512, "vocab": 1024},
    "train": {"sequence_length": 256, "micro_batch": 2, "global_batch": 8, "precision": "fp32"},
    "parallel": {
        "data": 4,
        "tensor": 1,
        "pipeline": 1,
        "data_kind": "ddp",
        "reshard_after_forward": False,
        "pipeline_schedule": "1f1b",
    },
}
LAYER_BYTES, TABLE_BYTES = 4 * (4 * 192**2 + 3 * 192 * 512 + 2 * 192), 4 * 192 * 1024
GRADIENTS_BYTES = 4 * LAYER_BYTES + 2 * TABLE_BYTES + 4 * 192


def racks(uplink: float = RATE, last: float = RATE) -> dict[str, Any]:
    """Two racks of two; the cable of the last host and the uplink have their own rates."""
    links = [(host, f"leaf{place // 2}", last if host == "h3" else RATE) for place, host in enumerate(HOSTS)]
    links.append(("leaf0", "leaf1", uplink))
    return network(HOSTS, links)


def network(hosts: list[str], links: list[tuple[str, str, float]]) -> dict[str, Any]:
    return {
        "name": "racks",
        "hosts": hosts,
        "links": [{"a": low, "b": high, "rate_bytes_s": rate} for low, high, rate in links],
        "collectives": [],
        "steps": [],
    }


def collective(op: str, group: list[str], together: list[list[str]], size: int = 16 * MIB) -> dict[str, Any]:
    free_s = 2 * 3 / 4 * size / OWN
    return {"op": op, "group": group, "together": together, "bytes": size, "time_s": 1.0, "baseline_time_s": free_s}


def step(baseline_s: float = 0.4, **parallel: Any) -> dict[str, Any]:
    config = {**CONFIG, "parallel": CONFIG["parallel"] | parallel}
    return {
        "name": "job",
        "config": config,
        "step_time_s": 1.0,
        "baseline_step_time_s": baseline_s,
        "spread": 0.01,
    }


def predicted(tmp_path: Path, *topologies: dict[str, Any]) -> list[Case]:
    path = tmp_path / "testbed.json"
    tree = {"kind": "testbed", "environment": {"payload_fraction": 0.99}, "topologies": topologies}
    path.write_text(json.dumps(tree), "utf-8")
    return testbed.testbed_cases(path)


def test_a_ring_takes_its_bytes_over_the_narrowest_cable(tmp_path: Path) -> None:
    for topology, rate in ((racks(), RATE), (racks(uplink=RATE / 2), RATE / 2), (racks(last=RATE / 4), RATE / 4)):
        topology["collectives"] = [
            collective(op, HOSTS, [HOSTS]) for op in ("all_reduce", "all_gather", "reduce_scatter")
        ]
        once_s = 0.75 * 16 * MIB / (0.99 * rate)
        found = [case.found for case in predicted(tmp_path, topology)]
        # Gloo reduces the whole buffer to scatter it.
        assert found == pytest.approx([2 * once_s, once_s, 2 * once_s], rel=2e-3)


def test_groups_that_cross_an_uplink_together_share_it(tmp_path: Path) -> None:
    topology = racks()
    inside, across = [["h0", "h1"], ["h2", "h3"]], [["h0", "h2"], ["h1", "h3"]]
    topology["collectives"] = [
        collective("all_reduce", HOSTS, [HOSTS]),
        collective("all_reduce", ["h2", "h3"], inside),
        collective("all_reduce", ["h1", "h3"], across),
        collective("all_reduce", ["h0", "h1"], [["h0", "h1"]]),
    ]
    alone_s = 16 * MIB / (0.99 * RATE)
    found = [case.found for case in predicted(tmp_path, topology)]
    assert found[1:] == pytest.approx([alone_s, 2 * alone_s, alone_s], rel=2e-3)


def test_a_slow_cable_slows_its_own_group_alone(tmp_path: Path) -> None:
    topology = racks(last=RATE / 4)
    pairs = [["h0", "h1"], ["h2", "h3"]]
    topology["collectives"] = [collective("all_reduce", group, pairs) for group in pairs]
    alone_s = 16 * MIB / (0.99 * RATE)
    assert [case.found for case in predicted(tmp_path, topology)] == pytest.approx([alone_s, 4 * alone_s], rel=2e-3)


def test_small_messages_and_groups_of_no_layout_are_left_out(tmp_path: Path) -> None:
    topology = racks()
    topology["collectives"] = [
        collective("all_reduce", HOSTS, [HOSTS], size=MIB // 2),
        collective("all_reduce", ["h2", "h3"], [["h2", "h3"]]),
        collective("all_reduce", HOSTS, [HOSTS]),
    ]
    (case,) = predicted(tmp_path, topology)
    assert (case.group, case.name) == (COLLECTIVES, "racks: all_reduce 16 MiB, h0-h1-h2-h3")


def test_replicas_wait_for_all_but_the_first_bucket(tmp_path: Path) -> None:
    topology = racks()
    topology["steps"] = [step()]
    (case,) = predicted(tmp_path, topology)
    rest_bytes = GRADIENTS_BYTES - MIB
    assert (case.group, case.name, case.expected) == (STEPS, "racks: job", 1.0)
    # Computation beside the first bucket loses a little to it.
    assert case.found == pytest.approx(0.4 + 1.5 * rest_bytes * (1 / (0.99 * RATE) - 1 / OWN), rel=0.015)


def test_shards_are_waited_for(tmp_path: Path) -> None:
    topology = racks(uplink=RATE / 2)
    topology["steps"] = [step(data_kind="fsdp", reshard_after_forward=True)]
    (case,) = predicted(tmp_path, topology)
    # Gathered for both passes, and all reduced to be scattered; the tables are gathered once.
    moved = 0.75 * (2 * GRADIENTS_BYTES - 2 * TABLE_BYTES) + 1.5 * GRADIENTS_BYTES
    assert case.found == pytest.approx(0.4 + moved * (2 / (0.99 * RATE) - 1 / OWN), rel=0.03)


def test_two_hosts_on_one_cable_have_all_of_it(tmp_path: Path) -> None:
    topology = network(HOSTS[:2], [("h0", "h1", RATE)])
    topology["collectives"] = [collective("all_reduce", HOSTS[:2], [HOSTS[:2]])]
    (case,) = predicted(tmp_path, topology)
    assert case.found == pytest.approx(16 * MIB / (0.99 * RATE), rel=2e-3)


def test_a_missing_field_is_named_with_its_topology(tmp_path: Path) -> None:
    broken = racks()
    del broken["links"][1]["rate_bytes_s"]
    with pytest.raises(TableError, match=r"testbed\.json: topologies\[1\]: .*rate_bytes_s"):
        predicted(tmp_path, racks(), broken)
