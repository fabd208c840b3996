"""What needs root and the network tools is skipped without them, with the reason."""

import os
import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from validation.testbed.requirements import UnavailableError, require, run
from validation.testbed.topology import Topology
from validation.testbed.topology_file import read_topologies

SETTINGS = ("rate", "1mbit", "burst", "9kb", "limit", "9kb")


@pytest.fixture(scope="session")
def network() -> None:
    """A machine that carries testbeds: seen without their code, so that a mistake in that fails instead of skipping."""
    space = f"cstb-{secrets.token_hex(3)}-probe"
    try:
        require()
        run(("ip", "netns", "add", space))
        try:
            run(("tc", "-n", space, "qdisc", "add", "dev", "lo", "root", "tbf", *SETTINGS))
        finally:
            run(("ip", "netns", "delete", space))
    except UnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture
def shipped() -> dict[str, Topology]:
    return read_topologies()


@pytest.fixture
def own_file(tmp_path: Path) -> tuple[Path, str]:
    """A file with one topology of two hosts, under a name that no other test uses, and that name."""
    name = f"test-{os.getpid()}-{tmp_path.name}".replace("_", "-")
    path = tmp_path / "own.toml"
    link = '{ a = "h0", b = "h1", rate = "200 Mbps" }'
    path.write_text(f'["{name}"]\ndescription = "x"\nhosts = ["h0", "h1"]\nswitches = []\nlinks = [{link}]\n')
    return path, name


@pytest.fixture
def racks(shipped: dict[str, Topology]) -> Topology:
    """Two racks with a slow uplink."""
    topology = shipped["slow-uplink"]
    return replace(topology, name="racks")
