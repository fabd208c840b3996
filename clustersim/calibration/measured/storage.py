"""Bandwidth of checkpoint storage from checkpoints that were written."""

from collections.abc import Sequence

from clustersim.calibration.measured.known import Known, typical
from clustersim.calibration.measured.observations import TimedWrite

LARGE_BYTES = 16 * 2**20
"""Checkpoints below are mostly the time to open and sync their files."""

ONE_SIDE = 2.0
"""Factor to either side of a bandwidth that a single checkpoint tells; assumed."""


def fit_storage(writes: Sequence[TimedWrite]) -> Known | None:
    """Bandwidth over all writers of a job [bytes/s]; None where no checkpoint was written.

    Notes
    -----
    That of the checkpoints with most writers that are not small: what a job gets that fills the machine.
    """
    if not writes:
        return None
    most = max(item.writers for item in writes)
    together = [item for item in writes if item.writers == most]
    some = [item for item in together if item.size_bytes >= LARGE_BYTES] or together
    found = typical([item.size_bytes / item.time_s for item in some])
    if found.low is None:
        return Known(found.value, found.value / ONE_SIDE, found.value * ONE_SIDE)
    return found
