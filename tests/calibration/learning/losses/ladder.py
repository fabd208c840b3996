"""Tables with the columns of the ladder, made from the published ones."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

PUBLISHED = Path(__file__).parents[4] / "validation" / "published"
LOSSES = ("c4", "pile", "wikitext", "dolma_cc", "dolma_stack")
HEADER = (
    "run",
    "params_nonembed_approx",
    "step",
    "tokens",
    "lr",
    "lr_peak",
    "batch_tokens",
    *(f"{name}_ce" for name in LOSSES),
)
BATCH = {190354176: 524288, 371262464: 786432, 758220288: 1310720, 1279395840: 1572864, 3169537280: 3145728}


def ladder_rows(of: Callable[[int], bool]) -> list[dict[str, str]]:
    """Rows of the ladder's runs of some sizes as upstream writes them: middle and end of each run."""
    with (PUBLISHED / "annealing_curves.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["use"] == "fit" and of(int(row["parameters"]))]
    return [upstream(row) for row in rows]


def upstream(row: Mapping[str, str]) -> dict[str, str]:
    size = int(row["parameters"])
    peak = 0.5596 * size ** (-1.0 / 3.0)
    return {
        "run": row["run"],
        "params_nonembed_approx": str(size),
        "step": str(round(float(row["tokens"]) / BATCH[size])),
        "tokens": row["tokens"],
        "lr": f"{peak * float(row['learning_rate_share']):.6g}",
        "lr_peak": f"{peak:.6g}",
        "batch_tokens": str(BATCH[size]),
        **{f"{name}_ce": row[f"{name}_nats_per_token"] for name in LOSSES},
    }


def write(path: Path, rows: list[dict[str, str]], columns: tuple[str, ...] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, lineterminator="\n", extrasaction="ignore", restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path
