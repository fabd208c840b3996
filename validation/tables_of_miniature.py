"""Tables of ``validation/real.md`` about the miniature: the forecast and its run, warm-up, copying, the bill."""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from clustersim.study.scoreboard.measurements import kind_of, measurement_files
from validation.markdown import markdown, share, signed
from validation.predicted import HERE

Tree = Mapping[str, Any]


def ladder_table() -> str:
    """Runs of the miniature: those that made the law, and the one that was forecast."""
    tree = _tree("miniature")
    runs = [("ladder", run) for run in tree["ladder"]] + [("forecast, then run", tree["target"])]
    last = tree["forecast"]["points"][-1]
    rows = []
    for role, run in runs:
        end = run["evaluations"][-1]
        said = f"{last['loss']:.3f} ({last['low']:.3f} to {last['high']:.3f})" if role != "ladder" else ""
        rows.append(
            (role, f"{run['parameters'] / 1e6:.2f}M", f"{end['tokens'] / 1e6:.2f}M", said, f"{end['loss']:.3f}")
        )
    return markdown(("role", "parameters", "tokens", "forecast loss, 90 %", "loss"), rows)


def curve_table() -> str:
    """The loss of the target run along the way, as forecast and as measured."""
    tree = _tree("miniature")
    measured = {point["tokens"]: point["loss"] for point in tree["target"]["evaluations"]}
    rows = [
        (
            f"{point['tokens'] / 1e6:.2f}M",
            f"{point['loss']:.3f}",
            f"{point['low']:.3f} - {point['high']:.3f}",
            f"{measured[point['tokens']]:.3f}",
            signed(point["loss"] / measured[point["tokens"]] - 1.0),
        )
        for point in tree["forecast"]["points"]
        if point["tokens"] in measured
    ]
    return markdown(("tokens", "forecast", "90 %", "measured", "error"), rows)


def warmup_table() -> str:
    """The same run with and without warm-up, seed by seed."""
    warmup = _tree("miniature")["warmup"]
    rows = [
        (
            kind,
            f"{run['seed']}",
            "yes" if run["diverged"] else "no",
            share(run["clipped"]),
            f"{run['highest_gradient_norm']:.1f}",
            "" if run["final_loss"] is None else f"{run['final_loss']:.3f}",
        )
        for kind in ("with", "without")
        for run in warmup[kind]
    ]
    return markdown(("warm-up", "seed", "diverged", "steps clipped", "highest norm", "final loss"), rows)


def copying_table() -> str:
    """Accuracy of copying during training: the points around its appearance closely, the others here and there."""
    points = _tree("miniature")["copying"]
    rises = [after["accuracy"] - before["accuracy"] for before, after in pairwise(points)]
    steepest = rises.index(max(rises))
    near = range(max(0, steepest - 2), min(len(points), steepest + 4))
    chosen = sorted({*range(0, len(points), max(1, len(points) // 8)), *near, len(points) - 1})
    rows = [(f"{points[at]['tokens'] / 1e6:.2f}M", share(points[at]["accuracy"])) for at in chosen]
    return markdown(("tokens", "copied correctly"), rows)


def bill_table() -> str:
    """What the miniature took."""
    bill = _tree("miniature")["bill"]
    core_h = bill["cpu_s"] / 3600.0
    rows = [
        ("wall time", f"{bill['wall_s'] / 60.0:.0f} min"),
        ("core time", f"{core_h:.2f} core-hours"),
        ("model FLOPs, 6 x parameters x tokens", f"{bill['model_flop']:.2e}"),
        ("of them per second of a core", f"{bill['model_flop'] / bill['cpu_s'] / 1e9:.0f} GFLOP/s"),
        ("energy at 3.75 W a core", f"{3.75 * core_h:.1f} Wh"),
        ("cost at $0.05 a core-hour", f"${0.05 * core_h:.2f}"),
    ]
    return markdown(("of the whole miniature", "value"), rows)


def _tree(kind: str) -> Tree:
    (path,) = (path for path in measurement_files(HERE) if kind_of(path) == kind)
    tree: Tree = json.loads(path.read_text("utf-8"))
    return tree
