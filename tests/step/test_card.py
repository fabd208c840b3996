"""Whose efficiencies stand in for a card, in words and in spread."""

from typing import Any

import pytest

from clustersim.scenario.schema.hardware import Accelerator
from clustersim.step.card import SIBLING_SIGMA, STRANGER_SIGMA, card_extrapolations, fitted_on
from clustersim.step.efficiency import calibrated_table, efficiency_of
from tests.step import step_cases as cases
from tests.step.test_predict import LAYOUTS, predict


def card(name: str, **changes: Any) -> Accelerator:
    return Accelerator.model_validate({"like": name} | changes)


def said(accelerator: Accelerator) -> list[tuple[str, float]]:
    return [(item.text, item.sigma) for item in card_extrapolations(accelerator)]


@pytest.mark.parametrize("name", ["a100-40gb", "a100-80gb", "h100-sxm", "h100-hbm2e-500w", "b200", "gb300"])
def test_a_card_with_fitted_step_times_needs_no_word(name: str) -> None:
    assert said(card(name)) == []


def test_a_sibling_says_on_which_card_its_efficiencies_were_fitted() -> None:
    text = "no fitted step times on h200 itself; the efficiencies of hopper stand in, fitted on h100-sxm"
    assert said(card("h200")) == [(text, SIBLING_SIGMA)]


def test_a_custom_card_says_that_its_link_placed_it() -> None:
    own = card("h100-sxm").model_copy(update={"catalogue_entry": None})
    ((text, sigma),) = said(own)
    assert text.startswith(
        "GPU without a catalogue name is placed by its link NVLink 4 alone; the efficiencies of hopper"
    )
    assert sigma == STRANGER_SIGMA


@pytest.mark.parametrize(
    "changes", [{"tdp": "500 W"}, {"memory_bandwidth": "2.4 TB/s"}, {"peak": {"bf16": "800 TFLOP/s"}}]
)
def test_a_changed_card_says_so(changes: dict[str, Any]) -> None:
    ((text, sigma),) = said(card("h100-sxm", **changes))
    assert text.startswith("GPU differs from the catalogue's h100-sxm in peak, memory bandwidth or power")
    assert sigma == STRANGER_SIGMA


def test_memory_size_changes_no_speed() -> None:
    assert said(card("h100-sxm", memory="96 GiB")) == []


def test_the_pcie_edition_does_not_take_the_clock_of_another_card() -> None:
    table = calibrated_table()
    found = efficiency_of(card("h100-pcie"), "bf16", "megatron", table)
    assert found.gemm_flop_s == pytest.approx(756e12 * table["hopper"]["gemm_bf16"])
    step = predict(LAYOUTS[0], cluster=cases.cluster(accelerator="h100-pcie", gpus=2, nics=2, nodes=64))
    assert "GPU h100-pcie has no calibrated step times; the efficiencies of hopper stand in" in step.extrapolations
    assert step.prediction_sigma >= 0.25


def test_cards_behind_an_entry() -> None:
    assert fitted_on("stack-pytorch") == ("h100-hbm2e-500w",)
    assert fitted_on("volta") == ()
