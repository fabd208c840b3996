"""The section of the report on the corpus."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import clustersim as cs
from clustersim.learning.corpus import corpus_outlook

SCENARIO = Path(__file__).parents[3] / "scenarios" / "quickstart.yaml"
MIX = (
    "mix: {sources: {web: {share: 80 %}, code: {share: 10 %, unique: 5B tokens},"
    " papers: {share: 5 %, unique: 0.2B tokens}, books: {share: 5 %}}}, feeds: web"
)
FED = f"corpus={{like: fineweb, {MIX}}}"


def outlook(*settings: str, **more: Any) -> dict[str, Any]:
    plan = cs.load(SCENARIO, settings)
    section = corpus_outlook(plan.scenario, plan.run_plan, **more)
    assert section is not None
    return section


def loss(tokens: float) -> float:
    return 1.8 + 2000.0 / tokens**0.37


def in_order(found: dict[str, Any]) -> bool:
    return found["p5"] <= found["p50"] <= found["p95"]


def test_there_is_none_without_a_corpus() -> None:
    plan = cs.load(SCENARIO)
    assert corpus_outlook(plan.scenario, plan.run_plan) is None


def test_it_can_be_written_as_json_and_every_range_is_in_order() -> None:
    section = outlook(FED, loss=loss)
    assert json.loads(json.dumps(section, allow_nan=False)) == section
    for name in ("core_hours", "gpu_hours", "wall_days", "cost_usd"):
        assert in_order(section["funnel"][name])
    for name in ("effective_tokens", "lost_tokens", "loss_shift_nats", "worth_of_fourth_epoch_fraction"):
        assert in_order(section["mix"][name])
    for name in ("start_by", "streaming_start_by"):
        assert in_order(section["build"][name])
    (phase,) = section["loader"]["phases"]
    for name in ("demand_bytes_s", "starved_fraction", "step_time_factor"):
        assert in_order(phase[name])


def test_the_funnel_can_be_drawn() -> None:
    funnel = outlook("corpus=fineweb")["funnel"]
    tokens = [funnel["input"]["tokens"], *(stage["tokens"] for stage in funnel["stages"])]
    assert tokens == sorted(tokens, reverse=True)
    assert funnel["tokens"] == tokens[-1]
    assert sum(stage["core_hours"] for stage in funnel["stages"]) == pytest.approx(funnel["core_hours"]["p50"])
    money = funnel["cores_usd"] + funnel["gpus_usd"] + funnel["storage_usd"]
    assert funnel["cost_usd"]["p50"] == pytest.approx(money)


def test_the_mix_says_what_repetition_costs() -> None:
    """200B tokens: 20B of the 5B of code, 10B of the 0.2B of papers; the web is plenty, nobody knows of the books."""
    section = outlook(FED, loss=loss)
    mix = {source["name"]: source for source in section["mix"]["sources"]}
    assert (mix["code"]["epochs"], mix["papers"]["epochs"]) == pytest.approx((4.0, 50.0))
    assert mix["web"]["from_funnel"]
    assert mix["web"]["epochs"] < 1.0
    assert section["mix"]["unknown"] == ["books"]
    lost = 20e9 - mix["code"]["effective_tokens"] + 10e9 - mix["papers"]["effective_tokens"]
    assert section["mix"]["lost_tokens"]["p50"] == pytest.approx(lost)
    assert section["mix"]["loss_shift_nats"]["p50"] == pytest.approx(loss(200e9 - lost) - loss(200e9))
    assert any("papers is seen 50 times" in caveat for caveat in section["caveats"])
    assert any("unique tokens there are of books is not given" in caveat for caveat in section["caveats"])
    assert outlook(FED)["mix"]["loss_shift_nats"] is None


@pytest.mark.parametrize("days", [0, 1, 100])
def test_the_latest_start_moves_with_the_start_of_the_run(days: int) -> None:
    start = datetime(2027, 1, 11) + timedelta(days=days)
    build = outlook(FED, f"training.start={start:%Y-%m-%d}")["build"]
    base = outlook(FED)["build"]
    for name in ("start_by", "streaming_start_by"):
        for quantile in ("p5", "p50", "p95"):
            moved = datetime.fromisoformat(build[name][quantile]) - datetime.fromisoformat(base[name][quantile])
            assert moved == timedelta(days=days)


def test_a_corpus_that_is_used_as_it_is_built_may_begin_later() -> None:
    build = outlook(FED)["build"]
    assert all(build["streaming_start_by"][name] > build["start_by"][name] for name in ("p5", "p50", "p95"))
    assert outlook("corpus={like: fineweb, mix: web-80}")["build"]["streaming_start_by"] is None
    assert outlook("corpus={}")["build"] is None


def test_a_slow_loader_is_a_caveat_and_a_quick_one_is_said_to_be_none() -> None:
    slow = outlook("corpus={loader: {bytes_per_token: 2 kB}}", "cluster.storage={bandwidth: 500 MB/s}")
    assert any("Steps of pre-training wait for their data" in caveat for caveat in slow["caveats"])
    assert "The GPUs do not wait for data: nothing that feeds them is short." in outlook("corpus={}")["caveats"]
    (phase,) = slow["loader"]["phases"]
    assert phase["tightest"] == "store"
    assert phase["headroom"] < 1.0


def test_what_waits_a_little_is_not_said_to_take_one_times_as_long() -> None:
    stalls = "stalls: {every: 1 d, lasts: 2 min}"
    section = outlook(f"corpus={{loader: {{order: documents, block: 4 MiB, {stalls}}}}}")
    (caveat,) = (one for one in section["caveats"] if "Steps of pre-training wait" in one)
    (phase,) = section["loader"]["phases"]
    assert f"take {phase['step_time_factor']['p50']:.4g} times as long" in caveat
    assert "take 1.001 times" in caveat
    assert f"for which {phase['read_bytes_s'] / 1e9:.3g} GB/s are read in whole blocks" in caveat


def test_units_that_were_mixed_are_owned_up_to() -> None:
    caveats = outlook("corpus=dolma-web")["caveats"]
    assert any("The published shares are of bytes, documents and paragraphs." in caveat for caveat in caveats)
    assert any("Tokens follow from bytes by 3.94 bytes a token." in caveat for caveat in caveats)
    assert not any("published shares are of" in caveat for caveat in outlook("corpus=fineweb")["caveats"])


def test_sources_are_those_of_the_catalogue() -> None:
    sources = outlook("corpus={like: fineweb, mix: gpt-3}")["sources"]
    assert any("2406.17557" in source for source in sources)
    assert any("2005.14165" in source for source in sources)
    assert len(set(sources)) == len(sources)
