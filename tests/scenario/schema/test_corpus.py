"""The corpus as a user writes it, and what is wrong with it."""

from collections.abc import Callable

import pytest

from clustersim import catalog
from clustersim import scenario as cs
from clustersim.scenario.schema.corpus import Corpus

Wrong = Callable[..., list[str]]
Load = Callable[..., cs.Loaded]


def test_there_is_none_unless_somebody_writes_one(load: Load) -> None:
    assert load().scenario.corpus is None
    assert load(more="corpus: {}\n").scenario.corpus == Corpus()


def test_by_name_and_like_another(load: Load) -> None:
    named = load(more="corpus: fineweb\n").scenario.corpus
    assert named is not None
    assert named.catalogue_entry == "fineweb"
    assert list(named.stages)[:3] == ["extract", "base_filters", "minhash"]
    changed = load(more="corpus: {like: fineweb, stages: {minhash: {kept: 40 %}}, mix: llama-1}\n").scenario.corpus
    assert changed is not None
    assert changed.stages["minhash"].kept == 0.4
    assert changed.stages["minhash"].speed == named.stages["minhash"].speed
    assert changed.mix is not None
    assert changed.mix.catalogue_entry == "llama-1"


@pytest.mark.parametrize("name", catalog.entries("corpora"))
def test_a_resolved_corpus_reads_back(load: Load, name: str) -> None:
    loaded = load(more=f"corpus: {{like: {name}, mix: gpt-3, loader: {{stalls: {{every: 1 h, lasts: 1 min}}}}}}\n")
    again = load(text=loaded.resolved_yaml())
    assert again.scenario == loaded.scenario


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ("{mix: {sources: {web: {share: 80 %}, code: {share: 10 %}}}}", "the shares sum to 0.9, not to 1 (web 0.8, c"),
        ("{mix: {sources: {}}}", "the shares sum to 0, not to 1 (no sources)"),
        ("{mix: llama-2}", "unknown mix 'llama-2', did you mean 'llama-"),
        ("fineweb-edo", "unknown corpus 'fineweb-edo', did you mean 'fineweb-edu'?"),
        ("{like: fineweb, mix: web-80, feeds: wep}", "the mix has no source 'wep', did you mean 'web'?"),
        ("{feeds: web}", "the mix has no source 'web'; sources: none"),
        ("{mix: web-80, feeds: web}", "there is no funnel that it could be fed from"),
        ("{like: fineweb, mix: gpt-3, feeds: books1}", "mix.sources.books1.unique says how many tokens there are"),
        ("{stages: {a: {kind: pack}}}", "a funnel begins with something: say how much with 'input'"),
        ("{mix: llama-3, loader: {cache: {size: 1 TB}}}", "give every source of the mix its 'unique' tokens"),
        ("{input: 24, stages: {}}", "24 is not an amount of data: write e.g. 36T tokens"),
        ("{input: 24 TB, stages: {a: {kind: pack, speed: 3 MB/s}}}", "'3 MB/s' is not a speed of one core or GPU"),
        (
            "{input: 24 TB, stages: {a: {kind: exact_dedup, of: paragraphs}}}",
            "a share of paragraphs goes with 'cuts: parts'",
        ),
        ("{quality: {law: chinchila}}", "unknown loss law 'chinchila'"),
        ("{token_size: 4}", "'4' has no unit"),
        ("{loadr: {}}", "unknown key, did you mean 'loader'?"),
    ],
)
def test_what_is_wrong_is_said_where_it_was_written(wrong: Wrong, corpus: str, message: str) -> None:
    (line,) = wrong(more=f"corpus: {corpus}\n")
    assert line.startswith("plan.yaml:10:")
    assert message in line


def test_rounded_shares_pass() -> None:
    mix = Corpus(mix="gpt-3").mix
    assert mix is not None
    assert sum(source.share for source in mix.sources.values()) == pytest.approx(1.01)


def test_sources_of_defaults_are_in_the_assumptions(load: Load) -> None:
    rows = {row.path: row for row in load(more="corpus: fineweb\n").settings()}
    assert rows["corpus.stages.minhash.kept"].source.startswith("FineWeb (arXiv 2406.17557")
    assert rows["corpus.stages.minhash.kept"].origin == "catalogue corpora/fineweb"
    assert rows["corpus.loader.order"].source.startswith("Megatron-Core")
    assert rows["corpus.prices.storage"].value_text == "$0.023/GB-month"
