"""The fit of the recipes: known rates come back, runs left out stay inside, the catalogue is what the data gives."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from clustersim.calibration.learning.spikes import (
    RECIPES,
    SpikeRun,
    catalogue_rows,
    fit_spikes,
    main,
    read_spikes,
)
from clustersim.learning.optimizer.spikes import count_interval

ROOT = Path(__file__).parents[3]
SPIKES = ROOT / "validation" / "published" / "loss_spikes.csv"
DIVERGENCES = ROOT / "validation" / "published" / "divergences.csv"
TABLE = ROOT / "clustersim" / "catalog" / "data" / "recipes.csv"


def made_up(mean: float, shape: float, runs: int, name: str, seed: int) -> list[SpikeRun]:
    generator = np.random.default_rng(seed)
    counts = generator.poisson(mean / shape * generator.standard_gamma(shape, runs))
    return [SpikeRun(f"run {number}", name, 1e12, int(count)) for number, count in enumerate(counts)]


def test_known_rates_and_their_spread_come_back_from_many_runs():
    runs = [*made_up(4.0, 2.0, 400, "often", 1), *made_up(0.5, 2.0, 400, "seldom", 2)]
    fit = fit_spikes(runs)
    for name, mean in (("often", 4.0), ("seldom", 0.5)):
        error = math.sqrt(mean * (1.0 + mean / 2.0) / 400)
        assert fit.rates[name].per_token * 1e12 == pytest.approx(mean, abs=4.0 * error)
        assert fit.rates[name].shape == pytest.approx(fit.shape, rel=0.02), "the mean is known well"
    assert fit.shape == pytest.approx(2.0, rel=0.3)


def test_the_less_is_known_the_wider_is_a_new_run():
    few, many = (fit_spikes(made_up(4.0, 2.0, runs, "often", 3)).rates["often"] for runs in (3, 300))
    assert few.shape < many.shape


def test_runs_without_any_spike_leave_some_for_the_next():
    zero = fit_spikes([SpikeRun("a", "modern", 15e12, 0), SpikeRun("b", "modern", 15e12, 0)]).rates["modern"]
    assert 0.0 < zero.expected(15e12) < 1.0
    assert count_interval(zero, 15e12)[1] == 0.0


def test_nine_of_the_ten_published_runs_lie_inside_when_left_out():
    runs = read_spikes(SPIKES)
    outside = []
    for number, run in enumerate(runs):
        rate = fit_spikes([*runs[:number], *runs[number + 1 :]]).rates[run.recipe]
        low, _, high = count_interval(rate, run.tokens)
        if not low <= run.rewinds <= high:
            outside.append(run.name)
    assert len(runs) == 10
    assert outside == ["PaLM 540B"]


def test_the_catalogue_is_what_the_data_gives(tmp_path: Path):
    out = tmp_path / "recipes.csv"
    assert main(["--spikes", str(SPIKES), "--divergences", str(DIVERGENCES), "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == TABLE.read_text(encoding="utf-8")


def test_each_recipe_says_which_runs_it_rests_on():
    rows = {(entry, field): source for entry, field, _, source in catalogue_rows(SPIKES, DIVERGENCES)}
    assert "PaLM 540B 20 in 780B" in rows["classic", "spikes_per_trillion_tokens"]
    assert "2 of 4 published lineages" in rows["fragile", "divergence"]
    assert {entry for entry, _ in rows} == set(RECIPES)


@pytest.mark.parametrize("table", [SPIKES, DIVERGENCES])
def test_every_published_row_has_a_recipe_and_a_source(table: Path):
    with table.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            assert row["recipe"] in RECIPES
            assert row["source"]
            assert row["use"] == "fit"
