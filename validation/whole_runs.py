"""Forecasts every published run and writes what came out beside what was published: ``validation/whole_runs.csv``.

    python -m validation.whole_runs [--replications 200]

The tables of ``validation/runs.md`` are made of it, and the suite simulates a few replications of each run against it.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import clustersim as cs
from clustersim.study.executor import Executor, default_executor
from clustersim.study.scoreboard.published.scenarios import published_scenarios, run_name, scenario_cases
from validation.predicted import HERE

FORECASTS = HERE / "whole_runs.csv"
SCENARIOS = HERE.parent / "scenarios"


class Row(NamedTuple):
    """One published number and the forecast of it, in the same unit.

    ``step`` says whether the scenario gives the step times (``given``), leaves all of them to the step model
    (``predicted``) or some (``both``). ``low`` and ``high`` are the 5 and 95 % quantiles.
    """

    run: str
    claim: str
    step: str
    unit: str
    relation: str
    published: float
    low: float
    median: float
    high: float
    agrees: bool
    source: str


def rows_of(path: Path, executor: Executor, replications: int) -> Iterator[Row]:
    """Claims of a scenario with their forecasts."""
    settings = (f"study.replications={replications}",)
    given = [phase.step_time is not None for phase in cs.load(path).scenario.training.phases]
    step = "given" if all(given) else "both" if any(given) else "predicted"
    for case in scenario_cases(path, executor, settings):
        if case.expected is None or case.found is None or case.inside is None:
            msg = f"{path}: nothing forecasts the claim on {case.name}"
            raise ValueError(msg)
        low = case.found if case.low is None else case.low
        high = case.found if case.high is None else case.high
        yield Row(
            run_name(path), case.name, step, case.unit, case.relation, case.expected, low, case.found, high,
            case.inside, case.source,
        )  # fmt: skip


def read_rows() -> list[Row]:
    """The forecasts as they were written."""
    with FORECASTS.open(encoding="utf-8", newline="") as file:
        return [
            Row(
                *(cells[name] for name in Row._fields[:5]),
                *(float(cells[name]) for name in Row._fields[5:9]),
                cells["agrees"] == "yes",
                cells["source"],
            )
            for cells in csv.DictReader(file)
        ]


def main(arguments: list[str] | None = None) -> int:
    """Forecast every run and write the table."""
    parser = argparse.ArgumentParser(prog="python -m validation.whole_runs", description=__doc__)
    parser.add_argument("--replications", type=int, default=200, help="independent simulated runs of each")
    chosen = parser.parse_args(arguments)
    executor = default_executor()
    try:
        rows = [row for path in published_scenarios(SCENARIOS) for row in rows_of(path, executor, chosen.replications)]
    finally:
        executor.close()
    with FORECASTS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        writer.writerows(
            (*row[:5], *(f"{number:.6g}" for number in row[5:9]), "yes" if row.agrees else "no", row.source)
            for row in rows
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
