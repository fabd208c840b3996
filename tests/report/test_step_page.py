"""The page of a step: offline, well formed, with what the step rests on."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import cast

import pytest

import clustersim as cs
from clustersim.report.sections.step_phase import leaves_domain
from clustersim.report.step_answer import step_answer
from clustersim.report.step_page import render_step, write_step_page
from tests.report.test_page import parse, text_of
from tests.report.test_page import test_page_is_well_formed_with_unique_ids_and_no_dead_reference as well_formed
from tests.report.test_page import test_page_needs_nothing_from_outside as offline

HOSTILE = "<script>alert(1)</script>"
PLAN = """\
name: "A plan <script>alert(1)</script>"
description: Two phases, one of them measured.
model: llama3-70b
cluster: {node: dgx-h100, nodes: 16, fabric: {nodes_per_rack: 2, spines_per_pod: 4}}
training:
  start: 2027-01-11
  layout: {tensor_parallel: 8, pipeline_parallel: 4, virtual_pipeline: 2, data_parallel: 4, zero_stage: 1}
  phases:
    - {name: "first <script>alert(1)</script>", tokens: 20B tokens, sequence_length: 8192, global_batch: 64}
    - {name: second, tokens: 20B tokens, sequence_length: 8192, global_batch: 64, step_time: 6 s}
    - name: third
      tokens: 20B tokens
      sequence_length: 8192
      global_batch: 64
      layout: {tensor_parallel: 8, pipeline_parallel: 2, data_parallel: 8, zero_stage: 1, recompute: full}
checkpoint: {kind: asynchronous, write_bandwidth: 20 GB/s}
"""


def check(page: str) -> None:
    """What every page must be, as the report of a run is."""
    for must in (well_formed, offline):
        cast("Callable[[str], None]", must)(page)


@cache
def plan_of(text: str, folder: Path) -> cs.Plan:
    path = folder / "plan.yaml"
    path.write_text(text, "utf-8")
    return cs.load(path)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> cs.Plan:
    return plan_of(PLAN, tmp_path_factory.mktemp("plan"))


def page_of(plan: cs.Plan, phase: str | None = None) -> str:
    return render_step(plan.loaded, step_answer(plan.scenario, plan.steps, phase, groups=True))


@pytest.fixture(scope="module")
def page(plan: cs.Plan) -> str:
    return page_of(plan)


def test_the_page_is_whole_and_needs_nothing(plan: cs.Plan, page: str) -> None:
    for one in (page, page_of(plan, "third")):
        check(one)
        assert "script" not in parse(one).tags


def test_every_figure_has_words_and_its_data(page: str) -> None:
    figures = re.findall(r"<figure id=.*?</figure>", page, re.DOTALL)
    assert len(figures) >= 2 + 3 * 2 + 2 * 2 + 1
    for figure in figures:
        assert len(re.findall(r'class="picture (wide|narrow)"', figure)) == 2
        assert len(re.findall(r"<title [^>]+>[^<]{8,}</title><desc [^>]+>[^<]{20,}</desc>", figure)) == 2
        assert figure.count("<tr>") >= 2


def test_the_answer_stands_first(plan: cs.Plan) -> None:
    text = text_of(page_of(plan, "third"))
    assert re.search(
        r"A step takes [\d.]+ s \(90 %: [\d.]+ to [\d.]+\): [\d.]+k tokens/s, \d+ TFLOP/s a GPU, MFU ", text
    )
    assert "full (non-causal) attention scores" in text


def test_several_phases_are_compared(plan: cs.Plan, page: str) -> None:
    text = text_of(page)
    assert "The step of each phase" in text
    assert "The step of each phase" not in text_of(page_of(plan, "third"))
    assert "to 6.00 s (second, as measured" in text or "A step takes 6.00 s (second, as measured" in text
    assert "Predicted: the measured step time is not used here." in text
    assert "carry the same as under first" in text


def test_groups_and_links_are_shown(page: str) -> None:
    text = text_of(page)
    assert "8 ranks, 16 groups" in text
    assert "reduce-scatter" in text
    assert "Load of the links: data-parallel groups" in text
    assert "Load of the links: tensor-parallel groups" not in text  # stays inside the node
    assert "4 spines, 8 leaves, 16 nodes" in text


def test_settings_have_their_sources(plan: cs.Plan, page: str) -> None:
    text = text_of(page)
    shown = [one for one in plan.loaded.settings() if one.path.startswith(("model", "cluster", "training"))]
    assert len(shown) > 50
    for one in shown:
        assert one.path in text
        assert one.source in text
    assert "failures." not in text
    assert "scenario.resolved.yaml" not in text
    assert str(plan.loaded.path.parent) not in page


def test_what_is_extrapolated_is_listed(plan: cs.Plan, page: str) -> None:
    text = text_of(page)
    for step in plan.steps:
        for sentence in step.extrapolations:
            assert sentence in text


def test_the_same_plan_gives_the_same_bytes(plan: cs.Plan, page: str) -> None:
    assert page_of(plan) == page


def test_a_torus_has_loads_without_domains(tmp_path: Path) -> None:
    fabric = "{kind: torus, shape: [4, 4, 8], link_bandwidth: 50 GB/s}"
    plan = plan_of(PLAN.replace("{nodes_per_rack: 2, spines_per_pod: 4}", fabric), tmp_path)
    page = page_of(plan, "third")
    check(page)
    text = text_of(page)
    assert "torus of 4 × 4 × 8" in text
    assert "chip to chip" in text


def test_what_leaves_a_domain(plan: cs.Plan) -> None:
    from clustersim.hardware.topology.loads import link_loads

    cluster, layout = plan.scenario.cluster, plan.scenario.training.layout
    assert not leaves_domain(link_loads(cluster, layout, "tensor"))
    assert leaves_domain(link_loads(cluster, layout, "data"))


def test_the_file_is_replaced_in_one_step(plan: cs.Plan, page: str, tmp_path: Path) -> None:
    out = tmp_path / "step.html"
    out.write_text("old")
    answer = step_answer(plan.scenario, plan.steps, groups=True)
    write_step_page(plan.loaded, answer, out)
    assert out.read_text("utf-8") == page
    with pytest.raises(OSError, match="there"):
        write_step_page(plan.loaded, answer, tmp_path / "there" / "step.html")
    assert [one.name for one in tmp_path.iterdir()] == ["step.html"]
