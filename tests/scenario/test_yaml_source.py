import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.problems import Place, Problem, ScenarioError
from clustersim.scenario.yaml_source import read_text


def messages(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read_text(text, "s.yaml")
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("2024-04-01", "2024-04-01"),
        ("0", 0),
        ("-12", -12),
        ("1e-3", 1e-3),
        ("1.5", 1.5),
        (".5", 0.5),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        (".nan", ".nan"),
        ("null", None),
        ("~", None),
        ("", None),
        ("'064'", "064"),
        ("'true'", "true"),
        ('"30 min"', "30 min"),
        ("30 min", "30 min"),
        ("[1, two]", (1, "two")),
        ("{b: {}}", {"b": {}}),
        (">-\n  two\n  lines", "two lines"),
        ("9" * 61, "9" * 61),
    ],
)
def test_only_json_like_scalars_are_typed(text: str, value: object) -> None:
    assert read_text(f"a: {text}\n", "s.yaml").value == {"a": value}


def test_every_value_and_key_has_its_place() -> None:
    document = read_text("a: 1\nb:\n  - x: [2, 3]\n", "s.yaml")
    assert document.value == {"a": 1, "b": ({"x": (2, 3)},)}
    assert document.values[("a",)] == Place("s.yaml", 1, 4)
    assert document.values[("b", 0, "x", 1)] == Place("s.yaml", 3, 12)
    assert document.keys[("b", 0, "x")] == Place("s.yaml", 3, 5)


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_text_is_none(text: str) -> None:
    assert read_text(text, "s.yaml").value is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: &a 1\n", "s.yaml:1:4: x: anchors (&) and aliases (*) are not supported: write the value again"),
        ("<<: {a: 1}\n", "s.yaml:1:1: merge keys (<<) are not supported: use 'extends' at the top of the file"),
        ("a: !!python/name:os.system x\n", "s.yaml:1:4: a: the tag !!python/name:os.system is not supported"),
        ("a: !!int '3'\n", "s.yaml:1:4: a: the tag !!int is not supported"),
        ("a: 1\n---\nb: 2\n", "s.yaml:2:1: a second document starts here; a scenario is one document, without '---'"),
        ("? [a]\n: 3\n", "s.yaml:1:3: a key must be plain text"),
        ("x y: 3\n", "s.yaml:1:1: 'x y' cannot be a key: letters, digits, '_' and '-' only"),
        ("&k a: 3\n", "s.yaml:1:1: anchors and tags are not supported on keys"),
        ("a: 1e999\n", "s.yaml:1:4: a: the number 1e999 is too large"),
        ("a: \x07\n", "s.yaml:1:4: the character U+0007 is not allowed in YAML"),
        ("a: 1\nb: " + "[" * 41 + "]" * 41, "s.yaml:2:43: nested more than 40 deep"),
        (
            "b:\n" + "".join("  " * i + "a:\n" for i in range(1, 41)) + "  " * 41 + "a: 1",
            "s.yaml:41:81: nested more than 40 deep",
        ),
    ],
)
def test_refuses_what_scenarios_do_without(text: str, message: str) -> None:
    assert messages(text)[0] == message


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a: b: c\n", "s.yaml:1:5: not valid YAML"),
        ("a: [1\n", "s.yaml:2:1: not valid YAML"),
        ("a:\n\tb: 1\n", "s.yaml:2:1: not valid YAML"),
        ('a: "open\n', "s.yaml:2:1: not valid YAML"),
        ("a: 1\n  b: 2\n", "s.yaml:2:4: not valid YAML"),
    ],
)
def test_syntax_errors_have_a_place(text: str, start: str) -> None:
    assert messages(text)[0].startswith(start)


def test_a_tab_is_called_a_tab() -> None:
    assert "(a tab: indent with spaces)" in messages("a:\n\tb: 1\n")[0]


def test_an_alias_expands_nothing() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    assert len(messages(bomb)) == 1 + 3 * 8


def test_a_duplicate_key_names_both_places() -> None:
    document = read_text("a: 1\nb: {c: 2, c: {d: 3}}\na: 4\n", "s.yaml")
    assert document.value == {"a": 1, "b": {"c": 2}}
    assert [str(problem) for problem in document.problems] == [
        "s.yaml:2:11: b.c: duplicate key, already given at s.yaml:2:5",
        "s.yaml:3:1: a: duplicate key, already given at s.yaml:1:1",
    ]
    assert ("b", "c", "d") not in document.values


@pytest.mark.parametrize(("text", "number"), [("064", 64), ("-007", -7), ("00.5", 0.5), ("010.25", 10.25)])
def test_a_leading_zero_is_refused(text: str, number: float) -> None:
    document = read_text(f"a: {text}", "s.yaml")
    assert document.value == {"a": number}
    assert [str(problem) for problem in document.problems] == [
        f"s.yaml:1:4: a: '{text}' looks like an octal number: write {number}, or quote it if it is text"
    ]


def test_text_from_no_file_has_one_place() -> None:
    at = Place("--set a")
    document = read_text("{b: 1}", "--set a", at)
    assert set(document.values.values()) == {at}


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        problems = read_text(text, "s.yaml").problems
    except ScenarioError as error:
        problems = error.problems
    assert all(problem.line and problem.column and problem.message for problem in problems)
