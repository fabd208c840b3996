from collections.abc import Callable
from pathlib import Path

import pytest

from clustersim import scenario as cs

OWN = """\
extends: {base}
name: Extended
model: llama3-405b
training:
  start: 2027-01-01
  layout: {{tensor_parallel: 8, pipeline_parallel: 16, virtual_pipeline: 8, data_parallel: 128}}
  phases: [{{name: all, tokens: 1T tokens, sequence_length: 8192, global_batch: 2048}}]
"""


@pytest.mark.parametrize("preset", cs.presets())
def test_every_preset_makes_a_scenario(preset: str, load: Callable[..., cs.Loaded]) -> None:
    loaded = load(text=OWN.format(base=preset), more="spares: {cold: 3}\n")
    spares = loaded.scenario.spares
    assert (spares.warm, spares.cold) == (40, 3)
    assert loaded.scenario.cluster.nodes == 2048 + 40
    assert str(loaded.origin("spares.warm")).startswith(f"<preset {preset}>:")
    assert str(loaded.origin("spares.cold")) == "plan.yaml:8:16"


def test_there_are_presets() -> None:
    assert set(cs.presets()) >= {"h100-cluster", "a100-cluster"}


def test_an_entry_of_the_base_can_be_changed(load: Callable[..., cs.Loaded]) -> None:
    loaded = load(text=OWN.format(base="h100-cluster"), more="failures: {rate_multiplier: 2}\n")
    assert loaded.scenario.failures.rate_multiplier == 2
    assert loaded.scenario.failures.catalogue_entry == "llama3-405b"
    assert str(loaded.origin("failures.catalogue_entry")).startswith("<preset h100-cluster>:")


def test_like_null_starts_from_nothing(folder: Path, load: Callable[..., cs.Loaded]) -> None:
    """A file of failures replaces those of the base, where a mapping alone would add its categories to them."""
    own = "failures:\n  {}categories: {{fan: {{component: cooling, rate: 2 per 1000 node-days}}}}\n"
    (folder / "added.yaml").write_text(own.format(""))
    (folder / "instead.yaml").write_text(own.format("like: null\n  "))
    added = load(text=OWN.format(base="[h100-cluster, added.yaml]")).scenario.failures
    assert {"fan", "faulty_gpu"} < set(added.categories)
    instead = load(text=OWN.format(base="[h100-cluster, instead.yaml]"), more="failures: {rate_multiplier: 2}\n")
    assert set(instead.scenario.failures.categories) == {"fan"}
    assert instead.scenario.failures.catalogue_entry is None
    assert instead.scenario.failures.rate_multiplier == 2
    assert str(instead.origin("failures.categories.fan.component")).startswith("instead.yaml:3:")
    assert "faulty_gpu" not in instead.resolved_yaml()


def test_a_file_extends_a_file_beside_it(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "base.yaml").write_text("extends: h100-cluster\nspares: {warm: 7}\n")
    (folder / "sub" / "plan.yaml").write_text(OWN.format(base="base.yaml"))
    loaded = cs.load("sub/plan.yaml")
    assert loaded.scenario.spares.warm == 7
    assert str(loaded.origin("spares.warm")) == "sub/base.yaml:2:16"
    assert loaded.file == "sub/plan.yaml"
    assert loaded.path == Path("sub/plan.yaml")


def test_of_several_the_last_wins(folder: Path, load: Callable[..., cs.Loaded]) -> None:
    (folder / "few.yaml").write_text("spares: {warm: 1, hot: 5}\n")
    (folder / "many.yaml").write_text("spares: {warm: 9}\n")
    loaded = load(text=OWN.format(base="[h100-cluster, few.yaml, many.yaml]"))
    assert (loaded.scenario.spares.warm, loaded.scenario.spares.hot) == (9, 5)


def test_a_problem_is_shown_in_the_file_it_comes_from(folder: Path, wrong: Callable[..., list[str]]) -> None:
    (folder / "base.yaml").write_text("extends: h100-cluster\nspares: {wram: 1}\n")
    assert wrong(text=OWN.format(base="base.yaml"), more="bill: {site: {pue: 0.5}}\n") == [
        "plan.yaml:8:20: bill.site.pue: must be at least 1, got 0.5",
        "base.yaml:2:10: spares.wram: unknown key, did you mean 'warm'?",
    ]


def test_a_cycle_names_its_links(folder: Path, wrong: Callable[..., list[str]]) -> None:
    (folder / "b.yaml").write_text("extends: c.yml\n")
    (folder / "c.yml").write_text("name: c\nextends: ./plan.yaml\n")
    assert wrong(text=OWN.format(base="b.yaml")) == [
        "c.yml:2:10: extends: extends itself: plan.yaml -> b.yaml -> c.yml -> ./plan.yaml"
    ]


def test_the_same_base_twice_is_no_cycle(folder: Path, load: Callable[..., cs.Loaded]) -> None:
    (folder / "b.yaml").write_text("extends: h100-cluster\nspares: {warm: 2}\n")
    loaded = load(text=OWN.format(base="[h100-cluster, b.yaml]"))
    assert loaded.scenario.spares.warm == 2


def test_an_unknown_preset_is_named(wrong: Callable[..., list[str]]) -> None:
    assert wrong(text=OWN.format(base="h100-clustr")) == [
        "plan.yaml:1:10: extends: unknown preset 'h100-clustr', did you mean 'h100-cluster'? "
        "Presets: a100-cluster, h100-cluster; a file is named with its ending"
    ]


@pytest.mark.parametrize("base", ["3", "[h100-cluster, {a: 1}]"])
def test_extends_takes_names(base: str, wrong: Callable[..., list[str]]) -> None:
    (line,) = wrong(text=OWN.format(base=base))
    assert line.endswith("extends: must be the name of a preset or a file, or a list of them")


def test_a_base_that_cannot_be_read(wrong: Callable[..., list[str]]) -> None:
    assert wrong(text=OWN.format(base="[h100-cluster, gone.yaml]")) == [
        "plan.yaml:1:25: extends: cannot read gone.yaml: no such file"
    ]


def error_of(path: object) -> str:
    with pytest.raises(cs.ScenarioError) as caught:
        cs.load(path)  # type: ignore[arg-type]
    return str(caught.value)


def test_files_that_are_no_scenario(folder: Path) -> None:
    (folder / "latin.yaml").write_bytes(b"name: x\ndescription: caf\xe9\n")
    (folder / "empty.yaml").write_text("# nothing yet\n")
    (folder / "list.yaml").write_text("- a\n")
    (folder / "wide.yaml").write_bytes("name: x".encode("utf-16"))
    assert error_of("gone.yaml") == "gone.yaml:1:1: cannot read gone.yaml: no such file"
    assert error_of(Path()) == ".:1:1: cannot read .: it is a directory"
    assert error_of("latin.yaml") == "latin.yaml:2:17: is not UTF-8 text: byte 0xe9"
    assert error_of("wide.yaml") == "wide.yaml:1:1: is not UTF-8 text: byte 0xff"
    assert error_of("empty.yaml") == "empty.yaml:1:1: is empty: a scenario starts e.g. with 'name: My run'"
    assert error_of("list.yaml") == (
        "list.yaml:1:1: is not a mapping of settings: a scenario starts e.g. with 'name: My run'"
    )


def test_other_reasons_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert error_of("locked.yaml") == "locked.yaml:1:1: cannot read locked.yaml: permission denied"


def test_a_byte_order_mark_is_no_matter(load: Callable[..., cs.Loaded]) -> None:
    assert load(text="\ufeff" + OWN.format(base="h100-cluster")).scenario.name == "Extended"
