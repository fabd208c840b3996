"""The GPU-hours that are lost: by kind and by cause, adding up to the same."""

import re
from typing import Any

import pytest

from clustersim.report.charts.figure import NARROW_PX, WIDE_PX
from clustersim.report.charts.losses import draw_losses
from clustersim.report.charts.stacked import Segment
from clustersim.report.charts.waterfall import Fall
from clustersim.report.sections.losses import losses
from tests.report.example_base import stat


def summary(**changes: Any) -> dict[str, Any]:
    account = {
        "undisturbed": stat(900e3, 30e3), "lost": stat(100e3, 8e3), "job": stat(1000e3, 33e3),
        "standby": stat(20e3, 1e3), "reserved": stat(1020e3, 34e3),
        "lost_by_kind": [
            {"state": "restart", "part": "", "gpu_hours": stat(70e3, 6e3)},
            {"state": "waiting", "part": "spares", "gpu_hours": stat(20e3, 3e3)},
            {"state": "diagnose", "part": "", "gpu_hours": stat(10e3, 2e3)},
        ],
        "lost_by_cause": [
            {"cause": "faulty_gpu", "gpu_hours": stat(99e3, 6e3)},
            {"cause": "ssd", "gpu_hours": stat(600.0, 300.0)},
            {"cause": "nic", "gpu_hours": stat(400.0, 300.0)},
        ],
    }  # fmt: skip
    return {"gpu_hours_account": account | changes}


def test_the_lead_says_what_is_lost_and_what_the_bill_counts() -> None:
    assert losses(summary())["lead"] == (
        "Steps at their undisturbed time take 900k GPU-hours on average; what stops or slows the job adds 100k "
        "(5–95 %: 87k to 113k), 10.0 % of the 1.000M of the job. "
        "Spare nodes stand by for 20.0k more; the bill counts all 1.020M."
    )


def test_without_spares_nothing_is_said_of_them() -> None:
    found = losses(summary(standby=stat(0.0, 0.0)))
    assert "Spare" not in found["lead"]
    assert [label for _, label in found["kinds"].legend] == ["undisturbed steps", "lost"]


def test_kinds_have_the_colours_of_their_states_and_unknown_ones_their_own_words() -> None:
    figure = losses(summary())["kinds"]
    for label, colour in (("restart", "amber"), ("waiting: spares", "purple"), ("diagnose", "grey-hatch")):
        assert re.search(rf'class="fill-{colour}"><title>{label}: \+', figure.pictures)
    assert "+70k (60k–80k)" in figure.pictures.replace("</tspan>", "").replace('<tspan class="value">', "")


def test_small_causes_are_drawn_together_and_listed_each() -> None:
    figure = losses(summary())["causes"]
    assert "2 smaller causes: +1,000" in figure.pictures
    labels = [row[0] for row in figure.table.rows]
    assert labels == [
        "undisturbed steps", "faulty GPU", "SSD", "NIC", "all that is lost", "whole run", "spares standing by",
        "all that the bill counts",
    ]  # fmt: skip
    mean = stat(99e3, 6e3)
    assert figure.table.rows[1][1:4] == tuple(
        f"{mean[key]:,.0f}" for key in ("mean", "mean_ci95_low", "mean_ci95_high")
    )


@pytest.mark.parametrize("account", [{}, {"gpu_hours_account": {}}, summary(lost=stat(0.0, 0.0))])
def test_nothing_lost_nothing_drawn(account: dict[str, Any]) -> None:
    assert losses(account) == {"lead": "", "kinds": None, "causes": None}


@pytest.mark.parametrize("width", [WIDE_PX, NARROW_PX])
def test_the_enlarged_part_stands_below_the_bar(width: float) -> None:
    falls = (Fall("a", "+1", 0.0, 1.0, colour="red"), Fall("all", "1", 0.0, 1.0, total=True, colour="grey"))
    before, lost = Segment(8.0, "blue", "before"), Segment(1.0, "grey", "lost", "1 lost")
    after = Segment(1.0, "sky", "after")
    height, markup = draw_losses(width, before, lost, (after,), falls, "k")
    bar = [float(value) for value in re.findall(r'<rect x="[\d.]+" y="0" width="([\d.]+)"', markup)]
    assert bar == pytest.approx([0.8 * width - 1.5, 0.1 * width - 1.5, 0.1 * width - 1.5], abs=0.2)
    assert 'transform="translate(0 64)"' in markup
    assert height > 64.0 + 2 * 22.0
