from collections.abc import Callable

import pytest

from clustersim import scenario as cs
from clustersim.scenario.schema.law import Exponential

Load = Callable[..., cs.Loaded]
Wrong = Callable[..., list[str]]


def test_sets_a_value(load: Load) -> None:
    loaded = load("spares.warm=16", "training.phases[0].tokens=1T tokens", "name=Another plan")
    assert loaded.scenario.spares.warm == 16
    assert loaded.scenario.training.phases[0].tokens == 1e12
    assert loaded.scenario.name == "Another plan"
    assert loaded.scenario.cluster.nodes == 9
    assert str(loaded.origin("spares.warm")) == "--set spares.warm"
    assert loaded.origin("spares.warm").kind == "set"
    assert loaded.locate("spares.warm") == ("--set spares.warm", None, None)


def test_an_index_may_follow_a_dot(load: Load) -> None:
    assert load("training.phases.0.tokens=1T tokens").scenario.training.phases[0].tokens == 1e12


def test_the_last_of_two_wins(load: Load) -> None:
    assert load("spares.warm=1", "spares.warm=2").scenario.spares.warm == 2


def test_a_mapping_or_list_replaces(load: Load) -> None:
    loaded = load("training.layout={data_parallel: 32}", "windows=[{name: a, length: 3 d}]", "windows[0].length=4 d")
    assert loaded.scenario.training.layout.zero_stage == 1
    assert loaded.scenario.windows[0].length == 4 * 86400


@pytest.mark.parametrize("failures", ["", "failures: llama3-405b\n", "failures: {like: llama3-405b}\n"])
def test_changes_an_entry_given_by_name_or_by_default(failures: str, load: Load) -> None:
    loaded = load("failures.rate_multiplier=2", "failures.categories.nic.rate=5 per 1000 node-days", more=failures)
    assert loaded.scenario.failures.rate_multiplier == 2
    assert loaded.scenario.failures.categories["nic"].rate.unit == "node"
    assert len(loaded.scenario.failures.categories) == 18
    assert loaded.scenario.failures.catalogue_entry == "llama3-405b"
    assert loaded.origin("failures.categories.nic.component").kind == "catalogue"


def test_changes_an_entry_inside_an_entry(load: Load) -> None:
    loaded = load("cluster.node.accelerator.memory=141 GB")
    assert loaded.scenario.cluster.node.accelerator.memory == 141e9
    assert loaded.scenario.cluster.node.accelerator.tdp == 700


def test_like_changes_the_entry_and_keeps_the_rest(load: Load) -> None:
    failures = load(
        "failures.like=meta-rsc1", more="failures: {like: llama3-405b, rate_multiplier: 3}\n"
    ).scenario.failures
    assert (failures.catalogue_entry, failures.rate_multiplier) == ("meta-rsc1", 3)


def test_kind_drops_what_the_new_kind_has_not(load: Load) -> None:
    loaded = load("checkpoint.stall=1 s", "checkpoint.kind=blocking")
    assert loaded.scenario.checkpoint.kind == "blocking"
    assert loaded.scenario.checkpoint.write_bandwidth == 20e9


def test_changes_a_part_of_a_default(load: Load) -> None:
    loaded = load(
        "bill.gpu_price.mode=$2.20/GPU-hour", "recovery.detection.crash.median=60 s", "recovery.restart.load.median=5 s"
    )
    assert loaded.scenario.bill.gpu_price.high == pytest.approx(3 / 3600)
    assert loaded.scenario.recovery.detection.crash.sigma == 0.7
    assert loaded.scenario.recovery.restart.load.growth == 0.5


def test_a_law_can_be_written_in_braces(load: Load) -> None:
    repair = load("spares.repair={kind: exponential, mean: 6 h}").scenario.spares.repair
    assert repair == Exponential(kind="exponential", mean="6 h")


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("spares.wram=16", "--set spares.wram: unknown key, did you mean 'warm'?"),
        ("spare.warm=16", "--set spare.warm: spare: unknown key, did you mean 'spares'?"),
        ("spares.warm=lots", "--set spares.warm: must be a whole number, got 'lots'"),
        ("spares.warm=016", "--set spares.warm: '016' looks like an octal number: write 16, or quote it if it is text"),
        ("spares.warm=yes", "--set spares.warm: must be a whole number, got 'yes'"),
        ("spares={warm: 1, colt: 2}", "--set spares: spares.colt: unknown key, did you mean 'cold'?"),
        ("spares.warm.x=3", "--set spares.warm.x: nothing lies below a single value, so there is no 'x'"),
        ("training.phases[3].tokens=1T tokens", "--set training.phases[3].tokens: there is no [3]: it has only [0]"),
        (
            "training.phases.main.tokens=1T tokens",
            "--set training.phases.main.tokens: there is no [main]: it has only [0]",
        ),
        ("maintenance[0].name=x", "--set maintenance[0].name: there is no [0]: the list is empty"),
        ("name", "--set name: write PATH=VALUE, e.g. spares.warm=16"),
        ("a..b=3", "--set a..b=3: write PATH=VALUE, e.g. spares.warm=16"),
        ("name=", "--set name: has no value: write PATH=VALUE, or null for none"),
        ("name=[", "--set name: not valid YAML while parsing a flow node: did not find expected node content"),
        ("name=&a 3", "--set name: anchors (&) and aliases (*) are not supported: write the value again"),
        ("extends=h100-cluster", "--set extends: what a scenario extends is written at the top of its file"),
        ("description=null", "--set description: is empty: it must be text, or leave the key out"),
        ("failures.like=meta-rsc9", "--set failures.like: unknown failure model 'meta-rsc9', did you mean 'meta-rsc"),
        ("checkpoint.kind=async", "--set checkpoint.kind: unknown kind 'async'; Known: blocking, asynchronous"),
        (
            "name=a: b",
            "--set name: put a text with ': ' or '- ' in quotes; write a mapping as {key: value}, a list as [a, b]",
        ),
    ],
)
def test_says_what_is_wrong(override: str, line: str, wrong: Wrong) -> None:
    lines = wrong(override)
    assert len(lines) == 1
    assert lines[0].startswith(line)


def test_a_list_says_how_long_it_is(wrong: Wrong) -> None:
    assert wrong("windows=[{name: a, length: 1 d}, {name: b, length: 1 d}]", "windows[2].name=c") == [
        "--set windows[2].name: there is no [2]: it has [0] to [1]"
    ]


def test_all_wrong_overrides_are_shown(wrong: Wrong) -> None:
    assert len(wrong("name=", "a..b=3", "spares.warm=2")) == 2


def test_what_is_wrong_inside_a_value_keeps_its_path(wrong: Wrong) -> None:
    (line,) = wrong("windows=[{name: a, length: 1 d, start: 0 s}, {name: b, name: c, length: 1 d}]")
    assert line == "--set windows: windows[1].name: duplicate key, already given at --set windows"
    (line,) = wrong("spares={warm: 016}")
    assert line.startswith("--set spares: spares.warm: '016' looks like an octal number")
