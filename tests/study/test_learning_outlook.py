from collections.abc import Mapping
from typing import Any

import pytest

from clustersim._numerals import short
from clustersim.scenario import Scenario
from clustersim.scenario.schema.model import Model
from clustersim.study.readings import learning_outlook
from clustersim.workload.parameters import count_parameters


def scenario(model: str, learning: Mapping[str, str], corpus: Mapping[str, Any] | None = None) -> Scenario:
    return Scenario.model_validate(
        {
            "name": "outlook",
            "model": model,
            "cluster": {"node": "dgx-h100", "nodes": 8},
            "training": {
                "start": "2027-01-11",
                "layout": {"data_parallel": 64},
                "phases": (
                    {"name": "a", "tokens": "1T tokens", "sequence_length": 8192, "global_batch": 512},
                    {"name": "b", "tokens": "3T tokens", "sequence_length": 8192, "global_batch": 512},
                ),
            },
            "checkpoint": {"kind": "blocking", "write_bandwidth": "20 GB/s"},
            "learning": learning,
            "corpus": corpus,
        }
    )


def test_the_ladder_counts_no_input_embedding() -> None:
    outlook = learning_outlook(scenario("olmo2-7b", {"law": "olmo-ladder-pile"}))
    assert outlook.parameters == pytest.approx(6.888e9, rel=2e-4)
    assert outlook.tokens == 4e12


def test_chinchilla_counts_all() -> None:
    outlook = learning_outlook(scenario("olmo2-7b", {"law": "chinchilla-besiroglu"}))
    assert outlook.parameters == count_parameters(Model.model_validate("olmo2-7b")).active


def test_a_mixture_counts_what_a_token_meets_and_the_report_says_so() -> None:
    outlook = learning_outlook(scenario("mixtral-8x7b", {}))
    count = count_parameters(Model.model_validate("mixtral-8x7b"))
    assert outlook.parameters == count.active - count.embedding
    assert any("active parameters stand in for those of a dense model" in line for line in outlook.extrapolations())
    assert not any("active parameters" in line for line in learning_outlook(scenario("olmo2-7b", {})).extrapolations())


def test_the_loss_is_known_from_the_first_step_to_the_last() -> None:
    outlook = learning_outlook(scenario("olmo2-7b", {}))
    loss = outlook.outlook(512 * 8192)
    found = [loss.interval(tokens) for tokens in (1.0, 1e9, 1e10, 1e11, 1e12, 4e12)]
    middles = [interval[1] for interval in found if interval]
    assert len(middles) == 6
    assert middles == sorted(middles, reverse=True)
    assert middles[0] == pytest.approx(12.1, abs=0.2)
    final = outlook.final()
    assert final is not None
    assert middles[-1] == pytest.approx(final["p50"])
    assert final["p50"] == pytest.approx(1.86, rel=0.015)
    assert "learning rate they had spent" in loss.remark(1e9)


def test_repeated_data_raise_the_forecast_by_what_the_section_on_the_corpus_says() -> None:
    corpus = {"mix": {"sources": {"all": {"share": 1.0, "unique": "400B tokens"}}}}
    fresh, repeated = (learning_outlook(scenario("olmo2-7b", {}, one)) for one in (None, corpus))
    first, second = fresh.final(), repeated.final()
    assert first is not None
    assert second is not None
    assert repeated.effective is not None
    worth = float(repeated.effective.median(4e12))
    assert second["p50"] - first["p50"] == pytest.approx(fresh.median(worth) - fresh.median(4e12), rel=0.25)
    assert repeated.at(3e11)[1] == pytest.approx(fresh.at(3e11)[1], rel=1e-3)
    section = repeated.section(1e6, 1.0)
    assert any(f"worth {short(worth)} (" in line for line in section["caveats"])
    assert repeated.price_of_a_tenth(5e11, 1e-6)[1] > 1.1 * fresh.price_of_a_tenth(5e11, 1e-6)[1]
