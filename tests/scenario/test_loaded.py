from collections.abc import Callable
from pathlib import Path

import pytest

from clustersim import scenario as cs

Load = Callable[..., cs.Loaded]
LONG = """\
failures: {like: llama3-405b, rate_multiplier: 2, categories: {nic: {rate: 5 per 1000 node-days}}}
spares: {warm_swap: 90 s, repair: {kind: exponential, mean: 6 h}}
maintenance: [{kind: periodic, name: "Patch: day", every: 1 week, duration: 2 h}]
windows: [{name: 'no', length: 3 days}]
claims:
  - {quantity: gpu_time, equals: 1M GPU-hours, source: 'somebody # else'}
  - {quantity: steps, at_least: 12, source: "two\\nlines é 😀"}
description: >-
  Two lines
  of text.
"""


def row(loaded: cs.Loaded, path: str) -> cs.Setting:
    return next(setting for setting in loaded.settings() if setting.path == path)


@pytest.mark.parametrize(
    ("path", "text", "origin", "source"),
    [
        ("name", "A plan", "plan.yaml:1:7", ""),
        ("cluster.nodes", "9", "plan.yaml:3:34", ""),
        ("cluster.node.catalogue_entry", "dgx-h100", "plan.yaml:3:17", ""),
        ("cluster.node.accelerator.catalogue_entry", "h100-sxm", "catalogue nodes/dgx-h100", "DGX H100"),
        ("cluster.node.nic_bandwidth", "400 Gbps", "catalogue nodes/dgx-h100", "DGX H100"),
        ("cluster.node.accelerator.tdp", "700 W", "catalogue accelerators/h100-sxm", "H100"),
        ("model.mixture", "not given", "default", ""),
        ("cluster.fabric.network", "infiniband", "default", "that of the node"),
        ("cluster.fabric.latency", "3.65 us, calibrated", "default", "infiniband: clustersim"),
        ("cluster.fabric.efficiency", "97 %, calibrated", "default", "infiniband: clustersim"),
        ("cluster.node.network", "infiniband", "catalogue nodes/dgx-h100", "DGX H100"),
        ("model.layers", "32", "catalogue models/llama3-8b", "Llama 3"),
        ("model.head_dim", "not given", "default", ""),
        ("training.start", "2027-01-11", "plan.yaml:5:10", ""),
        ("training.phases[0].tokens", "200B tokens", "plan.yaml:8:36", ""),
        ("training.layout.micro_batch", "1", "default", ""),
        ("failures.catalogue_entry", "llama3-405b", "plan.yaml:10:18", ""),
        ("failures.rate_multiplier", "2", "plan.yaml:10:48", ""),
        ("failures.categories.nic.rate", "5 per 1000 node-days", "plan.yaml:10:76", ""),
        ("failures.categories.nic.component", "nic", "catalogue failures/llama3-405b", "Llama 3"),
        ("failures.categories.nic.renewal", "100 %", "default", ""),
        ("spares.warm_swap", "90 s", "plan.yaml:11:21", ""),
        ("spares.cold_swap", "20 min", "default", "assumed"),
        ("spares.repair.mean", "6 h", "plan.yaml:11:61", ""),
        ("recovery.detection.crash.median", "30 s", "default", "ByteRobust"),
        ("recovery.restart.load.at_gpus", "16384", "default", "ByteCheckpoint"),
        ("maintenance[0].duration", "2 h", "plan.yaml:12:77", ""),
        ("bill.gpu_price.mode", "$2.50/GPU-hour", "default", "H100 market"),
        ("bill.site.pue", "1.1", "default", "Google fleet"),
        ("windows[0].start", "0 s", "default", ""),
        ("claims[1].source", "two lines é 😀", "plan.yaml:16:45", ""),
        ("study.parameter_uncertainty", "true", "default", ""),
    ],
)
def test_settings_say_value_and_origin(load: Load, path: str, text: str, origin: str, source: str) -> None:
    loaded = load(more=LONG)
    setting = row(loaded, path)
    assert (setting.value_text, setting.origin) == (text, origin)
    assert setting.source.startswith(source) if not source else source in setting.source
    assert str(loaded.origin(path)) == origin


def test_settings_cover_the_scenario_once(load: Load) -> None:
    paths = [setting.path for setting in load(more=LONG).settings()]
    assert len(paths) == len(set(paths)) > 200
    assert "model.catalogue_entry" in paths
    assert not any(path.startswith("model.mixture.") for path in paths)


def test_empty_lists_are_settings_too(load: Load) -> None:
    loaded = load(more="claims: []\n")
    assert row(loaded, "windows") == cs.Setting("windows", "[]", "default", "")
    assert row(loaded, "claims").origin == "plan.yaml:10:9"


def test_a_default_entry_has_its_source(load: Load) -> None:
    loaded = load()
    entry = row(loaded, "failures.catalogue_entry")
    assert entry.origin == "default"
    assert "Llama 3" in entry.source
    assert row(loaded, "failures.fleet_age") == cs.Setting("failures.fleet_age", "0 s", "default", "")


def test_a_list_may_be_indexed_either_way(load: Load) -> None:
    loaded = load()
    assert loaded.origin("training.phases.0.tokens") == loaded.origin("training.phases[0].tokens")


@pytest.mark.parametrize("path", ["spares.wram", "training.phases[1].tokens", "", "a..b"])
def test_a_setting_that_is_not_there_has_no_origin(load: Load, path: str) -> None:
    with pytest.raises(KeyError, match="the scenario has no setting"):
        load().origin(path)


def test_locates_a_setting_or_what_is_around_it(load: Load) -> None:
    loaded = load()
    assert loaded.locate("cluster.nodes") == ("plan.yaml", 3, 34)
    assert loaded.locate("training.layout.tensor_parallel") == ("plan.yaml", 6, 3)
    assert loaded.locate("model.layers") == ("plan.yaml", 2, 8)
    assert loaded.locate("bill.site.pue") == ("plan.yaml", 1, 1)
    assert loaded.locate("not a path") == ("plan.yaml", 1, 1)
    problem = loaded.problem("training.layout.tensor_parallel", "3 does not divide 8")
    assert str(problem) == "plan.yaml:6:3: training.layout.tensor_parallel: 3 does not divide 8"


@pytest.mark.parametrize("more", ["", LONG])
def test_the_resolved_text_loads_to_the_same(load: Load, folder: Path, more: str) -> None:
    loaded = load(more=more)
    (folder / "resolved.yaml").write_text(loaded.resolved_yaml(), encoding="utf-8")
    again = cs.load("resolved.yaml")
    assert again.scenario == loaded.scenario
    assert again.sha256 == loaded.sha256
    assert {setting.origin.split(":")[0] for setting in again.settings()} == {"resolved.yaml"}
    (folder / "twice.yaml").write_text(again.resolved_yaml(), encoding="utf-8")
    assert cs.load("twice.yaml").scenario == loaded.scenario


def test_the_resolved_text_names_its_sources(load: Load) -> None:
    lines = load(more=LONG).resolved_yaml().splitlines()
    assert "name: A plan" in lines
    assert "  nodes: 9" in lines
    assert any(line.startswith("      tdp: 700 W  # catalogue accelerators/h100-sxm: ") for line in lines)
    assert "    kind: clos  # default" in lines
    assert "    - name: pre-training" in lines
    assert "      tokens: 200B tokens" in lines
    assert '  - name: "no"' in lines


def test_the_resolved_text_needs_no_catalogue(load: Load, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load(more=LONG)
    (folder / "resolved.yaml").write_text(loaded.resolved_yaml(), encoding="utf-8")

    def refuse(*_: str) -> None:
        raise AssertionError

    monkeypatch.setattr("clustersim.catalog.entry", refuse)
    assert cs.load("resolved.yaml").scenario == loaded.scenario


def test_the_hash_is_of_what_is_said_not_of_how(load: Load, plan: str) -> None:
    first = load().sha256
    assert len(first) == 64
    assert load(text="# a comment\n" + plan.replace("20 GB/s", "160 Gbps")).sha256 == first
    assert load("spares.warm=0").sha256 == first
    assert load("spares.warm=1").sha256 != first


def test_catalogue_values_come_from_where_the_name_was_given(load: Load) -> None:
    loaded = load("cluster.node={like: dgx-h100, accelerator: {like: a100-80gb, memory: 81 GB}}")
    assert str(loaded.origin("cluster.node.accelerator.tdp")) == "catalogue accelerators/a100-80gb"
    assert str(loaded.origin("cluster.node.accelerator.memory")) == "--set cluster.node"
    assert str(loaded.origin("cluster.node.gpus")) == "catalogue nodes/dgx-h100"


def test_presets_and_the_rest_are_public() -> None:
    for name in cs.__all__:
        assert getattr(cs, name) is not None


def test_importing_stays_light() -> None:
    import subprocess
    import sys

    heavy = ("numpy", "scipy", "matplotlib", "pyarrow")
    code = f"import sys, clustersim.scenario; print([m for m in {heavy!r} if m in sys.modules])"
    root = Path(cs.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"
