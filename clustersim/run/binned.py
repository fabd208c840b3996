"""Time in each state between any moments of a run."""

import numpy as np

from clustersim.run.records import STATES, Column, Records


def time_between_s(records: Records, edges_s: Column) -> Column:
    """Time in each state between each moment and the next.

    Parameters
    ----------
    records : Records
        One run.
    edges_s : array
        Moments in order [s]; what lies after the end of the run is in no state.

    Returns
    -------
    array, shape (edges - 1, states)
        Seconds.
    """
    start_s, end_s, state = (records.intervals[name] for name in ("start_s", "end_s", "state"))
    by_state_s = np.zeros((len(state) + 1, len(STATES)))
    by_state_s[np.arange(1, len(state) + 1), state] = end_s - start_s
    np.cumsum(by_state_s, axis=0, out=by_state_s)
    under_way = np.searchsorted(end_s, edges_s)
    spent_s = by_state_s[under_way]
    inside = np.flatnonzero(under_way < len(state))
    row = under_way[inside]
    spent_s[inside, state[row]] += np.maximum(np.asarray(edges_s)[inside] - start_s[row], 0.0)
    between_s: Column = np.diff(spent_s, axis=0)
    return between_s
