"""Memory against what published runs print, and against the devices they ran on."""

import statistics

import pytest

from tests.workload import published_memory as published

GIB = 2.0**30
ROWS = published.rows("memory.csv")
PRINTED = [cells for cells in ROWS if cells["memory_gib"]]
FAILED = [cells for cells in ROWS if cells["measured_as"] == "out of memory"]
TIMED = published.rows("step_times.csv")

MEDIAN_BAND = 0.06
NINTH_DECILE_BAND = 0.14
"""Measured when the bands were set: median 4.3 %, 90th percentile 11.3 % over all rows, see validation/memory.md."""

WORST_BAND = 0.20
UNEXPLAINED = {"STAS-001", "STAS-002"}
"""8,192 tokens under DeepSpeed ZeRO-3: 16.3 GiB reserved where 10.5 GiB are counted, a constant 6 GiB that longer
sequences of the same run do not show."""


def error(cells: published.Cells) -> float:
    """Relative error of the memory that a row prints."""
    (memory,) = published.memories(cells)
    whole = cells["measured_as"] == "nvidia-smi"
    predicted = memory.total_bytes if whole else memory.allocated_bytes
    return predicted / GIB / float(cells["memory_gib"]) - 1.0


@pytest.mark.parametrize("split", ["fit", "test"])
def test_printed_memory_is_within_the_band(split: str) -> None:
    errors = sorted(abs(error(cells)) for cells in PRINTED if cells["split"] == split)
    assert len(errors) >= 30
    assert statistics.median(errors) <= MEDIAN_BAND
    kept = sorted(abs(error(cells)) for cells in PRINTED if cells["split"] == split and cells["id"] not in UNEXPLAINED)
    assert kept[int(0.9 * len(kept))] <= NINTH_DECILE_BAND


@pytest.mark.parametrize("cells", PRINTED, ids=lambda cells: cells["id"])
def test_no_printed_memory_is_far_off(cells: published.Cells) -> None:
    assert abs(error(cells)) <= (0.40 if cells["id"] in UNEXPLAINED else WORST_BAND)


@pytest.mark.parametrize("cells", [*PRINTED, *TIMED], ids=lambda cells: cells["id"])
def test_a_run_that_was_published_fits(cells: published.Cells) -> None:
    least = min(memory.total_bytes for memory in published.memories(cells))
    assert least <= 1.03 * published.device_bytes(cells)


MISSED = "PREQUEL-OOM-6"
"""66 GiB counted. A larger model with the same layout (203B, BIGSCI-132) is printed with 67 GB on the same page."""


@pytest.mark.parametrize("cells", FAILED, ids=lambda cells: cells["id"])
def test_a_run_that_ran_out_of_memory_does_not_fit(cells: published.Cells) -> None:
    (memory,) = published.memories(cells)
    assert (memory.total_bytes > published.device_bytes(cells)) is (cells["id"] != MISSED)


def test_every_row_says_where_it_stands() -> None:
    assert len(FAILED) == 6
    for cells in ROWS:
        assert cells["source"]
        assert cells["url_or_repo_path"].startswith("github:")
        assert cells["measured_as"] in {"nvidia-smi", "reserved", "out of memory"}
        assert cells["split"] in {"fit", "test"}
