"""Files that a scenario names: found beside it, read once, and kept so that the resolved scenario stands alone."""

from pathlib import Path

import pytest

from clustersim.scenario import ScenarioError, load
from clustersim.scenario.files import read_named_file

PLAN = """\
name: a plan
cluster:
  node: dgx-h100
  nodes: 4
  fabric: {fabric}
model: llama3-8b
training:
  start: 2025-01-01
  layout: {{tensor_parallel: 8, data_parallel: 4}}
  phases:
    - {{name: all, tokens: 1T tokens, sequence_length: 8192, global_batch: 512}}
checkpoint: {{kind: blocking, write_bandwidth: 100 GB/s}}
"""
CONF = "SwitchName=s0 Nodes=node[1-2]\nSwitchName=s1 Nodes=node[3-4]\nSwitchName=top Switches=s[0-1]\n"
YAML = "- topology: t\n  tree: {switches: [{switch: only, nodes: 'node[1-4]'}]}\n"


def plan(folder: Path, fabric: str, name: str = "plan.yaml") -> Path:
    path = folder / name
    path.write_text(PLAN.format(fabric=fabric))
    return path


def test_a_name_is_relative_to_the_file_it_is_written_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "base" / "fabric").mkdir(parents=True)
    (tmp_path / "base" / "fabric" / "topology.conf").write_text(CONF)
    plan(tmp_path / "base", "{kind: slurm, file: fabric/topology.conf}")
    (tmp_path / "mine.yaml").write_text("extends: base/plan.yaml\nname: mine\n")
    monkeypatch.chdir("/")
    fabric = load(tmp_path / "mine.yaml").scenario.cluster.fabric
    assert fabric.kind == "slurm"
    assert (fabric.file, fabric.text) == ("fabric/topology.conf", CONF)


def test_one_set_on_the_command_line_is_relative_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here.conf").write_text(CONF)
    path = plan(tmp_path / "elsewhere", "{}")
    monkeypatch.chdir(tmp_path)
    scenario = load(path, ["cluster.fabric.kind=slurm", "cluster.fabric.file=here.conf"]).scenario
    assert scenario.cluster.fabric.kind == "slurm"
    assert scenario.cluster.fabric.text == CONF


def test_of_a_folder_yaml_is_read_first_as_slurm_does(tmp_path: Path) -> None:
    (tmp_path / "topology.conf").write_text(CONF)
    assert read_named_file(tmp_path) == CONF
    (tmp_path / "topology.yaml").write_text(YAML)
    assert read_named_file(tmp_path) == YAML


def test_the_resolved_scenario_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "topology.conf").write_text(CONF)
    loaded = load(plan(tmp_path, "{kind: slurm, file: topology.conf}"))
    (tmp_path / "away").mkdir()
    away = tmp_path / "away" / "resolved.yaml"
    away.write_text(loaded.resolved_yaml())
    again = load(away)
    assert again.scenario == loaded.scenario
    assert again.sha256 == loaded.sha256
    row = next(row for row in loaded.settings() if row.path == "cluster.fabric.text")
    assert row.value_text == "3 lines"
    (tmp_path / "topology.conf").write_text(CONF.replace("node[3-4]", "node[3-5]"))
    assert load(tmp_path / "plan.yaml").sha256 != loaded.sha256


def test_files_of_sites_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("from,to,bandwidth\nnode1,s,400 Gbps\n")
    fabric = (
        "{kind: datacentres, bandwidth: 1 Tbps, round_trip: 10 ms, sites: "
        "[{name: a, nodes: 1, fabric: {kind: graph, file: a.csv}}, {name: b, nodes: 3}]}"
    )
    found = load(plan(tmp_path, fabric)).scenario.cluster.fabric
    assert found.kind == "datacentres"
    assert found.sites[0].fabric.kind == "graph"
    assert str(found.sites[0].fabric.text).startswith("from,to,bandwidth")


def test_a_log_of_losses_is_kept_with_the_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "tokens,loss\n1e9,4.5\n2e9,4.0\n"
    (tmp_path / "losses.csv").write_text(text)
    path = plan(tmp_path, "{}")
    monkeypatch.chdir(tmp_path)
    loaded = load(path, ["learning.log.file=losses.csv", "learning.against=[{model: llama3-70b, tokens: 15T tokens}]"])
    assert loaded.scenario.learning.log is not None
    assert loaded.scenario.learning.log.text == text
    row = next(row for row in loaded.settings() if row.path == "learning.log.text")
    assert row.value_text == "3 lines"
    (tmp_path / "losses.csv").unlink()
    (tmp_path / "resolved.yaml").write_text(loaded.resolved_yaml())
    assert load(tmp_path / "resolved.yaml").scenario == loaded.scenario


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("learning.log.file=gone.csv", "--set learning.log.file: cannot read gone.csv: no such file"),
        ("learning.log.file=logs", "--set learning.log.file: cannot read logs: is a directory"),
        ("learning.log={fiel: a.csv}", "unknown key, did you mean 'file'?"),
        ("learning.against=[{model: llama3-70c}]", "unknown model 'llama3-70c', did you mean 'llama3-70b'?"),
    ],
)
def test_says_what_is_wrong_with_what_learning_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, message: str
) -> None:
    (tmp_path / "logs").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError) as error:
        load(plan(tmp_path, "{}"), [settings])
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("fabric", "message"),
    [
        ("{kind: slurm, file: topolgy.conf}", "plan.yaml:5:31: cluster.fabric.file: cannot read "),
        ("{kind: slurm, file: binary.conf}", "binary.conf is not UTF-8 text"),
        ("{kind: slurn, file: x}", "unknown kind 'slurn', did you mean 'slurm'? Known: clos, fat_tree"),
        ("{kind: slurm, fiel: x}", "unknown key, did you mean 'file'?"),
        ("{nodes_per_rakc: 2}", "cluster.fabric.nodes_per_rakc: unknown key, did you mean 'nodes_per_rack'?"),
        (
            "{degraded: [{link: a/b, bandwidht: 50 %}]}",
            "cluster.fabric.degraded[0].bandwidht: unknown key, did you mean",
        ),
    ],
)
def test_says_what_is_wrong_and_where(tmp_path: Path, fabric: str, message: str) -> None:
    (tmp_path / "binary.conf").write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError) as error:
        load(plan(tmp_path, fabric))
    assert message in str(error.value)
    assert len(error.value.problems) == 1
