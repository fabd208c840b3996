import csv
from pathlib import Path

import numpy as np
import pytest

from clustersim.calibration.learning.accuracy_law import (
    LOSSES,
    TaskRuns,
    catalogue_rows,
    errors_beyond,
    fit_accuracy,
    fit_accuracy_laws,
    main,
    read_tasks,
)
from clustersim.calibration.learning.loss_law import Runs, fit_loss_law
from clustersim.learning import loss_nats
from clustersim.learning.capability import accuracy, accuracy_law

DATA = Path(__file__).parents[3] / "validation" / "published" / "olmo_ladder_tasks.csv"
PILE, ANSWER = (LOSSES[name][0] for name in ("pile", "answer"))
TRUTH = np.array([2.3, 3.0, 0.25, 0.92])


def made_up(noise=0.0):
    parameters = np.repeat([2e8, 4e8, 8e8, 1.3e9, 3e9], 5)
    loss = 2.0 + 40.0 * parameters**-0.2 + np.tile(np.linspace(0.3, 0.0, 5), 5)
    draw = np.random.default_rng(3).normal(0.0, 1.0, len(loss))
    return TaskRuns(parameters, parameters * 20, loss, accuracy(TRUTH, loss) + noise * draw, 0.25)


def test_the_ladder_is_fitted_and_olmo2_is_held_out():
    fit, test = read_tasks(DATA, PILE, "fit"), read_tasks(DATA, PILE, "test")
    assert len(fit) == 8
    assert all(len(runs.loss) == 25 and runs.parameters.max() < 3.2e9 for runs in fit.values())
    assert sum(len(runs.loss) for runs in test.values()) == 14
    assert all(runs.parameters.min() > 6e9 for runs in test.values())


def test_a_known_law_is_recovered():
    runs = made_up()
    at = np.linspace(2.0, 3.2, 20)
    assert accuracy(fit_accuracy(runs), at) == pytest.approx(accuracy(TRUTH, at), abs=0.02)


def test_the_ladders_accuracies_are_fitted_to_about_a_point():
    for runs in read_tasks(DATA, PILE, "fit").values():
        error = accuracy(fit_accuracy(runs), runs.loss) - runs.accuracy
        assert float(np.sqrt(np.mean(np.square(error)))) < 0.015


def test_smaller_ladders_err_more_the_further_they_reach():
    assert np.abs(errors_beyond(made_up())).max() < 0.1
    pooled = np.concatenate([errors_beyond(runs) for runs in read_tasks(DATA, PILE, "fit").values()])
    assert float(np.sqrt(np.mean(np.square(pooled)))) == pytest.approx(
        accuracy_law("piqa_val-pile").form_sd_per_unit, rel=0.01
    )


def test_the_two_steps_through_the_answers_own_loss_are_within_ten_points_too():
    # Worked out apart: from bits per byte of the answers to accuracy, HellaSwag 0.832, PIQA 0.811, ARC-C 0.532 for 13B.
    fit, test = read_tasks(DATA, ANSWER, "fit"), read_tasks(DATA, PILE, "test")
    for task, runs in test.items():
        ladder = fit[task]
        loss = fit_loss_law(Runs(ladder.parameters, ladder.tokens, ladder.loss), draws=1).best
        for size, tokens, measured in zip(runs.parameters, runs.tokens, runs.accuracy, strict=True):
            forecast = accuracy(accuracy_law(f"{task}-answer").best, loss_nats(loss, float(size), tokens))
            assert float(forecast) == pytest.approx(float(measured), abs=0.10)


def test_the_catalogue_holds_what_the_fit_gives():
    tasks = read_tasks(DATA, PILE, "fit")
    for task, law in fit_accuracy_laws(tasks, "pile", draws=1).items():
        shipped = accuracy_law(f"{task}-pile")
        assert shipped.best == pytest.approx(law.best, rel=2e-3)
        assert shipped.score_sd == pytest.approx(law.score_sd, rel=2e-3)
        assert shipped.lowest_loss == pytest.approx(law.lowest_loss, rel=1e-4)


def test_the_command_writes_the_table(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "clustersim.calibration.learning.accuracy_law.catalogue_rows", lambda data: catalogue_rows(data, draws=1)
    )
    out = tmp_path / "laws.csv"
    assert main(["--data", str(DATA), "--out", str(out)]) == 0
    with out.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len({row["entry"] for row in rows}) == 16
    assert all(row["source"] for row in rows)
