from pathlib import Path

import pytest

from validation.testbed.topology import TopologyError
from validation.testbed.topology_file import read_topologies

GOOD = """
[racks]
description = "x"
hosts = ["a", "b"]
switches = ["s"]
links = [
  { a = "a", b = "s", rate = "100 Mbps" },
  { a = "b", b = "s", rate = "12.5 MB/s", delay = "2 ms" },
]
"""


def read(tmp_path: Path, text: str) -> str:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(TopologyError) as caught:
        read_topologies(path)
    assert all(line.startswith(str(path)) for line in str(caught.value).splitlines())
    return str(caught.value)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(GOOD)
    topology = read_topologies(path)["racks"]
    assert topology.hosts == ("a", "b")
    assert [link.rate_bytes_s for link in topology.links] == [12.5e6, 12.5e6]
    assert [link.delay_s for link in topology.links] == [0.0, 2e-3]


def test_all_mistakes_of_all_topologies_are_reported(tmp_path: Path) -> None:
    text = read(
        tmp_path,
        GOOD.replace('"100 Mbps"', "100").replace("delay", "latency")
        + '[other]\ndescription = "x"\nhosts = "a"\nlinks = [3]\n',
    )
    for part in (
        "racks: links[0].rate: 100 is not a rate",
        "racks: links[1].latency: unknown key; write one of a, b, rate, delay",
        "other: hosts: 'a' is not a list of names",
        "other: switches: is missing; write a list of names",
        "other: links[0]: 3 is not a table with a, b and rate",
    ):
        assert part in text


def test_a_missing_rate_is_named(tmp_path: Path) -> None:
    assert "racks: links[0].rate: is missing" in read(tmp_path, GOOD.replace(', rate = "100 Mbps"', ""))


def test_links_that_are_no_list(tmp_path: Path) -> None:
    text = '[x]\ndescription = "x"\nhosts = ["a", "b"]\nswitches = []\nlinks = 3\n'
    assert "x: links: write a list of tables" in read(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "part"),
    [("", "holds no topology"), ("racks = 3", "3 is not a topology"), ("[racks", "Expected ']'")],
)
def test_files_that_hold_none(tmp_path: Path, text: str, part: str) -> None:
    assert part in read(tmp_path, text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match="No such file"):
        read_topologies(tmp_path / "none.toml")
