"""No setting of the corpus is dead: each changes the plan of the run or what the report says."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import clustersim as cs
from clustersim.learning.corpus import corpus_outlook
from clustersim.scenario.schema.corpus import Corpus
from tests.scenarios.test_what_if import settings_of

SCENARIO = Path(__file__).parents[3] / "scenarios" / "quickstart.yaml"
STAGE = "{kind: model_filter, kept: 50 %, of: bytes, speed: 10 MB/s per core}"
BASE = (
    f"corpus={{input: 1T tokens, stages: {{filter: {STAGE}, score: {{kind: model_filter, speed: 1M tokens/s per GPU}},"
    " ids: {kind: tokenize}}, mix: {sources: {web: {share: 90 %}, code: {share: 10 %, unique: 5B tokens}}}, feeds: web,"
    " loader: {cpu: {cores: 4}, cache: {size: 100 GB}, stalls: {every: 1 h, lasts: 1 min}}}",
    "cluster.storage={bandwidth: 10 GB/s}",
)

CHANGES = {
    "input": "2T tokens",
    "stages.filter.kind": "tokenize",
    "stages.filter.kept": "40 %",
    "stages.filter.of": "tokens",
    "stages.filter.cuts": "parts",
    "stages.filter.speed": "5 MB/s per core",
    "stages.filter.speed_of": "output",
    "stages.filter.written": "false",
    "bytes_per_token": "5 B",
    "tokens_per_document": "500",
    "token_size": "2 B",
    "disk_ratio": "0.3",
    "parts": "7",
    "cores": "100",
    "gpus": "3",
    "prices.core": "$1/core-hour",
    "prices.gpu": "$9/GPU-hour",
    "prices.storage": "$1/GB-month",
    "margin": "1 d",
    "mix.sources.code.unique": "1B tokens",
    "mix.sources": "{web: {share: 80 %}, code: {share: 20 %, unique: 5B tokens}}",
    "feeds": "null",
    "quality.low": "0.5",
    "quality.mode": "1.5",
    "quality.high": "2",
    "quality.over": "another",
    "quality.measured_by": "MMLU",
    "quality.law": "olmo-ladder-pile",
    "quality.scores": "true",
    "loader.bytes_per_token": "100 B",
    "loader.read_copies": "2",
    "loader.order": "shards",
    "loader.block": "1 MB",
    "loader.shard": "10 MB",
    "loader.node_bandwidth": "1 MB/s",
    "loader.prefetch": "5",
    "loader.cpu.speed": "1 kB/s",
    "loader.cpu.cores": "2",
    "loader.cache.size": "10 GB",
    "loader.cache.bandwidth": "1 MB/s",
    "loader.stalls.every": "2 h",
    "loader.stalls.lasts": "5 min",
}
NEEDS = {
    "feeds": ("corpus.loader.cache=null",),
    "quality.low": ("corpus.quality={mode: 1, high: 2, over: FineWeb}",),
    "quality.mode": ("corpus.quality={mode: 1, high: 2, over: FineWeb}",),
    "quality.high": ("corpus.quality={mode: 1, high: 3, over: FineWeb}",),
    "quality.over": ("corpus.quality={mode: 1, high: 2, over: FineWeb}",),
    "quality.measured_by": ("corpus.quality={mode: 1, high: 2, over: FineWeb}",),
    "quality.law": ("corpus.quality={mode: 1, high: 2, over: FineWeb}",),
    "quality.scores": ("corpus.quality={mode: 1, high: 2, over: FineWeb}",),
}


@cache
def said(*settings: str) -> tuple[Any, str]:
    plan = cs.load(SCENARIO, settings)
    section = corpus_outlook(plan.scenario, plan.run_plan)
    return plan.run_plan.loading, json.dumps(section)


@pytest.mark.parametrize("setting", CHANGES)
def test_it_changes_the_run_or_the_report(setting: str) -> None:
    needs = NEEDS.get(setting, ())
    assert said(*BASE, *needs) != said(*BASE, *needs, f"corpus.{setting}={CHANGES[setting]}")


def test_every_setting_is_changed() -> None:
    names = r"(stages|mix\.sources)\.(filter|web|code)"
    changed = {re.sub(names, r"\1", setting) for setting in CHANGES} | {"mix.sources.share"}
    written = {path for path in settings_of(Corpus) if not path.endswith("catalogue_entry")}
    assert written - changed == set()
    assert changed - written == {"mix.sources"}, "changed as a whole, for its shares"
