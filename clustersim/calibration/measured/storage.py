"""Bandwidth of checkpoint storage from checkpoints that were written."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clustersim.calibration.measured.observations import TimedWrite

LARGE_BYTES = 16 * 2**20
"""Checkpoints below are mostly the time to open and sync their files."""


@dataclass(frozen=True, slots=True)
class StorageFit:
    """Bandwidth that large checkpoints reach [bytes/s] with the ends of its 90 % interval, and how many were seen."""

    write_bytes_s: float
    low: float
    high: float
    points: int


def fit_storage(writes: Sequence[TimedWrite]) -> StorageFit | None:
    """Bandwidth over all writers of a job; None where no checkpoint was written.

    Notes
    -----
    Mean logarithm of bytes over time of the checkpoints with most writers that are not small: what a job gets that
    fills the machine. The interval is that of Student's t, or a factor of two for a single one.
    """
    if not writes:
        return None
    most = max(item.writers for item in writes)
    together = [item for item in writes if item.writers == most]
    some = [item for item in together if item.size_bytes >= LARGE_BYTES] or together
    logs = [math.log(item.size_bytes / item.time_s) for item in some]
    middle, half = sum(logs) / len(logs), math.log(2.0)
    if len(logs) > 1:
        import numpy as np
        from scipy.stats import t

        half = float(t.ppf(0.95, len(logs) - 1) * np.std(logs, ddof=1) / math.sqrt(len(logs)))
    return StorageFit(math.exp(middle), math.exp(middle - half), math.exp(middle + half), len(logs))
