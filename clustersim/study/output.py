"""The output folder: report, records, summary and resolved scenario, all or nothing."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clustersim.run.records import EFFECTS, HITS, STATES, Column, Records, Table
from clustersim.study.ensemble import Ensemble
from clustersim.study.folder import put_in_place, refuse_other_folder
from clustersim.study.forecast import Forecast

if TYPE_CHECKING:
    import pyarrow as pa

SUMMARY = "summary.json"
REPORT = "report.html"
SCENARIO = "scenario.resolved.yaml"
RECORDS = "records"

WriteReport = Callable[[dict[str, Any], Path], None]


def write_output(forecast: Forecast, folder: Path, write_report: WriteReport) -> Path:
    """Write everything beside the folder first, then put it in place in one move.

    Parameters
    ----------
    forecast : Forecast
        What to write.
    folder : Path
        Replaced if it is an earlier output.
    write_report : callable
        Writes the HTML page of a summary to a path.

    Raises
    ------
    FileExistsError
        If the folder holds anything but an earlier output.
    """
    check_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        (draft / SUMMARY).write_text(summary_text(forecast.summary), encoding="utf-8")
        (draft / SCENARIO).write_text(forecast.resolved_yaml, encoding="utf-8")
        _write_tables(forecast, draft / RECORDS)
        write_report(forecast.summary, draft / REPORT)
        draft.chmod(0o755)
        put_in_place(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return folder


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else than an earlier output.

    Raises
    ------
    OSError
        If the folder holds files that are no earlier output, is a file, or cannot be made.
    """
    refuse_other_folder(folder, _is_earlier_output, "forecast")


def _is_earlier_output(folder: Path) -> bool:
    """Whether the folder holds a forecast and nothing else."""
    if not {path.name for path in folder.iterdir()} <= {SUMMARY, REPORT, SCENARIO, RECORDS}:
        return False
    try:
        summary = json.loads((folder / SUMMARY).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(summary, dict) and str(summary.get("schema", "")).startswith("clustersim.summary/")


def summary_text(summary: dict[str, Any]) -> str:
    """The summary as JSON text. Not a number and infinity, which JSON lacks, become null."""
    return json.dumps(_finite(summary), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _write_tables(forecast: Forecast, folder: Path) -> None:
    import pyarrow as pa
    from pyarrow import csv, parquet

    folder.mkdir()
    tables = {name: _named_table(columns, forecast.records) for name, columns in forecast.records.tables().items()}
    tables["replications"] = pa.table(replication_columns(forecast.ensemble))
    for name, content in tables.items():
        parquet.write_table(content, folder / f"{name}.parquet", compression="zstd")
        csv.write_csv(content, folder / f"{name}.csv")


def _named_table(columns: Table, records: Records) -> "pa.Table":
    """One record table, with names in place of codes."""
    import pyarrow as pa

    names = {
        "state": STATES,
        "part": records.parts,
        "phase": records.phases,
        "category": records.categories,
        "effect": EFFECTS,
        "hits": HITS,
    }

    def named(column: str, codes: Column) -> "pa.Array":
        if column not in names:
            return pa.array(codes)
        return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names[column])).dictionary_decode()

    return pa.table({column: named(column, codes) for column, codes in columns.items()})


def replication_columns(ensemble: Ensemble) -> dict[str, list[Any]]:
    """One row per replication: its outcome, its time by state and its interruptions by category."""
    runs = ensemble.replications
    columns: dict[str, list[Any]] = {
        name: [getattr(run, name) for run in runs]
        for name in (
            "number", "finished", "wall_s", "tokens", "unexpected", "planned", "checkpoints", "repairs",
            "recovery_s", "step_time_factor", "failure_rate_factor",
        )
    }  # fmt: skip
    for state in STATES:
        columns[f"{state}_s"] = [run.wall.by_state_s[state] for run in runs]
    for category in runs[0].interruptions:
        columns[f"interruptions: {category}"] = [run.interruptions[category] for run in runs]
    return columns
