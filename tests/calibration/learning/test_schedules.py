import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clustersim.calibration.learning.schedule_fit import FEWEST_ROWS, fit_model
from clustersim.calibration.learning.schedule_table import ScheduleCurve
from clustersim.calibration.learning.schedules import (
    ScheduleFit,
    Widths,
    catalogue_rows,
    fit_file,
    fit_schedules,
    main,
    parameter_errors,
    read_published,
    shipped_fit,
)
from clustersim.learning.loss.multi_power import MultiPowerLaw, multi_power_loss
from clustersim.learning.loss.tissue import TissueLaw, tissue_loss
from clustersim.tables.csv_lines import TableError

ROOT = Path(__file__).parents[3]
DATA = ROOT / "validation" / "published" / "schedule_curves.csv"
SIZES = ("25M", "100M", "400M")
STEPS = np.arange(100, 3001, 50)


@pytest.fixture(scope="module")
def published():
    return read_published(DATA, "fit")


@pytest.fixture(scope="module")
def fit(published):
    return fit_schedules(published)


def run(schedule: str, rates: np.ndarray, loss: np.ndarray) -> ScheduleCurve:
    return ScheduleCurve("m", schedule, rates, STEPS, loss[STEPS - 1], tuple(range(len(STEPS))))


def shapes() -> dict[str, np.ndarray]:
    warm = np.linspace(0.01, 1.0, 100)
    falling = 0.55 + 0.45 * np.cos(np.pi * np.linspace(0.0, 1.0, 2900))
    dropped = np.where(np.arange(2900) < 1500, 1.0, 0.3)
    return {
        name: 1e-3 * np.concatenate([warm, after])
        for name, after in {"constant": np.ones(2900), "cosine": falling, "drop": dropped}.items()
    }


def test_a_tissue_law_is_recovered():
    law = TissueLaw(2.5, 0.3, 0.5, 0.8, 0.998, 1e4)
    laws = fit_model([run(name, rates, tissue_loss(law, rates / 1e-3)) for name, rates in shapes().items()], 0.998)
    assert laws.tissue.floor_nats == pytest.approx(2.5, abs=1e-4)
    assert (laws.tissue.scale, laws.tissue.power, laws.tissue.annealing) == pytest.approx((0.3, 0.5, 0.8), rel=1e-3)
    assert laws.peak == pytest.approx(1e-3)
    assert laws.warmup_steps == 100


def test_a_multi_power_law_is_recovered_in_what_it_predicts():
    law = MultiPowerLaw(2.5, 20.0, 0.45, 0.3, 0.05, 0.6, 0.6)
    fitted = fit_model([run(n, rates, multi_power_loss(law, rates / 1e-3)) for n, rates in shapes().items()])
    unseen = np.concatenate([np.linspace(0.01, 1.0, 100), np.ones(2000), np.linspace(1.0, 0.1, 900)])
    assert multi_power_loss(fitted.multi_power, unseen, STEPS) == pytest.approx(
        multi_power_loss(law, unseen, STEPS), abs=1e-3
    )


def test_one_curve_is_fitted_by_tissue_alone_and_a_constant_one_by_the_annealing_of_others():
    law = TissueLaw(2.5, 0.3, 0.5, 0.8, 0.999, 1e4)
    by_name = {name: run(name, rates, tissue_loss(law, rates / 1e-3)) for name, rates in shapes().items()}
    one = fit_model([by_name["cosine"]])
    assert one.multi_power is None
    assert not one.assumed_annealing
    flat = fit_model([by_name["constant"]])
    assert flat.assumed_annealing
    assert flat.losses(by_name["constant"])[0] == pytest.approx(by_name["constant"].loss_nats, abs=0.01)
    area_alone = tissue_loss(flat.tissue, shapes()["drop"] / 1e-3)[STEPS - 1]
    assert flat.losses(by_name["drop"])[0][-1] < 0.98 * area_alone[-1]


def test_too_few_rows_are_not_fitted():
    law = TissueLaw(2.5, 0.3, 0.5, 0.8)
    whole = run("cosine", shapes()["cosine"], tissue_loss(law, shapes()["cosine"] / 1e-3))
    assert fit_model([whole.until(int(STEPS[FEWEST_ROWS - 2]))]) is None
    assert fit_model([]) is None


@pytest.mark.parametrize("size", SIZES)
def test_unseen_schedules_come_out_within_a_hundredth_of_a_nat(fit, size):
    test = [curve for curve in read_published(DATA, "test") if curve.model == size]
    assert {curve.schedule for curve in test} == {"constant_72000", "wsd_20000_24000", "wsdcon_18"}
    errors = {curve.schedule: fit.models[size].losses(curve)[0] - curve.loss_nats for curve in test}
    mean = float(np.mean([np.mean(np.abs(error)) for error in errors.values()]))
    assert mean < {"25M": 0.006, "100M": 0.004, "400M": 0.0055}[size]
    assert all(np.mean(np.abs(error)) < 0.01 for error in errors.values())


def test_nine_in_ten_of_the_unseen_points_lie_inside(fit):
    inside = {}
    for curve in read_published(DATA, "test"):
        laws = fit.models[curve.model]
        error = np.abs(laws.losses(curve)[0] - curve.loss_nats)
        inside[curve.model, curve.schedule] = float(np.mean(error <= fit.widths.half_width(laws, curve)))
    assert 0.85 <= np.mean(list(inside.values())) <= 0.97
    assert min(inside.values()) > 0.75


def test_intervals_grow_beyond_the_fit_and_with_fewer_schedules(fit):
    laws = fit.models["400M"]
    (longest,) = (c for c in read_published(DATA, "test") if (c.model, c.schedule) == ("400M", "constant_72000"))
    widths = fit.widths.half_width(laws, longest)
    assert widths[-1] > 1.5 * widths[5]
    assert fit.widths.several < fit.widths.one < fit.widths.no_fall
    assert fit.widths.beyond < fit.widths.one_beyond


def test_models_with_few_schedules_take_the_widths_of_others(published):
    one = [curve for curve in published if curve.schedule == "cosine_24000"]
    given = Widths(0.01, 0.02, 0.03, 0.04, 0.05)
    assert fit_schedules(one, given).widths == given
    with pytest.raises(ValueError, match="no widths"):
        fit_schedules(one)


def test_the_shipped_fit_is_that_of_the_table(fit):
    shipped = shipped_fit()
    assert tuple(shipped.models) == SIZES
    for size in SIZES:
        ours, theirs = fit.models[size], shipped.models[size]
        assert theirs.tissue.floor_nats == pytest.approx(ours.tissue.floor_nats, abs=1e-3)
        assert (theirs.peak, theirs.schedules, theirs.warmup_steps) == (ours.peak, 3, ours.warmup_steps)
    assert shipped.widths.several == pytest.approx(fit.widths.several, rel=0.02)


def test_bootstrapped_errors_are_small_against_the_parameters(published, fit):
    own = [curve for curve in published if curve.model == "100M"]
    errors = parameter_errors(own, fit.models["100M"], draws=4)
    assert 0.0 < errors["tissue.floor_nats"] < 0.05
    assert errors["tissue.memory"] == 0.0
    assert parameter_errors(own, fit.models["100M"], draws=1) == {}


def test_every_row_of_the_catalogue_has_a_source():
    rows = catalogue_rows(DATA, draws=1)
    assert {entry for entry, *_ in rows} == {*SIZES, "widths"}
    assert all(source for *_, source in rows)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_to_fit_says_all_its_faults_at_once(tmp_path):
    path = write(tmp_path / "fit.csv", "model,schedule,step,lr,loss\nm,s,a,1,3\nm,s,1,b,3\n")
    with pytest.raises(TableError) as caught:
        fit_file(path)
    assert str(caught.value).splitlines() == [
        f"{path}:2: step: 'a' is not a number",
        f"{path}:3: lr: 'b' is not a number",
    ]


def test_a_file_without_enough_rows_is_refused(tmp_path):
    path = write(tmp_path / "fit.csv", "model,schedule,step,lr,loss\nm,s,1,1,3\n")
    with pytest.raises(TableError, match="no model has rows enough"):
        fit_file(path)
    with pytest.raises(TableError, match="no model has rows enough"):
        fit_file(write(tmp_path / "empty.csv", "model,schedule,step,lr,loss\n"))


def without_losses(path: Path, kept: tuple[str, ...]) -> Path:
    """The curves of one model, the losses left of some schedules alone."""
    with DATA.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["model"] == "25M"]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row if row["schedule"] in kept else row | {"loss": ""} for row in rows)
    return path


def test_schedules_without_a_loss_measure_no_error_of_their_own(tmp_path):
    fit = fit_file(without_losses(tmp_path / "curves.csv", ("cosine_24000",)))
    assert set(fit.models) == {"25M"}
    assert fit.widths == shipped_fit().widths


def test_a_file_without_any_loss_is_refused(tmp_path):
    with pytest.raises(TableError, match="no model has rows enough to fit"):
        fit_file(without_losses(tmp_path / "curves.csv", ()))


def test_a_fit_does_not_look_at_other_models(published):
    only = fit_schedules([curve for curve in published if curve.model == "25M"])
    louder = [curve if curve.model == "25M" else replace(curve, loss_nats=curve.loss_nats + 1.0) for curve in published]
    assert isinstance(only, ScheduleFit)
    assert fit_schedules(louder).models["25M"].tissue.power == pytest.approx(only.models["25M"].tissue.power, rel=0.1)


def test_the_command_writes_the_table(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "clustersim.calibration.learning.schedules.catalogue_rows", lambda _: [("a", "peak", "1", "source, 2024")]
    )
    out = tmp_path / "laws.csv"
    assert main(["--data", str(DATA), "--out", str(out)]) == 0
    with out.open(encoding="utf-8", newline="") as lines:
        assert list(csv.DictReader(lines)) == [{"entry": "a", "field": "peak", "value": "1", "source": "source, 2024"}]


@pytest.mark.parametrize("size", SIZES)
def test_a_constant_schedule_and_the_annealing_of_other_runs_tell_what_a_decay_gains(published, size):
    laws = fit_model([c for c in published if (c.model, c.schedule) == (size, "constant_24000")])
    (decay,) = (c for c in read_published(DATA, "test") if (c.model, c.schedule) == (size, "wsd_20000_24000"))
    assert laws.assumed_annealing
    assert float(np.mean(np.abs(laws.losses(decay)[0] - decay.loss_nats))) < 0.012
