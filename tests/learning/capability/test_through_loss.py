import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.catalog import UnknownEntry
from clustersim.learning import final_loss, loss_law
from clustersim.learning.capability import accuracy, accuracy_draws, accuracy_law
from clustersim.learning.capability.through_loss import accuracy_laws

PUBLISHED = Path(__file__).parents[3] / "validation" / "published" / "olmo_ladder_tasks.csv"
TOLERANCE = 0.10


def held_out():
    """Task, run, size, tokens, measured accuracy of the runs that no fit has seen."""
    with PUBLISHED.open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["use"] == "test"]
    return [(r["task"], r["run"], float(r["parameters"]), float(r["tokens"]), float(r["accuracy"])) for r in rows]


def forecast(task, size, tokens):
    losses = final_loss(loss_law("olmo-ladder-pile"), size, tokens)
    return np.quantile(accuracy_draws(accuracy_law(f"{task}-pile"), losses), (0.05, 0.5, 0.95)).tolist()


@pytest.mark.parametrize(("task", "run", "size", "tokens", "measured"), held_out())
def test_olmo2_7b_and_13b_are_predicted_within_ten_points_from_runs_up_to_3b(task, run, size, tokens, measured):
    assert forecast(task, size, tokens)[1] == pytest.approx(measured, abs=TOLERANCE), run


def test_the_interval_holds_the_held_out_runs_and_knowledge_comes_out_too_low():
    inside, knowledge = [], []
    for task, _, size, tokens, measured in held_out():
        low, middle, high = forecast(task, size, tokens)
        inside.append(low <= measured <= high)
        if task.startswith(("arc", "mmlu")):
            knowledge.append(middle - measured)
    assert len(inside) == 14
    assert sum(inside) == 13  # all but ARC Challenge of the 7B
    assert max(knowledge) < 0.0
    assert "too low" in accuracy_law("arc_challenge_test-pile").caveat
    assert accuracy_law("hellaswag_val-pile").caveat == ""


@given(st.sampled_from(accuracy_laws()), st.floats(0.1, 4.0), st.floats(0.01, 1.0))
def test_a_lower_loss_never_hurts_and_accuracy_keeps_between_floor_and_ceiling(name, loss, less):
    best = accuracy_law(name).best
    at, better = float(accuracy(best, loss)), float(accuracy(best, loss - less))
    assert best[2] <= at <= better <= best[3]


def test_an_uncertain_loss_gives_an_uncertain_accuracy():
    law = accuracy_law("hellaswag_val-pile")
    sure = accuracy_draws(law, 2.2)
    unsure = accuracy_draws(law, np.linspace(2.0, 2.4, 400))
    assert sure.shape == (400,)
    assert float(unsure.std()) > 2.0 * float(sure.std())
    assert np.array_equal(sure, accuracy_draws(law, 2.2))


def test_below_the_fitted_losses_the_error_of_the_form_grows():
    law = accuracy_law("piqa_val-pile")
    inside, outside = float(law.sigma(law.lowest_loss + 0.1)), float(law.sigma(law.lowest_loss - 0.3))
    assert inside == pytest.approx(float(np.hypot(law.score_sd, law.recipe_sd)))
    assert outside > inside + 0.01


def test_the_catalogue_has_each_task_for_both_losses():
    assert len(accuracy_laws()) == 16
    assert all(accuracy_law(name).draws.shape == (100, 4) for name in accuracy_laws())
    with pytest.raises(UnknownEntry, match="hellaswag_val-pile"):
        accuracy_law("hellaswag-pile")
