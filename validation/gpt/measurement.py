"""What the job measured, as one file."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from validation.gpt.config import JobConfig
from validation.gpt.log import finite
from validation.gpt.whole_file import write_whole

FILE = "measurement.json"
SCHEMA = 1

Record = dict[str, Any]


def summarise(
    config: JobConfig,
    steps: Sequence[Record],
    peak_memory_bytes: Sequence[int],
    collectives: Sequence[dict[str, dict[str, float]]],
) -> dict[str, Any]:
    """Summarise the steps of the last attempt.

    Parameters
    ----------
    config : JobConfig
        Says how many first steps are left out, and the tokens of a step.
    steps : sequence of dict
        Step records of the first process. Profiled ones are left out.
    peak_memory_bytes : sequence of int
        Of every process.
    collectives : sequence of dict
        Of every process.

    Returns
    -------
    dict
        Medians: ``step_time_s`` with its interquartile range and the number of steps, tokens per second, every part;
        the largest memory of any process; the collectives of the first process, and of all. Times are None when no
        step is left.
    """
    used = [record for record in steps[config.measure.skip_steps :] if not record["profiled"]]
    times = [record["time_s"] for record in used]
    median = statistics.median(times) if times else None
    tokens = config.train.global_batch * config.train.sequence_length
    parts = [key for key in (used[0] if used else {}) if key.endswith("_s") and key != "time_s"]
    return {
        "step_time_s": median,
        "iqr_s": interquartile_range(times),
        "repeats": len(times),
        "tokens_per_s": tokens / median if median else None,
        "load": statistics.median(record["load"] for record in used) if used else None,
        "peak_memory_bytes": max(peak_memory_bytes),
        **{part: statistics.median(record[part] for record in used) for part in parts},
        "collectives": collectives[0],
        "collectives_by_process": list(collectives),
    }


def interquartile_range(values: Sequence[float]) -> float | None:
    """Third quartile minus first, by linear interpolation; None of fewer than two values."""
    if len(values) < 2:
        return None
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return third - first


def write_measurement(
    folder: Path,
    config: JobConfig,
    environment: dict[str, Any],
    parameters: int,
    records: Sequence[Record],
    summary: dict[str, Any],
) -> None:
    """Write the file of a run."""
    content = {
        "schema": SCHEMA,
        "kind": "gpt",
        "environment": environment,
        "config": config.tables(),
        "parameters": parameters,
        "records": list(records),
        "summary": summary,
    }
    write_whole(folder / FILE, finite(content), allow_nan=False)
