"""Every kind of node in the catalogue carries a small plan from file to report."""

from pathlib import Path

import pytest

import clustersim as cs
from clustersim.catalog import entries
from clustersim.report import render

PLAN = """\
name: GPT-2 on one {node}
model: gpt2-124m
cluster: {{node: {node}, nodes: 1}}
training:
  start: 2027-01-11
  layout: {{data_parallel: {gpus}}}
  phases:
    - {{name: pre-training, tokens: 1B tokens, sequence_length: 1024, global_batch: {batch}}}
checkpoint: {{kind: blocking, interval: 10 min, write_bandwidth: 1 GB/s}}
study: {{replications: 2}}
"""


@pytest.mark.parametrize("node", entries("nodes"))
def test_a_small_plan_runs_on_every_node(node: str, tmp_path: Path) -> None:
    from clustersim.catalog import entry

    gpus = int(entry("nodes", node).values["gpus"].text)
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN.format(node=node, gpus=gpus, batch=8 * gpus), "utf-8")
    forecast = cs.load(path).run(seed=0, workers=1)
    assert 0.0 < forecast.summary["headline"]["mfu_fraction"]["p50"] < 1.0
    assert node in render(forecast.summary)
