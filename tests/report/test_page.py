import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from clustersim.report import render, write_report

VOID = {"meta", "link", "br", "wbr", "hr", "img", "input"}
SECTIONS = ("claims", "time", "failures", "step", "gpu-hours", "checkpoints", "bill", "learning", "basis")


class Tree(HTMLParser):
    """Checks that tags nest, and collects ids, links and the visible text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.text: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(name)
        for key, value in attributes:
            self.attributes.append((key, value or ""))
            if key == "id":
                self.ids.append(value or "")
            if key in {"aria-labelledby", "aria-describedby"}:
                self.references += (value or "").split()
            if key == "href":
                self.references.append((value or "").removeprefix("#"))
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"style", "title", "desc"}:
            self.text.append(data)


def parse(page: str) -> Tree:
    tree = Tree()
    tree.feed(page)
    assert tree.open == []
    return tree


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", "".join(parse(page).text))


def test_page_is_well_formed_with_unique_ids_and_no_dead_reference(page):
    tree = parse(page)
    assert len(tree.ids) == len(set(tree.ids))
    assert set(tree.references) <= set(tree.ids)
    assert page.startswith("<!doctype html>")


def test_page_needs_nothing_from_outside(page):
    assert not re.search(r"https?:", page)
    fetched = {"src", "srcset", "href", "data", "action", "poster", "background", "xlink:href", "ping", "style"}
    assert all(value.startswith("#") for key, value in parse(page).attributes if key in fetched)
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page
    assert not {"script", "link", "iframe", "object", "embed", "img", "form"} & set(parse(page).tags)
    assert "default-src 'none'" in page


def test_links_in_the_plan_stay_text(summary):
    summary["assumptions"][0]["source"] = "https://example.org/datasheet"
    page = render(summary)
    assert "https://example.org/datasheet" in page
    assert not re.search(r"""=\s*["']https?:""", page)


HOSTILE = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"


def poison(value: Any) -> Any:
    """Every text of the summary replaced, except those that choose words and those that are rows of numbers."""
    if isinstance(value, dict):
        keep = {"verdict", "kind", "schema", "quantity", "unit", "mean", "p10", "p50", "p90", "percent"}
        return {key: inner if key in keep else poison(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [poison(inner) for inner in value]
    return HOSTILE if isinstance(value, str) else value


def test_text_of_the_plan_is_escaped(summary):
    summary["hours_lost_by_cause"][HOSTILE] = summary["hours_by_state"]["restart"]
    page = render(poison(summary))
    tree = parse(page)
    assert "script" not in tree.tags
    assert "img" not in tree.tags
    assert "&lt;script&gt;" in page
    assert "{{ 7*7 }}" in page
    assert not [key for key, _ in tree.attributes if key.startswith("on") or key == "src"]


def test_same_summary_same_bytes(summary, page):
    assert render(summary) == page
    assert render(json.loads(json.dumps(summary))) == page


def test_every_figure_has_words_and_its_data(page):
    figures = re.findall(r"<figure id=.*?</figure>", page, re.DOTALL)
    assert len(figures) == 15
    for figure in figures:
        for picture in re.findall(r"<svg [^>]*viewBox=[^>]*picture.*?</svg>", figure, re.DOTALL):
            assert 'role="img"' in picture
            assert re.search(r"<title [^>]+>[^<]{8,}</title><desc [^>]+>[^<]{20,}</desc>", picture)
        assert len(re.findall(r'class="picture (wide|narrow)"', figure)) == 2
        details = re.search(r"<details.*?</details>", figure, re.DOTALL)
        assert details
        assert details.group().count("<tr>") >= 2
        assert 'scope="col"' in details.group()
    small = re.findall(r"<svg[^>]*>", page)
    assert all('role="img"' in svg or 'aria-hidden="true"' in svg for svg in small)


def test_all_sections_are_there_and_linked(page):
    for section in SECTIONS:
        assert f'<section id="{section}"' in page
        assert f'href="#{section}"' in page


def test_the_answer_and_its_numbers_are_those_of_the_summary(page):
    text = text_of(page).replace("\u00a0", " ")
    assert "Finishes 18 Jul 2024 (P10–P90: 13 Jul to 23 Jul), 30.8M GPU-hours (28.9M to 32.8M)" in text
    assert "$78M ($68M to $88M)" in text
    assert "92.3 % of the wall time is productive" in text
    assert "P10–P90: 73.4 to 83.4 days" in text
    assert "421 5–95 %: 387 to 455" in text  # the window's unexpected interruptions
    assert "Final loss 1.634 nats per token" in text
    assert "the Pile (validation)" in text
    assert "GPT-NeoX, 50,280 entries" in text
    assert "9f2c1e0d6b7a48c5b3d1e6f70a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b" in text
    assert "200, of which 200 finished" in text


def test_data_tables_hold_the_numbers_of_the_summary(summary, page):
    for state, entry in summary["hours_by_state"].items():
        assert f'<td class="n">{entry["mean"]:,.2f}</td><td class="n">{entry["p5"]:,.2f}</td>' in page, state
    for row in summary["interruptions_by_category"]:
        assert f'<td class="n">{row["count"]["mean"]:.1f}</td>' in page
    account = summary["gpu_hours_account"]
    for row in (*account["lost_by_kind"], *account["lost_by_cause"]):
        assert f'<td class="n">{row["gpu_hours"]["mean_ci95_low"]:,.0f}</td>' in page
    for row in summary["gpu_hours_bridge"]:
        assert f"{row['gpu_hours']:,.0f}" in page
    for phase in summary["phases"]:
        assert f"{phase['step_time_s']:.3f}" in page
    for point in summary["learning"]["curve"]:
        assert f'<td class="n">{point["p50"]:.3f}</td>' in page


def test_verdicts_have_a_mark_and_words(page):
    text = text_of(page)
    assert "5 agree, 1 too low, 1 contradicts, 1 not covered" in text
    for mark, words in (("✓", "agrees"), ("▼", "too low"), ("✕", "contradicts"), ("○", "not covered")):
        assert re.search(rf"{mark}</span> {words}", page)
    assert "implied by the other claims" in text


def test_extrapolations_and_assumptions_are_listed(summary, page):
    text = text_of(page)
    for sentence in summary["extrapolations"]:
        assert sentence in text
    for row in summary["assumptions"]:
        assert row["path"] in text
        assert row["origin"] in text
        assert row["source"] in text


@pytest.mark.parametrize("paper", ["2410.21680", "2407.21783", "2204.02311", "2205.05198", "ML Goodput"])
def test_words_are_defined_by_their_authors(page, paper):
    assert paper in page


OPTIONAL = (
    "claims", "windows", "gpu_hours_bridge", "learning", "sample_timeline", "cumulative", "uncertainty_share",
    "badput_fraction", "restart_parts_hours", "hours_lost_by_cause", "interruptions_by_category", "extrapolations",
    "assumptions", "checkpointing", "bill", "phases", "gpu_hours_account",
)  # fmt: skip


@pytest.mark.parametrize("part", OPTIONAL)
def test_a_part_may_be_missing_or_empty(summary, part):
    summary[part] = type(summary[part])()
    empty = render(summary)
    parse(empty)
    del summary[part]
    assert render(summary) == empty
    assert all(f'<section id="{section}"' in empty for section in SECTIONS)


def test_all_optional_parts_may_be_missing(summary):
    for part in OPTIONAL:
        del summary[part]
    text = text_of(render(summary))
    assert "The plan makes no claims to check." in text
    assert "no forecast of the loss" in text


def test_statistics_may_be_null(summary):
    def blank(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: blank(inner) for key, inner in value.items()}
        return None if isinstance(value, float) else value

    summary["headline"] = blank(summary["headline"])
    summary["hours_by_state"] = blank(summary["hours_by_state"])
    summary["finished_replications"] = 0
    assert "No hours were simulated." in text_of(render(summary))


def test_write_report_replaces_the_file_in_one_step(summary, page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    write_report(summary, path)
    assert path.read_text(encoding="utf-8") == page
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_a_failure_leaves_the_old_file_and_no_litter(summary, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    summary["scenario"]["name"] = "\ud800"  # cannot be encoded
    with pytest.raises(UnicodeEncodeError):
        write_report(summary, path)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
