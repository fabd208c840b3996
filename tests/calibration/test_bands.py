"""Bands of a scoreboard: read strictly, exceeded strictly."""

from pathlib import Path

import pytest

from clustersim.calibration.bands import LARGE_COLLECTIVES, NOTHING_TESTED, Band, exceeded, read_bands, untested
from clustersim.calibration.errors_by import Errors
from clustersim.calibration.rows import TableError
from tests.calibration.published import PUBLISHED


def test_bands_of_the_product_are_read() -> None:
    bands = {band.name: band for band in read_bands(PUBLISHED.parent / "bands.csv")}
    assert bands["dense 16-bit A100/H100"] == Band("dense 16-bit A100/H100", 0.05, 0.15)
    assert bands["mixture of experts"].p90 == float("inf")
    assert LARGE_COLLECTIVES not in bands
    (large,) = read_bands(PUBLISHED.parent / "bands.csv", (LARGE_COLLECTIVES,))
    assert large.median == 0.10


def by_name(*errors: Errors) -> dict[str, Errors]:
    return {item.name: item for item in errors}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("class,median\n", "lacks the columns p90"),
        ("class,median,p90\nnonsense,0.1,\n", "bands.csv:2: column class: 'nonsense'"),
        ("class,median,p90\nsingle node,ten,\n", "bands.csv:2: column median: 'ten'"),
        ("class,median,p90\nsingle node,0.1,-1\n", "bands.csv:2: column p90: '-1'"),
    ],
)
def test_wrong_bands_are_told(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bands.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(TableError) as error:
        read_bands(path)
    assert words in str(error.value)


def test_each_exceeded_band_has_a_line() -> None:
    found = by_name(Errors("single node", 10, 0.2, 0.3, 0.2, 0.1), Errors("dense V100", 4, 0.01, 0.02, 0.01, 0.0))
    bands = [Band("single node", 0.1, 0.25), Band("dense V100", 0.1, 0.25), Band("mixture of experts", 0.1, 0.1)]
    lines = exceeded(bands, found)
    assert lines == [
        "single node: median 20.0% of 10 held-out rows is above the band of 10.0%",
        "single node: 90th percentile 30.0% of 10 held-out rows is above the band of 25.0%",
    ]
    assert exceeded([Band("single node", 0.2, 0.3)], found) == []


def test_a_band_that_nothing_tests_is_said() -> None:
    bands = [Band("single node", 0.2, 0.3), Band("dense V100", 0.1, 0.25)]
    some = by_name(Errors("single node", 10, 0.1, 0.2, 0.1, 0.0))
    assert untested(bands, some) == ["dense V100: no held-out row with a time tests its band"]
    assert untested(bands, {})[-1] == NOTHING_TESTED
    assert untested(bands, by_name(Errors("dense V100", 0, 0.1, 0.1, 0.1, 0.0)))[-1] == NOTHING_TESTED
