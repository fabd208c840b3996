"""Losses of a small real run against the forecast that was made before it."""

import json
from pathlib import Path

from clustersim.calibration.cases import Case

LOSSES = "miniature: loss forecast before the run"

FIRST_SHARE = 0.25
"""Share of the run before which the forecast says nothing: the law has no warm-up."""


def miniature_cases(path: Path) -> list[Case]:
    """Evaluations of the target run, each with the forecast made before it started.

    Parameters
    ----------
    path : Path
        A file of ``python -m validation.miniature``.
    """
    tree = json.loads(path.read_text("utf-8"))
    forecast = {point["tokens"]: point for point in tree["forecast"]["points"]}
    measured = tree["target"]["evaluations"]
    first = FIRST_SHARE * measured[-1]["tokens"]
    return [
        Case(
            group=LOSSES,
            name=f"{point['tokens'] / 1e6:.2f}M tokens",
            expected=point["loss"],
            found=forecast[point["tokens"]]["loss"],
            unit="nats",
            source=path.name,
            low=forecast[point["tokens"]]["low"],
            high=forecast[point["tokens"]]["high"],
        )
        for point in measured
        if point["tokens"] >= first and point["tokens"] in forecast
    ]
