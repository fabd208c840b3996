"""What the report shows of learning: funnel, crossings, the optimizer's loop, the loss by the clock."""

import copy
import io
from typing import Any

import pytest
from rich.console import Console

import clustersim as cs
from clustersim.report.charts.crossings import CrossingRow, draw_crossings
from clustersim.report.charts.funnel import FunnelRow, draw_funnel
from clustersim.report.learning_text import print_learning
from clustersim.report.numbers import COUNT, DAYS, FRACTION, USD
from clustersim.report.page import render
from clustersim.report.sections.capability import capability
from clustersim.report.sections.corpus import corpus
from clustersim.report.sections.learning import learning
from clustersim.report.sections.optimizer import optimizer
from clustersim.report.stats import spread
from tests.docs.snippets import ROOT

WIDTHS = (940.0, 340.0)


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    settings = ("study.replications=3", "corpus=fineweb-edu", "training.optimizer.recipe=classic")
    return cs.load(ROOT / "scenarios" / "seed-8192.yaml", settings).run(seed=0, workers=1).summary


@pytest.mark.parametrize("width", WIDTHS)
def test_a_funnel_narrows(width: float) -> None:
    rows = [FunnelRow("extract", 100.0, 100.0, "100 (100 %)", "x"), FunnelRow("filter", 25.0, 100.0, "25 (25 %)", "y")]
    height, drawn = draw_funnel(width, rows)
    assert height > 2 * 20.0
    assert drawn.count('class="fill-blue"') == drawn.count('class="band"') == len(rows)
    assert "25 %" in drawn


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_never_crossed_has_no_dot(width: float) -> None:
    rows = [
        CrossingRow("a", 1e8, 1e10, 1e11, "80 %", "halfway"),
        CrossingRow("b", 1e12, None, 1e13, "40 %", "halfway"),
    ]
    _, drawn = draw_crossings(width, rows, 1e9, 1e13, "tokens")
    assert drawn.count('class="dot"') == 1
    assert "1B" in drawn


def test_an_interval_is_written_like_its_middle() -> None:
    assert spread({"p5": 1.18e5, "p50": 3.9e5, "p95": 1.36e6}, USD) == "$390k ($118k to $1.36M)"
    assert spread({"p5": 0.0, "p50": 1.0, "p95": 3.0}, COUNT) == "1 (0 to 3)"
    assert spread({"p5": 0.5, "p50": 0.5, "p95": 0.5}, FRACTION) == "50.0 %"


def test_the_ends_of_an_interval_are_in_the_unit_of_its_middle() -> None:
    assert spread({"p5": 0.25, "p50": 0.875, "p95": 3.0625}, DAYS) == "21.0 hours (6.0 to 73.5)"


def test_nothing_is_shown_of_what_the_summary_does_not_have() -> None:
    assert corpus(None) is None
    assert optimizer(None, None) is None
    assert capability(None, 1e12) is None


def test_the_corpus_says_what_is_left_and_when_to_begin(summary: dict[str, Any]) -> None:
    shown = corpus(summary["learning"]["training_corpus"])
    assert shown is not None
    names = [row[0] for row in shown["picture"].table.rows]
    assert names[0] == "extract"
    assert "edu classifier" in names
    facts = {name: value for name, value, _ in shown["facts"]}
    assert "2026" in facts["start by"]
    assert facts["cost"].startswith("$")
    assert [row[0] for row in shown["loads"].rows] == ["pre-training"]


def test_benchmarks_stand_in_the_order_in_which_they_are_crossed(summary: dict[str, Any]) -> None:
    shown = capability(summary["learning"]["capability"], summary["learning"]["tokens"])
    assert shown is not None
    by = [row[2] for row in shown["picture"].table.rows]
    assert len(by) == len(summary["learning"]["capability"]["benchmarks"])
    assert "2027" in by[0]
    assert "not in the run" in by[-1]
    assert len(shown["unforeseen"]) == len(by)


def test_what_is_never_reached_is_said_once(summary: dict[str, Any]) -> None:
    shown = capability(summary["learning"]["capability"], summary["learning"]["tokens"])
    assert shown is not None
    for row in shown["picture"].table.rows:
        assert row[2] == "not in the run" or "2027" in row[2]
        assert row[3].count("not in the run") <= 1


def test_a_loss_that_no_tokens_make_up_for_is_worth_never(summary: dict[str, Any]) -> None:
    entry = copy.deepcopy(summary["learning"]["optimizer"])
    row = next(row for row in entry["what_if"] if row["variant"] == "constant, no decay")
    row.update(loss_days=None, loss_usd=None)
    shown = optimizer(entry, summary["learning"]["schedule"])
    assert shown is not None
    assert next(row for row in shown["what_if"].rows if row[0] == "constant, no decay")[3:5] == ("never", "never")


@pytest.mark.parametrize(("steps", "written"), [(0.477, "<1"), (24.0, "24"), (954.4, "954"), (47_684.0, "47.7k")])
def test_steps_are_counted_in_whole_ones(summary: dict[str, Any], steps: float, written: str) -> None:
    schedule = copy.deepcopy(summary["learning"]["schedule"])
    schedule["schedule"]["warmup_steps"] = steps
    shown = optimizer(summary["learning"]["optimizer"], schedule)
    assert shown is not None
    assert next(value for name, value, _ in shown["facts"] if name == "warm-up") == f"{written} steps"


def test_batches_of_one_size_have_no_ramp_to_save_tokens_by(summary: dict[str, Any]) -> None:
    shown = optimizer(summary["learning"]["optimizer"], summary["learning"]["schedule"])
    assert shown is not None
    assert not any("ramp" in note for _, _, note in shown["facts"])


def test_a_corpus_made_at_once_and_by_cores_alone_says_no_more(summary: dict[str, Any]) -> None:
    entry = copy.deepcopy(summary["learning"]["training_corpus"])
    assert {"GPU-hours", "start by, streaming"} <= {name for name, _, _ in corpus(entry)["facts"]}
    entry["build"]["parts"] = 1
    entry["funnel"]["gpu_hours"] = dict.fromkeys(("p5", "p50", "p95"), 0.0)
    assert not {"GPU-hours", "start by, streaming"} & {name for name, _, _ in corpus(entry)["facts"]}


def test_a_run_without_a_final_loss_says_so_and_nothing_of_what_follows_from_one(summary: dict[str, Any]) -> None:
    short = copy.deepcopy(summary)
    short["learning"]["final_loss"] = None
    shown = learning(short)
    assert shown["worth"] is None
    assert shown["forms"] is None
    out = io.StringIO()
    print_learning(short, Console(file=out, width=140, color_system=None))
    assert "No final loss: the run ends after 15.0T tokens" in out.getvalue()
    assert "No final loss: the run ends after 15.0T tokens" in render(short)


def test_other_settings_stand_beside_the_plan(summary: dict[str, Any]) -> None:
    shown = optimizer(summary["learning"]["optimizer"], summary["learning"]["schedule"])
    assert shown is not None
    rows = {row[0]: row for row in shown["what_if"].rows}
    assert [rows["as planned"][column] for column in (1, 2, 3, 4, 6, 7)] == ["–"] * 6
    assert rows["no warm-up"][6].startswith("+")
    assert rows["constant, no decay"][1].startswith("+0.")
    assert rows["constant, no decay"][2].startswith("+0.")
    assert float(rows["recipe modern"][6].replace("−", "-")) < 0.0, "a run of fewer rewinds is shorter"


def printed(summary: dict[str, Any], width: int) -> str:
    out = io.StringIO()
    print_learning(summary, Console(file=out, width=width, color_system=None))
    return out.getvalue()


def test_a_narrow_terminal_does_without_the_intervals_of_other_settings(summary: dict[str, Any]) -> None:
    headings = {width: printed(summary, width) for width in (100, 200)}
    assert "90 %  which is worth" in headings[200]
    assert not any(line.startswith("instead") and "90 %" in line for line in headings[100].splitlines())


def test_the_loss_is_shown_from_the_first_step_and_by_the_day(summary: dict[str, Any]) -> None:
    shown = learning(summary)
    first, last = shown["picture"].table.rows[0], shown["picture"].table.rows[-1]
    assert float(first[3]) > 8.0 > float(last[3])
    days = [float(row[0]) for row in shown["clock"].table.rows]
    assert days == sorted(days)
    assert len(shown["worth"].rows) > 3
    weights = [float(row[1].removesuffix(" %")) for row in shown["forms"].rows]
    assert sum(weights) == pytest.approx(100.0, abs=0.3)


def test_a_short_run_has_no_curve_by_the_day(summary: dict[str, Any]) -> None:
    short = copy.deepcopy(summary)
    short["learning"]["transient_until_tokens"] = 1e18
    assert learning(short)["clock"] is None


def test_the_page_has_all_of_it(summary: dict[str, Any]) -> None:
    text = render(summary)
    for name in ("funnel", "capability", "learning-rate", "loss-clock", "loss"):
        assert f'id="figure-{name}"' in text


@pytest.mark.parametrize("width", [60, 140])
def test_the_terminal_tells_the_same(summary: dict[str, Any], width: int) -> None:
    text = printed(summary, width)
    for words in ("What emerges", "The corpus: fineweb-edu", "The optimizer's loop", "Claims, held against", "GSM8K"):
        assert words in text
    assert max(len(line) for line in text.splitlines()) <= width
