"""Real jobs that were broken on purpose, against their simulation."""

from clustersim.study.faults.compare import FaultComparison, fault_cases
from clustersim.study.faults.measurement import KIND
from clustersim.study.faults.text import COLUMNS, broken_run_cases, fault_rows, fault_summary

__all__ = [
    "COLUMNS",
    "KIND",
    "FaultComparison",
    "broken_run_cases",
    "fault_cases",
    "fault_rows",
    "fault_summary",
]
