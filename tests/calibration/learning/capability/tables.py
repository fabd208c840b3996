"""Tables of scores, made up and published."""

import csv
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from clustersim.calibration.learning.capability.mixed_logistic import Scores
from clustersim.calibration.learning.capability.rows import read_scores, scores_by_task
from clustersim.learning.capability.law import score

PUBLISHED = Path(__file__).parents[4] / "validation" / "published" / "capability.csv"
TRUTH = np.array([2.0, 0.5, -0.5, 0.9])
ROW = {
    "task": "quiz",
    "model": "m-1",
    "family": "F",
    "params": "7e9",
    "tokens": "1e12",
    "train_flops": "",
    "metric": "acc",
    "score": "0.5",
    "chance": "0.25",
}


def write_table(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def made_up(families: int = 20, each: int = 6, offset_sd: float = 0.8, noise: float = 0.01, seed: int = 7) -> Scores:
    """Scores of a law that is known: families lie normally about it."""
    draw = np.random.default_rng(seed)
    family = np.repeat(np.arange(families), each)
    compute, ratio = draw.uniform(-2.5, 2.5, len(family)), draw.uniform(-0.7, 1.5, len(family))
    offset = draw.normal(0.0, offset_sd, families)[family] + draw.normal(0.0, 0.2, len(family))
    measured = score(TRUTH, 0.25, compute, ratio, offset) + draw.normal(0.0, noise, len(family))
    return Scores(
        compute=compute,
        ratio=ratio,
        score=np.clip(measured, 0.0, 1.0),
        family=family,
        families=tuple(f"F{n}" for n in range(families)),
        models=tuple(f"m{n}" for n in range(len(family))),
        floor=0.25,
    )


def rows_of(scores: Scores, task: str = "quiz") -> list[dict[str, str]]:
    """The same as rows of a table."""
    rows = []
    for n, model in enumerate(scores.models):
        ratio = 100.0 * 10.0 ** scores.ratio[n]
        flops = 10.0 ** (scores.compute[n] + 22.5)
        size = (flops / (6.0 * ratio)) ** 0.5
        family = scores.families[scores.family[n]]
        numbers = {"params": f"{size:.8g}", "tokens": f"{size * ratio:.8g}", "score": f"{scores.score[n]:.6f}"}
        rows.append({**ROW, "task": task, "model": model, "family": family, **numbers})
    return rows


@lru_cache(maxsize=1)
def published() -> dict[str, Scores]:
    return scores_by_task(read_scores(PUBLISHED))
