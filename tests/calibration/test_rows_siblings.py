"""A row takes the shape that complete rows of its model say, and nothing that it contradicts."""

from clustersim.calibration.rows.siblings import borrow_shapes

COMPLETE = {
    "source": "s",
    "model": "m",
    "missing": "",
    "n_layers": "72",
    "hidden": "14336",
    "n_heads": "64",
    "vocab": "250880",
}
GAP = {"source": "s", "model": "m", "missing": "n_layers hidden n_heads", "n_layers": "", "hidden": "", "n_heads": ""}


def borrowed(*rows: dict[str, str]) -> dict[str, str]:
    return dict(borrow_shapes(rows)[-1].cells)


def test_empty_cells_come_from_a_complete_row() -> None:
    assert borrowed(COMPLETE, GAP) == {"n_layers": "72", "hidden": "14336", "n_heads": "64", "vocab": "250880"}


def test_of_several_shapes_the_most_frequent_counts() -> None:
    other = COMPLETE | {"n_heads": "112"}
    assert borrowed(other, COMPLETE, COMPLETE, GAP)["n_heads"] == "64"


def test_nothing_comes_from_another_source_or_model_or_an_incomplete_row() -> None:
    assert borrowed(COMPLETE | {"source": "t"}, GAP) == {}
    assert borrowed(COMPLETE | {"model": "n"}, GAP) == {}
    assert borrowed(COMPLETE | {"missing": "vocab"}, GAP) == {}


def test_a_row_that_contradicts_keeps_to_itself() -> None:
    assert borrowed(COMPLETE, GAP | {"n_layers": "96"}) == {}


def test_heads_belong_together() -> None:
    sibling = COMPLETE | {"n_kv_heads": "8"}
    assert "n_kv_heads" not in borrowed(sibling, GAP | {"n_heads": "64"})


def test_a_complete_row_borrows_nothing() -> None:
    assert borrowed(COMPLETE, COMPLETE | {"vocab": ""}) == {}


def test_what_is_held_out_lends_nothing_to_a_fit() -> None:
    assert borrowed(COMPLETE | {"split": "test"}, GAP | {"split": "fit"}) == {}
    assert borrowed(COMPLETE | {"split": "fit"}, GAP | {"split": "test"}) == {}
    assert borrowed(COMPLETE | {"split": "Fit"}, GAP | {"split": "fit"}) != {}


def test_empty_cells_of_data_frames_are_empty() -> None:
    assert borrowed(COMPLETE, GAP | {"n_layers": "nan"})["n_layers"] == "72"
