import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clustersim.scenario.yaml_source import read_text
from clustersim.scenario.yaml_text import one_line, scalar

PRINTABLE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]) | st.sampled_from("\n\t:#-&*!'\""))


@pytest.mark.parametrize(
    ("value", "text", "written"),
    [
        ("pre-training", "pre-training", "pre-training"),
        ("Llama 3 405B", "Llama 3 405B", "Llama 3 405B"),
        ("no", "no", '"no"'),
        ("True", "True", '"True"'),
        ("064", "064", '"064"'),
        ("12", "12", '"12"'),
        ("1:30", "1:30", '"1:30"'),
        ("a: b", "a: b", '"a: b"'),
        ("", "", '""'),
        (1800.0, "30 min", "30 min"),
        (0.9, "90 %", "90 %"),
        (0.9, "0.9", "0.9"),
        (1e-5, "1e-05", "1e-05"),
        (12, "12", "12"),
        (True, "true", "true"),
        (None, "null", "null"),
        ((), "[]", "[]"),
        (object(), "2027-01-11", "2027-01-11"),
        (object(), "$2.50/GPU-hour", "$2.50/GPU-hour"),
    ],
)
def test_scalars_are_quoted_where_they_must_be(value: object, text: str, written: str) -> None:
    assert scalar(value, text) == written


@given(PRINTABLE)
def test_text_reads_back_in_our_reader_and_in_others(text: str) -> None:
    line = f"a: {scalar(text, text)}\n"
    assert read_text(line, "s.yaml").value == {"a": text}
    assert yaml.safe_load(line) == {"a": text}


def test_comments_stay_on_their_line() -> None:
    assert one_line("two\n  lines") == "two lines"
