"""What it takes to make a corpus, against what was published."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim import catalog
from clustersim.learning.corpus import funnel_cost, funnel_work
from clustersim.learning.corpus.funnel import HOURS_FACTOR, untimed
from clustersim.scenario.schema.corpus import Corpus
from clustersim.scenario.units import Amount, Speed
from tests.learning.corpus.published import published

PUBLISHED = published()


def work_of(name: str):
    return funnel_work(Corpus.model_validate(name))


def stage_of(name: str, stage: str):
    return next(one for one in work_of(name).stages if one.name == stage)


# --- published funnels ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "tolerance"), [("fineweb", 0.05), ("fineweb-edu", 0.05), ("dolma-web", 0.05), ("dclm-baseline", 0.01)]
)
def test_chained_yields_reach_the_published_tokens(name: str, tolerance: float) -> None:
    assert work_of(name).stages[-1].after.tokens == pytest.approx(PUBLISHED[name, "tokens"], rel=tolerance)


def test_fineweb_is_published_from_36_to_14_5_trillion_tokens() -> None:
    chain = {stage.name: stage.after.tokens for stage in work_of("fineweb").stages}
    assert chain["base_filters"] == pytest.approx(36e12)
    assert chain["minhash"] == pytest.approx(20e12, rel=2e-3)
    assert chain["custom_filters"] == pytest.approx(36e12 * 0.556 * 0.93 * 0.78)


def test_documents_that_no_yield_was_fitted_to() -> None:
    """The share of tokens stands for that of documents: 3.3B for the 3B that DCLM has."""
    documents = work_of("dclm-baseline").stages[-1].after.documents
    assert documents == pytest.approx(PUBLISHED["dclm-baseline", "documents"], rel=0.15)


def test_refinedweb_keeps_a_ninth_and_dolma_what_ccnet_left() -> None:
    # The last stage cuts spans out of documents: its share is of text.
    kept = work_of("refinedweb").stages[-1].after.tokens / work_of("refinedweb").stages[0].before.tokens
    assert kept == pytest.approx(PUBLISHED["refinedweb", "documents kept"], rel=0.01)
    assert stage_of("dolma-web", "ccnet").after.bytes == pytest.approx(PUBLISHED["dolma-web", "ccnet bytes"], rel=0.01)


def test_published_times() -> None:
    assert work_of("ccnet").wall_s / 3600.0 == pytest.approx(PUBLISHED["ccnet", "wall_hours"], rel=0.03)
    assert work_of("ccnet").final_bytes == pytest.approx(PUBLISHED["ccnet", "stored bytes"], rel=0.02)
    scored = stage_of("fineweb-edu", "edu_classifier")
    assert scored.gpu_hours * 15e12 / scored.before.tokens == pytest.approx(
        PUBLISHED["fineweb-edu", "edu_classifier gpu_hours"], rel=0.01
    )


def test_the_factor_of_the_hours_covers_both_published_runs_of_ccnet() -> None:
    middle = (45_000 * 64 * 60) ** 0.5
    assert middle / HOURS_FACTOR < 64 * 60 < 45_000 < middle * HOURS_FACTOR


@pytest.mark.parametrize("name", catalog.entries("corpora"))
def test_every_stage_of_a_published_funnel_has_a_speed(name: str) -> None:
    assert untimed(work_of(name).stages) == []


# --- any funnel -----------------------------------------------------------------------------------------------------

FUNNEL = {
    "input": "100 TB",
    "bytes_per_token": "4 B",
    "disk_ratio": 0.5,
    "cores": 1000,
    "gpus": 10,
    "stages": {
        "extract": {"kind": "extract", "kept": 0.1, "of": "bytes", "cuts": "parts", "speed": "1 MB/s per core"},
        "score": {"kind": "model_filter", "kept": 0.2, "speed": "1M tokens/s per GPU", "written": False},
        "pack": {"kind": "pack"},
    },
}


def test_hours_storage_and_money_by_hand() -> None:
    """100 TB at 1 MB/s: 1e8 s of a core. 2.5T tokens at a million a second: 2.5e6 s of a GPU. 0.5T ids of 4 bytes."""
    corpus = Corpus.model_validate(FUNNEL)
    work = funnel_work(corpus)
    extract, score, pack = work.stages
    assert (extract.core_hours, extract.gpu_hours) == pytest.approx((1e8 / 3600.0, 0.0))
    assert (score.core_hours, score.gpu_hours) == pytest.approx((0.0, 2.5e6 / 3600.0))
    assert work.wall_s == pytest.approx(1e8 / 1000 + 2.5e6 / 10)
    assert (extract.stored_bytes, score.stored_bytes, pack.stored_bytes) == pytest.approx((5e12, 0.0, 2e12))
    assert work.final_bytes == pytest.approx(2e12)
    assert untimed(work.stages) == ["pack"]
    month_s = 30.4375 * 86400.0
    cost = funnel_cost(corpus, work, kept_s=month_s)
    assert cost.cores_usd == pytest.approx(1e8 / 3600.0 * 0.085)
    assert cost.gpus_usd == pytest.approx(2.5e6 / 3600.0 * 2.5)
    assert cost.storage_usd == pytest.approx(0.023 * (2000.0 + 7000.0 * 3.5e5 / month_s))
    assert cost.total_usd == pytest.approx(cost.cores_usd + cost.gpus_usd + cost.storage_usd)


def test_a_speed_may_count_what_comes_out() -> None:
    stages = {"extract": {**FUNNEL["stages"]["extract"], "speed_of": "output"}}
    work = funnel_work(Corpus.model_validate({**FUNNEL, "stages": stages}))
    assert work.core_hours == pytest.approx(1e7 / 3600.0)


@given(
    kept=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5),
    speed=st.floats(1.0, 1e9),
    unit=st.sampled_from(["bytes", "documents", "tokens"]),
    processor=st.sampled_from(["core", "gpu"]),
    value=st.floats(0.0, 1e16),
)
def test_hours_add_up_and_are_never_negative(kept, speed, unit, processor, value) -> None:
    stages = {
        f"stage {number}": {"kind": "heuristic_filter", "kept": share, "speed": Speed(speed, unit, processor)}
        for number, share in enumerate(kept)
    }
    work = funnel_work(Corpus.model_validate({"input": Amount(value, "tokens"), "stages": stages}))
    hours = [stage.core_hours + stage.gpu_hours for stage in work.stages]
    assert all(spent >= 0.0 for spent in hours)
    assert hours == sorted(hours, reverse=True), "there is never more to do than before"
    assert work.core_hours + work.gpu_hours == pytest.approx(sum(hours))
    assert work.wall_s >= 0.0


def test_a_corpus_without_stages_takes_nothing() -> None:
    work = funnel_work(Corpus())
    assert (work.stages, work.wall_s, work.stored_bytes, work.final_bytes) == ((), 0.0, 0.0, 0.0)
