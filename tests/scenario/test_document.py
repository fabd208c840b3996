import pytest

from clustersim.scenario.document import dotted, parse_path, step_into
from clustersim.scenario.problems import Place
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.yaml_source import read_text


@pytest.mark.parametrize(
    ("text", "path"),
    [("a", ("a",)), ("a.b[0].c", ("a", "b", 0, "c")), ("a.0.c", ("a", "0", "c")), ("a-b.c_d", ("a-b", "c_d"))],
)
def test_reads_paths(text: str, path: tuple[str | int, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize("text", ["", ".", "a.", "a..b", "a[", "a[x]", "[0]", "a[-1]"])
def test_refuses_what_is_no_path(text: str) -> None:
    assert parse_path(text) is None


def test_writes_paths() -> None:
    assert dotted(("training", "phases", 0, "tokens")) == "training.phases[0].tokens"
    assert dotted(()) == ""


def test_steps_into_raw_values() -> None:
    assert step_into({"a": 1}, "a") == 1
    assert step_into((1, 2), 1) == 2
    assert step_into((1, 2), 2) is None
    assert step_into("text", "a") is None


def test_places_fall_back_on_the_mapping_around() -> None:
    document = read_text("name: x\nspares:\n  warm: 3\n", "a.yaml")
    assert document.place(("spares", "warm")) == Place("a.yaml", 3, 9)
    assert document.place(("spares", "cold")) == Place("a.yaml", 2, 1)
    assert document.place(("spares",)) == Place("a.yaml", 2, 1)
    assert document.place(("bill", "pue")) == Place("a.yaml", 1, 1)
    assert document.key_place(("spares", "warm")) == Place("a.yaml", 3, 3)


def test_each_value_keeps_the_place_it_was_written_at() -> None:
    base = read_text("model: llama3-8b\nspares: {warm: 1, cold: 2}\nwindows: [{name: a}, {name: b}]\n", "base.yaml")
    over = read_text("model: {layers: 3}\nspares: {warm: 3}\nwindows: [{length: 3 d}]\n", "over.yaml")
    both = over.over(base, Scenario)
    assert both.value["model"] == {"like": "llama3-8b", "layers": 3}
    assert both.values[("model", "like")] == Place("base.yaml", 1, 8)
    assert both.values[("model", "layers")].file == "over.yaml"
    assert both.values[("spares", "cold")].file == "base.yaml"
    assert both.values[("spares", "warm")].file == "over.yaml"
    assert ("windows", 1) not in both.values
    assert ("windows", 0, "name") not in both.keys
