from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.bill import LossOutlook, PlanFacts, audit
from clustersim.learning import loss_interval, loss_law, untrained_interval
from clustersim.scenario.schema.readings import CLAIMED_QUANTITIES, Claim

HOUR, DAY = 3600.0, 86400.0
MONTH_DAYS = 30.4375
SOURCE = "a lesson (2025)"
SEED = PlanFacts(
    gpus=8192,
    tokens=15e12,
    steps=15e12 / (16 * 2**20),
    micro_batches=15e12 / (16 * 2**20) * 32,
    replicas=64,
    price_low_usd_per_gpu_s=2.0 / HOUR,
    price_high_usd_per_gpu_s=3.0 / HOUR,
)
FORECAST = {
    ("gpu_time", None, None): (28.1e6 * HOUR, 29.9e6 * HOUR, 31.9e6 * HOUR),
    ("wall_time", None, None): (140 * DAY, 152 * DAY, 165 * DAY),
    ("cost", None, None): (62e6, 75e6, 88e6),
    ("effective_training_time", "54 days", None): (0.90, 0.92, 0.94),
    ("unexpected_interruptions", "54 days", None): (387.0, 421.0, 455.0),
    ("model_flops_per_gpu", None, "main"): (377e12, 400e12, 443e12),
}


def claim(quantity, **given_):
    return Claim(quantity=quantity, source=SOURCE, **given_)


def outlook(name="olmo-ladder-pile"):
    law = loss_law(name)
    return LossOutlook(
        law.corpus,
        law.tokenizer,
        16 * 2**20,
        law.min_tokens,
        15e12,
        untrained_interval(128_256),
        lambda tokens: loss_interval(law, 405e9, tokens),
    )


def judge(claim_, loss=None):
    return audit([claim_], FORECAST, SEED, loss)[0]


def test_a_claim_inside_the_interval():
    result = judge(claim("gpu_time", equals="30.84M GPU-hours"))
    assert result["verdict"] == "inside"
    assert result["sentence"].startswith(
        "Claimed 30.84M GPU-hours; forecast 29.9M (90 % interval 28.1M to 31.9M): inside. Counted: every GPU of the job"
    )
    assert result["unit"] == "GPU-hours"
    assert result["claimed_low"] == result["claimed_high"] == pytest.approx(30.84e6)
    assert result["forecast_p5"] == pytest.approx(28.1e6)
    assert result["source"] == SOURCE


def test_a_claim_below_the_interval_is_too_low_and_says_by_how_much():
    result = judge(claim("wall_time", equals="3 months"))
    assert result["verdict"] == "too_low"
    assert "Claimed 91.31 days from start to finish; forecast 152 (90 % interval 140 to 165)" in result["sentence"]
    assert "too low, 40 % below the forecast" in result["sentence"]


def test_a_claim_above_the_interval_is_too_high():
    result = judge(claim("gpu_time", equals="35M GPU-hours"))
    assert result["verdict"] == "too_high"
    assert "too high, 17 % above the forecast" in result["sentence"]


def test_a_claim_far_off_is_told_as_a_factor():
    assert "the forecast is 5.07 times as much" in judge(claim("wall_time", equals="30 days"))["sentence"]
    assert "too high, 2.01 times the forecast" in judge(claim("gpu_time", equals="60M GPU-hours"))["sentence"]


@pytest.mark.parametrize(
    ("bounds", "verdict", "words"),
    [
        (
            {"at_least": "$60M", "at_most": "$90M"},
            "inside",
            "Claimed $60M to $90M for the run; forecast $75M (90 % interval $62M",
        ),
        ({"at_least": "$50M"}, "inside", "Claimed at least $50M for the run; forecast $75M"),
        ({"at_least": "$70M"}, "inside", "inside at the median, but below in more than one run of twenty."),
        (
            {"at_least": "$70M", "at_most": "$80M"},
            "inside",
            "but below in more than one run of twenty and above in more",
        ),
        ({"at_least": "$80M"}, "too_high", "too high, 6.7 % above the forecast"),
        ({"at_most": "$70M"}, "too_low", "too low, 6.7 % below the forecast"),
        ({"at_most": "$100M"}, "inside", "Claimed at most $100M"),
    ],
)
def test_bounds_are_judged_at_the_median_and_speak_of_the_tail(bounds, verdict, words):
    result = judge(claim("cost", **bounds))
    assert result["verdict"] == verdict
    assert words in result["sentence"]


@pytest.mark.parametrize(
    ("days", "band", "verdict", "words"),
    [
        (138, (130, 150), "too_low", "Claimed 138 (130 to 150) days from start to finish; forecast 152"),
        (138, (130, 155), "inside", "(90 % interval 140 to 165): inside."),
        (160, (159, 161), "inside", "(90 % interval 140 to 165): inside."),
        (170, (169, 171), "too_high", "too high, 12 % above the forecast"),
    ],
)
def test_a_number_with_a_band_agrees_by_its_interval_or_by_its_band(days, band, verdict, words):
    low, high = (f"{end} days" for end in band)
    result = judge(claim("wall_time", equals=f"{days} days", at_least=low, at_most=high))
    assert result["verdict"] == verdict
    assert words in result["sentence"]
    assert [result[name] for name in ("claimed", "claimed_low", "claimed_high")] == pytest.approx([days, *band])


def test_a_range_claims_no_one_number():
    assert judge(claim("cost", at_least="$60M", at_most="$90M"))["claimed"] is None


def test_failures_of_some_components_are_compared_with_their_own_forecast():
    of_gpus = claim("unexpected_interruptions", equals=268, window="54 days", components=("gpu", "hbm"))
    key = ("unexpected_interruptions", "54 days", None, ("gpu", "hbm"))
    (result,) = audit([of_gpus], FORECAST | {key: (240.0, 265.0, 290.0)}, SEED)
    assert result["verdict"] == "inside"
    assert result["of"] == ["gpu", "hbm"]
    assert result["sentence"].startswith("54 days: claimed 268 unexpected interruptions of gpu, hbm; forecast 265")
    assert judge(of_gpus)["verdict"] == "not_covered"


def test_windows_and_phases_are_named_and_compared_with_their_own_forecast():
    result = judge(claim("effective_training_time", at_least="90 %", window="54 days"))
    assert result["verdict"] == "inside"
    assert result["window"] == "54 days"
    assert result["sentence"].startswith("54 days: claimed at least 90 % effective training time; forecast 92 % (90 %")
    assert judge(claim("unexpected_interruptions", equals=419, window="54 days"))["verdict"] == "inside"
    assert judge(claim("model_flops_per_gpu", equals="400 TFLOP/s", phase="main"))["forecast_p50"] == pytest.approx(400)


def test_what_is_not_forecast_gets_no_verdict():
    result = judge(claim("step_time", equals="5 s"))
    assert result["verdict"] == "not_covered"
    assert result["forecast_p50"] is None
    assert "not covered" in result["sentence"]


def test_a_million_steps_are_not_billions():
    result = judge(claim("steps", at_least="1B"))
    assert result["verdict"] == "too_high"
    assert result["forecast_p50"] == pytest.approx(894_070, rel=1e-5)
    assert "Claimed at least 1B optimizer steps; forecast 894,070, fixed by the plan: too high" in result["sentence"]
    assert "1,118 times the forecast" in result["sentence"]
    assert "28.6M on each replica; only summed over 64 replicas" in result["sentence"]
    assert "1.83B" in result["sentence"]


def test_rounded_claims_agree_with_what_the_plan_fixes():
    assert judge(claim("gpus", equals=8192))["verdict"] == "inside"
    assert judge(claim("tokens", equals="14.8T tokens"))["verdict"] == "inside"
    assert judge(claim("tokens", equals="13T tokens"))["verdict"] == "too_low"


class TestLoss:
    def test_no_run_starts_at_6_4(self):
        result = judge(claim("loss", equals=6.4, at="1 token"), outlook())
        assert result["verdict"] == "too_low"
        assert result["forecast_p5"] == pytest.approx(11.76, abs=0.005)
        assert result["sentence"].startswith(
            "Claimed 6.4 nats/token at the start; forecast 12.3 (90 % interval 11.8 to 12.9)"
        )
        assert "untrained model" in result["sentence"]

    def test_the_first_billion_tokens_are_forecast_where_the_transient_is_known(self):
        known = replace(outlook(), early=lambda _tokens: (5.7, 7.9, 12.6))
        result = judge(claim("loss", equals=4.2, at="1B tokens"), known)
        assert result["verdict"] == "too_low"
        assert result["forecast_p50"] == 7.9
        assert "learning rate they had spent" in result["sentence"]

    def test_the_first_billion_tokens_are_not_covered_where_it_is_not(self):
        result = judge(claim("loss", equals=4.2, at="1B tokens"), outlook())
        assert result["verdict"] == "not_covered"
        assert "speaks from 1.91B tokens on" in result["sentence"]
        assert "12.3 nats/token, the loss of random weights" in result["sentence"]

    @pytest.mark.parametrize("name", ["olmo-ladder-pile", "olmo-ladder-c4", "chinchilla-besiroglu"])
    def test_2_9_after_100b_tokens_is_too_high(self, name):
        result = judge(claim("loss", equals=2.9, at="100B tokens"), outlook(name))
        assert result["verdict"] == "too_high"
        assert result["sentence"].startswith("Claimed 2.9 nats/token after 100B tokens; forecast ")
        assert "Read in the middle of the run" in result["sentence"]

    @pytest.mark.parametrize("name", ["olmo-ladder-pile", "olmo-ladder-c4", "chinchilla-besiroglu"])
    def test_1_4_at_the_end_is_too_low_on_every_law(self, name):
        result = judge(claim("loss", equals=1.4), outlook(name))
        assert result["verdict"] == "too_low"
        assert result["sentence"].startswith("Claimed 1.4 nats/token at the end; forecast ")
        assert outlook(name).corpus in result["sentence"]
        assert "middle of the run" not in result["sentence"]

    def test_without_a_law_nothing_is_said(self):
        assert judge(claim("loss", equals=1.4))["verdict"] == "not_covered"


def test_contradictions_come_after_the_claims():
    claims = [
        claim("gpus", equals=8192),
        claim("gpu_time", equals="30M GPU-hours"),
        claim("wall_time", equals="3 months"),
    ]
    results = audit(claims, FORECAST, SEED)
    assert [result["verdict"] for result in results] == ["inside", "inside", "too_low", "inconsistent"]
    assert results[-1]["quantity"] == "gpu_time"
    assert results[-1]["forecast_p50"] == pytest.approx(8192 * 3 * MONTH_DAYS * 24)


@given(
    st.sampled_from(["gpu_time", "wall_time", "cost"]),
    st.floats(1e-3, 1e3),
    st.lists(st.floats(0.1, 10.0), min_size=3, max_size=3).map(sorted),
)
def test_a_single_value_is_inside_exactly_when_it_is_in_the_interval(quantity, value, interval):
    unit = {"gpu_time": ("GPU-hours", HOUR), "wall_time": ("days", DAY), "cost": ("USD", 1.0)}[quantity]
    p5, p50, p95 = (end * unit[1] for end in interval)
    if p5 == p95:
        return
    (result,) = audit(
        [claim(quantity, equals=f"{value:.9f} {unit[0]}")], {(quantity, None, None): (p5, p50, p95)}, SEED
    )
    low = result["claimed_low"]
    expected = "too_low" if low < result["forecast_p5"] else "too_high" if low > result["forecast_p95"] else "inside"
    assert result["verdict"] == expected


def test_every_quantity_a_claim_may_name_can_be_shown():
    from clustersim.bill.quantities import QUANTITIES

    assert set(QUANTITIES) == set(CLAIMED_QUANTITIES)
