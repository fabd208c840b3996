"""The report's subsections on the run's own log and on other models."""

import copy
import io
from typing import Any

import pytest
from rich.console import Console

from clustersim.report.learning_text import print_learning
from clustersim.report.page import render
from clustersim.report.sections.against import against
from clustersim.report.sections.own_log import own_log
from tests.report.example_summary import example_summary

END = 16.4e12


def log(so_far: float, **other: Any) -> dict[str, Any]:
    grid = [so_far + (END - so_far) * index / 49 for index in range(50)]
    curve = [
        {"tokens": at, "p5": 1.70 - 0.12 * at / END, "p50": 1.71 - 0.12 * at / END, "p95": 1.72 - 0.12 * at / END}
        for at in grid
    ]
    return {
        "tokens_so_far": so_far,
        "own_corpus": False,
        "used": 26,
        "offset_fraction": 0.031,
        "effective_draws": 41.3,
        "draws": 300,
        "last_loss": 1.69,
        "seen": [{"tokens": so_far * (index / 99) ** 2, "loss": 1.69 + 10.0 * 0.9**index} for index in range(100)],
        "curve": curve,
        "final": {name: curve[-1][name] for name in ("p5", "p50", "p95")},
        "caveats": ["The rest of the run is taken to be as planned."],
    } | other


def rival(name: str = "llama3-70b", **other: Any) -> dict[str, Any]:
    return {
        "name": name,
        "parameters": 69.5e9,
        "tokens": 15e12,
        "difference": {"p5": -0.061, "p50": -0.038, "p95": 0.004},
        "this_is_better_fraction": 0.93,
        "tie_tokens": {"p5": 2.6e12, "p50": 7.7e12, "p95": None},
        "tie_flops": {"p5": 6.3e24, "p50": 1.9e25, "p95": None},
        "never_ties_fraction": 0.06,
        "by_form": [
            {"form": "hoffmann", "title": "sum of size and data (Hoffmann)", "weight": 0.3, "difference_p50": -0.045},
            {"form": "joint", "title": "joint (between Hoffmann and Kaplan)", "weight": 0.7, "difference_p50": 0.003},
        ],
        "caveats": ["Drawn apart, they would leave -0.114 to +0.023 nats."],
    } | other


@pytest.fixture
def summary() -> dict[str, Any]:
    whole: dict[str, Any] = copy.deepcopy(example_summary())
    return whole


def test_nothing_is_shown_of_what_is_not_there() -> None:
    assert own_log({}) is None
    assert own_log({"own_log": None}) is None
    assert against([], 1e12) is None


def test_what_was_measured_stands_before_what_is_forecast() -> None:
    shown = own_log({"own_log": log(5.4e12), "final_loss": {"p5": 1.60, "p50": 1.65, "p95": 1.70}})
    assert shown is not None
    assert shown["lead"] == (
        "After 5.40T of 16.4T tokens, 32.9 % of the plan, log and law together put the final loss at 1.590 (1.580 to "
        "1.600) nats per token."
    )
    rows = shown["picture"].table.rows
    assert len(rows) == 150
    assert rows[0][2:] == ("–", "–", "–")
    assert rows[-1] == ("16.4T", "–", "1.580", "1.590", "1.600")
    facts = {name: (value, note) for name, value, note in shown["facts"]}
    assert facts["final loss by the law alone"] == ("1.650 (1.600 to 1.700)", "before any log, on its own corpus")
    assert facts["draws in play"][0] == "41 of 300"
    assert facts["the log over these draws"][0] == "+3.1 %"
    assert "1.590 (1.580 to 1.600)" in shown["picture"].pictures


def test_a_log_of_the_laws_own_corpus_has_nothing_else_to_be_on() -> None:
    shown = own_log({"own_log": log(5.4e12, own_corpus=True), "final_loss": {"p5": 1.60, "p50": 1.65, "p95": 1.70}})
    assert shown is not None
    assert ("before any log") in [note for _, _, note in shown["facts"]]


def test_the_first_fall_does_not_flatten_the_picture() -> None:
    shown = own_log({"own_log": log(5.4e12)})
    assert shown is not None
    assert ">1.8<" in shown["picture"].pictures, "a tick of an axis that ends far below the loss at the start"
    assert shown["picture"].table.rows[0][1] == "11.690"


def test_a_log_of_little_is_drawn_by_ratios() -> None:
    late, early = (own_log({"own_log": log(so_far)}) for so_far in (5.4e12, 3e11))
    assert late is not None
    assert early is not None
    assert "each mark ten times more" in early["picture"].pictures
    assert "tokens trained [T]" in late["picture"].pictures


def test_a_log_that_says_nothing_yet_says_why() -> None:
    empty = {"curve": [], "final": None, "used": 0, "offset_fraction": None, "effective_draws": None}
    shown = own_log({"own_log": log(1e9, **empty, caveats=["The log ends after 1B tokens.", "A note."])})
    assert shown is not None
    assert (shown["lead"], shown["picture"], shown["caveats"]) == ("The log ends after 1B tokens.", None, ["A note."])


def test_other_models_and_forms_side_by_side() -> None:
    shown = against(
        [rival(), rival("tiny", tie_tokens=dict.fromkeys(("p5", "p50", "p95")), tie_flops={"p50": None})], END
    )
    assert shown is not None
    assert shown["models"].rows[0] == (
        *("llama3-70b", "69.5B", "15.0T", "−0.038 (−0.061 to 0.004)", "93.0 %"),
        *("7.7T (2.6T to never)", "1.9e+25", "6.0 %"),
    )
    assert shown["models"].rows[1][5:7] == ("never", "never")
    assert shown["forms"].columns[1:] == ("sum of size and data (Hoffmann)", "joint (between Hoffmann and Kaplan)")
    assert shown["forms"].rows == (
        ("weight", "30.0 %", "70.0 %"),
        ("llama3-70b", "−0.045", "+0.003"),
        ("tiny", "−0.045", "+0.003"),
    )
    assert shown["caveats"][0] == "llama3-70b: Drawn apart, they would leave -0.114 to +0.023 nats."


def test_the_page_has_both(summary: dict[str, Any]) -> None:
    assert 'id="h-own-log"' not in render(summary)
    summary["learning"] |= {"own_log": log(5.4e12), "against": [rival()], "tokens": END}
    page = render(summary)
    assert 'id="figure-own-log"' in page
    assert 'id="h-against"' in page
    summary["learning"]["own_log"] |= {"curve": [], "caveats": ["The log ends inside the transient."]}
    page = render(summary)
    assert "The log ends inside the transient." in page
    assert 'id="figure-own-log"' not in page


@pytest.mark.parametrize("width", [60, 140])
def test_the_terminal_tells_the_same(summary: dict[str, Any], width: int) -> None:
    summary["learning"] |= {"own_log": log(5.4e12), "against": [rival()], "tokens": END}
    out = io.StringIO()
    print_learning(summary, Console(file=out, width=width, color_system=None))
    text = out.getvalue()
    for words in ("From the run's own log", "41 of 300", "Beside other models", "llama3-70b", "16.4T"):
        assert words in text
    assert max(len(line) for line in text.splitlines()) <= width
