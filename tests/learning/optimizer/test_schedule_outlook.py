import json

import pytest

from clustersim.learning import loss_law
from clustersim.learning.optimizer.plan import batch_ramp, schedule_of
from clustersim.learning.optimizer.schedule_outlook import schedule_outlook
from clustersim.scenario.schema.training import Training

PLAN = {
    "start": "2027-01-11",
    "layout": {"data_parallel": 64},
    "phases": (
        {"name": "small batch", "tokens": "200B tokens", "sequence_length": 4096, "global_batch": 512},
        {"name": "large batch", "tokens": "800B tokens", "sequence_length": 4096, "global_batch": 1024},
    ),
}


def training(**rate: object) -> Training:
    return Training.model_validate({**PLAN, "optimizer": {"learning_rate": rate}})


def outlook(**rate: object):
    return schedule_outlook(training(**rate), loss_law("olmo-ladder-c4"), 7e9)


def test_a_plan_that_says_nothing_warms_up_for_two_per_cent_and_falls_by_a_cosine_to_one():
    plain = training()
    ramp = batch_ramp(plain)
    schedule = schedule_of(plain.optimizer.learning_rate, ramp)
    # 200B / 2.1M tokens and 800B / 4.2M.
    assert ramp.steps == pytest.approx(95_367.4 + 190_734.9, rel=1e-5)
    assert (schedule.kind, schedule.floor) == ("cosine", 0.01)
    assert schedule.warmup_steps == pytest.approx(0.02 * ramp.steps)


def test_llama_3_keeps_its_8000_steps():
    long = Training.model_validate(
        {**PLAN, "phases": ({"name": "all", "tokens": "15T tokens", "sequence_length": 8192, "global_batch": 2048},)}
    )
    assert schedule_of(long.optimizer.learning_rate, batch_ramp(long)).warmup_steps == 8_000


def test_the_warm_up_may_be_given_in_tokens_through_the_ramp_of_batches():
    plain = training(warmup_tokens="300B tokens")
    schedule = schedule_of(plain.optimizer.learning_rate, batch_ramp(plain))
    assert schedule.warmup_steps == pytest.approx(95_367.4 + 100e9 / 4096 / 1024, rel=1e-5)


def test_the_section_is_plain_and_its_curve_falls():
    section = outlook()
    json.dumps(section, allow_nan=False)
    middle = [point["p50"] for point in section["curve"]]
    assert len(middle) > 20
    assert middle == sorted(middle, reverse=True)
    assert all(point["p5"] < point["p50"] < point["p95"] for point in section["curve"])
    assert section["curve"][-1]["tokens"] == pytest.approx(1e12)
    assert section["caveats"]
    assert section["sources"]


def test_learning_rates_are_shown_where_the_peak_is_known():
    rates = outlook(peak=8e-5)["learning_rates"]
    assert max(point["learning_rate"] for point in rates) == pytest.approx(8e-5)
    assert rates[-1]["learning_rate"] == pytest.approx(8e-7)
    assert all(point["learning_rate"] is None for point in outlook()["learning_rates"])


@pytest.mark.parametrize(
    ("base", "changed"),
    [
        ({}, {"schedule": "linear"}),
        ({}, {"peak": 1e-4}),
        ({}, {"warmup_steps": 20_000.0}),
        ({}, {"warmup_tokens": "100B tokens"}),
        ({}, {"floor": "10 %"}),
        ({"schedule": "wsd"}, {"cooldown_share": "40 %"}),
        ({"schedule": "wsd"}, {"cooldown": "linear"}),
        (
            {"schedule": "drops", "points": ({"at": "500B tokens", "share": "30 %"},)},
            {"points": ({"at": "500B tokens", "share": "10 %"},)},
        ),
        (
            {"schedule": "points", "points": ({"at": "500B tokens", "share": "30 %"},)},
            {"points": ({"at": "600B tokens", "share": "30 %"},)},
        ),
    ],
)
def test_every_setting_changes_the_section(base, changed):
    before, after = outlook(**base), outlook(**{**base, **changed})
    if "peak" in changed:
        assert before["learning_rates"] != after["learning_rates"]
    else:
        assert before["curve"] != after["curve"]


def test_what_if_leaves_out_the_plans_own_schedule():
    names = [row["name"] for row in outlook(floor="10 %")["what_if"]]
    assert "cosine to 10 %" not in names
    assert {"constant, no decay", "twice the peak", "half the peak"} <= set(names)
    assert "cosine to 10 %" in [row["name"] for row in outlook()["what_if"]]


def test_the_multi_power_law_is_heard_too():
    found = outlook(peak=3e-4)
    rows = {row["name"]: row["multi_power_nats"] for row in found["what_if"]}
    assert rows["twice the peak"] is None
    assert rows["constant, no decay"]["low"] > 0.02
    (told,) = (line for line in found["caveats"] if line.startswith("By the multi-power law instead"))
    assert f"constant, no decay {rows['constant, no decay']['middle']:+.3f} (" in told
