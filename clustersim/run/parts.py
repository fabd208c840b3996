"""What the stages of a run are made of."""

import numpy as np

from clustersim.run.records import STATES, Column, Records


def time_by_part_s(records: Records) -> dict[str, dict[str, float]]:
    """Time in each part of each state that has parts [s]: of a restart its steps, of a wait what it was for.

    Examples
    --------
    A run that waited for people and for spares: ``{"restart": {"load": 60.0}, "waiting": {"people": 30.0, "spares":
    9.0}}``. Parts in which no time was spent are left out.
    """
    # Few intervals have a part: those in which the job stands still.
    rows = np.flatnonzero(np.array([bool(name) for name in records.parts])[records.intervals["part"]])
    state, part, start_s, end_s = (records.intervals[name][rows] for name in ("state", "part", "start_s", "end_s"))
    code = state.astype(np.int64) * len(records.parts) + part
    sums_s: Column = np.bincount(code, end_s - start_s, len(STATES) * len(records.parts))
    by_state: dict[str, dict[str, float]] = {}
    for name, row_s in zip(STATES, sums_s.reshape(len(STATES), -1).tolist(), strict=True):
        named = {part: seconds for part, seconds in zip(records.parts, row_s, strict=True) if seconds > 0.0}
        if named:
            by_state[name] = named
    return by_state
