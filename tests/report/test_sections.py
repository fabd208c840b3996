import pytest

from clustersim.report.numbers import GPU_HOURS
from clustersim.report.sections.bridge import bridge, falls_of
from clustersim.report.sections.claims import claim_row, claimed_text, verdict_counts
from clustersim.report.sections.failures import failures
from clustersim.report.sections.head import head
from clustersim.report.sections.step import step
from clustersim.report.sections.time import time
from clustersim.report.words import STATES, humanize, in_order


def test_bridge_stands_each_part_on_the_sum_so_far():
    rows = [
        {"label": "a", "gpu_hours": 20.0, "kind": "part"},
        {"label": "b", "gpu_hours": -5.0, "kind": "part"},
        {"label": "all", "gpu_hours": 15.0, "kind": "total"},
        {"label": "gap", "gpu_hours": 3.0, "kind": "difference"},
        {"label": "said", "gpu_hours": 18.0, "kind": "reported"},
    ]
    assert falls_of(rows) == [
        ("a", 0.0, 20.0, False),
        ("b", 20.0, 15.0, False),
        ("all", 0.0, 15.0, True),
        ("gap", 15.0, 18.0, False),
        ("said", 0.0, 18.0, True),
    ]
    numbers = [row[1] for row in bridge({"gpu_hours_bridge": rows})["picture"].table.rows]
    assert numbers == ["20", "-5", "15", "3", "18"]


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (30.84e6, 30.84e6, "30.84M GPU-hours"),
        (26.3e6, 30.84e6, "26.3M to 30.84M GPU-hours"),
        (900e3, 1.1e6, "900k GPU-hours to 1.1M GPU-hours"),
        (1e6, None, "at least 1M GPU-hours"),
        (None, 1e6, "at most 1M GPU-hours"),
    ],
)
def test_claims_are_exact_ranges_or_open(low, high, text):
    assert claimed_text(low, high, GPU_HOURS) == text


def test_a_claim_with_a_band_shows_both():
    assert claimed_text(27e6, 33e6, GPU_HOURS, 30e6) == "30M GPU-hours (27M to 33M GPU-hours)"


def test_a_claim_of_some_components_names_them(summary):
    row = claim_row({**summary["claims"][1], "of": ["gpu", "hbm"]})
    assert row.scope == "54-day snapshot, GPU, HBM"


def test_claims_keep_order_and_count_verdicts(summary):
    rows = [claim_row(claim) for claim in summary["claims"]]
    assert [row.verdict for row in rows[-3:]] == ["not covered", "too low", "contradicts"]
    assert rows[0].scope == "whole run"
    assert rows[1].scope == "54-day snapshot"
    assert rows[4].scope == "16M-token batches"
    assert rows[-3].forecast == "–"
    assert rows[-3].picture == ""
    assert verdict_counts(summary) == "5 agree, 1 too low, 1 contradicts, 1 not covered"


def test_an_unknown_verdict_is_shown_as_it_is(summary):
    row = claim_row({**summary["claims"][0], "verdict": "far_off"})
    assert (row.mark, row.verdict, row.tone) == ("?", "far off", "bad")


def test_shares_of_the_states_sum_to_the_whole(summary):
    section = time(summary)
    assert [row.label for row in section["states"]][:2] == ["productive", "lost work, redone"]
    shares = [float(row.share.removesuffix(" %")) for row in section["states"]]
    assert sum(shares) == pytest.approx(100.0, abs=0.3)
    assert section["total"] == "1,882 h"
    assert section["lost"] == "145 h"


def test_long_runs_are_drawn_in_longer_columns(summary):
    day = summary["sample_timeline"]["bins"][0]["hours"]
    summary["sample_timeline"]["bins"] = [{"day": number, "hours": day} for number in range(400)]
    drawn = time(summary)["days"]
    assert "one for each 4 days" in drawn.description
    assert len(drawn.table.rows) == 400


def test_categories_are_sorted_and_compared(summary):
    section = failures(summary)
    names = [row[0] for row in section["categories"].table.rows]
    assert names[:2] == ["faulty GPU", "GPU HBM3 memory"]
    assert section["categories"].table.columns[-1] == "expected from the rates"
    window = section["windows"][0]
    assert window.stretch == "day 10 to 64"
    assert window.picture.table.rows[0][-1] == "148.0"
    assert window.covered == ""


def test_a_window_beyond_some_replications_says_so(summary):
    summary["windows"][0]["covered_replications"] = 195
    assert failures(summary)["windows"][0].covered == "195 of 200 replications last beyond this window"


def test_unpublished_categories_have_no_mark(summary):
    for row in summary["windows"][0]["by_category"]:
        row["published"] = None
    picture = failures(summary)["windows"][0].picture
    assert 'class="reference"' not in picture.pictures
    assert picture.table.rows[0][-1] == "–"


def test_a_job_of_several_sizes_shows_how_long_it_has_each(summary):
    assert step(summary)["sizes"] == []
    one = {
        "gpus": 6144,
        "wall_days": summary["headline"]["wall_time_days"],
        "gpu_hours": summary["headline"]["gpu_hours"],
    }
    assert step({**summary, "sizes": [one]})["sizes"] == []
    rows = step({**summary, "sizes": [one, {**one, "gpus": 3072}]})["sizes"]
    assert [row[0] for row in rows] == ["6,144", "3,072"]
    assert all("days" in days and hours for _, days, hours in rows)


def test_extrapolations_name_the_phases_they_concern(summary):
    for phase in summary["phases"]:
        phase["extrapolations"] = ["16,384 GPUs", *phase["extrapolations"]]
    listed = step(summary)["extrapolations"]
    assert listed[0] == ("every phase", "16,384 GPUs")
    assert listed[1][0] == "long context, 8K to 128K"


def test_parts_of_a_step_that_nobody_knows_are_still_shown(summary):
    summary["phases"][0]["breakdown_s"]["exposed_quantum"] = 0.5
    drawn = step(summary)["breakdown"]
    assert "exposed quantum [s]" in drawn.table.columns
    assert ("grey-hatch", "other") in drawn.legend


def test_range_bars_reach_beyond_the_widest(summary):
    assert head(summary)["reach"] == "17 %"


def test_keys_become_words_in_a_fixed_order():
    assert humanize("gpu_hbm3_memory") == "GPU HBM3 memory"
    assert in_order(STATES, ["zzz", "restart", "productive", "aaa"]) == ["productive", "restart", "aaa", "zzz"]
