"""The spread of a class: what it is for rows by hand, and whether it covers models that it has not seen."""

import math
import statistics
from collections.abc import Sequence

import pytest

from clustersim.calibration.rows import PublishedStep
from clustersim.calibration.score import WIDER_MODELS, class_of, score, shape_of, unseen_sigma
from clustersim.calibration.throughput import log_errors
from clustersim.step.calibrated import extrapolations_of, prediction_sigma
from clustersim.step.efficiency import Table, calibrated_table
from tests.calibration.published import published_steps

NORMAL = 1.645
ONE_NODE = ("megatron-deepspeed-2023",)
"""Software of the table of single nodes: seven hundred rows of four models, which would hide all others."""

Pairs = Sequence[tuple[PublishedStep, float]]


@pytest.mark.parametrize(("models", "student"), [(1, 2.015), (5, 1.833), (12, 1.746)])
def test_few_models_widen_as_students_t(models: int, student: float) -> None:
    # Quantiles of 95 % with 5, 9 and 16 degrees of freedom from the printed tables; the docstring gives the ratios.
    own = {(index, 1): [0.1] for index in range(models)}
    wider = [[0.1]] * WIDER_MODELS
    assert unseen_sigma(own, wider) == pytest.approx(0.1 / NORMAL * student / NORMAL, rel=1e-3)
    ratios = {1: 1.22, 5: 1.11, 12: 1.06}
    assert student / NORMAL == pytest.approx(ratios[models], abs=0.006)


def test_a_model_counts_once_however_many_rows_it_has() -> None:
    # Nine models at 0.05 and four of the other classes at 0.05: one more model at 0.4 is a fourteenth of the weight,
    # two are an eighth.
    own = {(index, 1): [0.05] for index in range(9)}
    wider = [[0.05]] * 4
    base = unseen_sigma(own, wider)
    assert unseen_sigma(own | {(20, 1): [0.4] * 100}, wider) < 1.01 * base
    assert unseen_sigma(own | {(20, 1): [0.4], (21, 1): [0.4]}, wider) > 7.0 * base


def test_other_classes_decide_where_one_model_stands_behind_a_class_and_fade_where_many_do() -> None:
    wider = [[0.3]] * 20
    assert unseen_sigma({(1, 1): [0.01] * 30}, wider) > 0.3 / NORMAL
    assert unseen_sigma({(index, 1): [0.01] for index in range(60)}, wider) < 0.02


def test_no_rows_have_no_spread() -> None:
    assert math.isnan(unseen_sigma({}, []))


def test_a_class_is_never_narrower_than_its_own_rows() -> None:
    rows = published_steps()
    errors = log_errors(rows, calibrated_table())
    for name, item in score(rows, errors).items():
        own = [abs(e) for r, e in zip(rows, errors, strict=True) if r.split == "test" and class_of(r) == name]
        if own:
            assert sum(error <= NORMAL * item.sigma * (1 + 1e-9) for error in own) >= 0.9 * len(own), name
            assert item.models_test == len({shape_of(r) for r in rows if r.split == "test" and class_of(r) == name})


def table_of(pairs: Pairs) -> Table:
    """The catalogue's parameters with the classes of these rows, as a fit writes them."""
    table = {name: fields for name, fields in calibrated_table().items() if not name.startswith("class-")}
    for name, item in score([row for row, _ in pairs], [error for _, error in pairs]).items():
        fields = {field: float(getattr(item, field)) for field in ("rows_fit", "gpus_max", "sequence_max")}
        table[f"class-{name}"] = fields if math.isnan(item.sigma) else {**fields, "sigma": item.sigma}
    return table


def covered(pair: tuple[PublishedStep, float]) -> bool:
    """Whether the 90 % interval that a forecast of the row carries holds its published time."""
    row, error = pair
    said = extrapolations_of(row.model, row.layouts[0], row.sequence_length, row.precision, row.cluster, row.stack)
    sigma = prediction_sigma(row.model, row.precision, row.cluster, row.stack, said)
    return abs(error) <= NORMAL * sigma


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    rows = published_steps()
    return list(zip(rows, log_errors(rows, calibrated_table()), strict=True))


def left_out(pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> list[tuple[PublishedStep, bool]]:
    """Held-out rows of clusters, and whether they are covered by what the rows of all other models say."""
    held_out = [pair for pair in pairs if pair[0].split == "test" and pair[0].stack not in ONE_NODE]
    found = []
    for shape in {shape_of(row) for row, _ in held_out}:
        others = table_of([(r, e) for r, e in pairs if r.split == "fit" or shape_of(r) != shape])
        monkeypatch.setattr("clustersim.step.calibrated.calibrated_table", lambda others=others: others)
        found += [(pair[0], covered(pair)) for pair in held_out if shape_of(pair[0]) == shape]
    return found


def test_intervals_cover_nine_in_ten_rows_of_models_that_they_have_not_seen(
    pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = left_out(pairs, monkeypatch)
    assert len(found) > 250
    assert 0.85 <= statistics.fmean(hit for _, hit in found) <= 0.97
    for mixture in (False, True):
        kind = [hit for row, hit in found if (row.model.mixture is not None) == mixture]
        assert 0.83 <= statistics.fmean(kind) <= 0.99, mixture
