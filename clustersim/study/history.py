"""The history of one run, coarse enough to be drawn: rows of equal length, cut into cells."""

from typing import Any

import numpy as np

from clustersim.run.binned import time_between_s
from clustersim.run.records import HITS, PRODUCTIVE, STATES, UNEXPECTED, Column, Records

_HOUR_S = 3600.0
_DAY_S = 86400.0
_WEEK_S = 7 * _DAY_S

_GRIDS = (
    (600.0, 10.0), (_HOUR_S, 30.0), (6 * _HOUR_S, 120.0), (_DAY_S, 600.0), (_WEEK_S, _HOUR_S),
    (4 * _WEEK_S, 4 * _HOUR_S), (52 * _WEEK_S, 2 * _DAY_S),
)  # fmt: skip
"""Length of a row and of a cell [s]."""

_MOST_ROWS = 16
"""Rows that are still taken in at a glance; 13 of them are three months in weeks."""

_SHORTEST_S = 1e-6


def history(records: Records) -> dict[str, Any]:
    """What the job did when, and the failures that stopped it.

    Returns
    -------
    dict
        ``row_hours`` and ``cell_hours``; ``rows``, each with its ``start_hours``, the ``hours`` in each state, and for
        each state but the productive one its ``percent`` of each cell as far as the run lasted, whole numbers in one
        text; ``failures``, with
        the ``hours`` at which they struck and their ``category``.
    """
    row_s, cell_s = next((grid for grid in _GRIDS if records.end_s <= _MOST_ROWS * grid[0]), _GRIDS[-1])
    cells = round(row_s / cell_s)
    rows = max(1, int(np.ceil(records.end_s / row_s)))
    edges_s = np.minimum(np.arange(rows * cells + 1) * cell_s, records.end_s)
    spent_s = time_between_s(records, edges_s)
    # The run may end inside a cell; those after it have no length and nothing in them.
    shares = spent_s / np.maximum(np.diff(edges_s), _SHORTEST_S)[:, np.newaxis]
    percent = np.rint(100.0 * shares).astype(np.int64).reshape(rows, cells, len(STATES))
    hours = (spent_s.reshape(rows, cells, len(STATES)).sum(axis=1) / _HOUR_S).tolist()
    return {
        "row_hours": row_s / _HOUR_S,
        "cell_hours": cell_s / _HOUR_S,
        "end_hours": records.end_s / _HOUR_S,
        "rows": [
            {"start_hours": row * row_s / _HOUR_S, "hours": _hours(hours[row]), "percent": _percent(percent[row])}
            for row in range(rows)
        ],
        "failures": _failures(records),
    }


def _hours(hours: list[float]) -> dict[str, float]:
    return {state: value for state, value in zip(STATES, hours, strict=True) if value > 0.0}


def _percent(cells: Column) -> dict[str, str]:
    shown = [code for code in np.flatnonzero(cells.any(axis=0)).tolist() if code != PRODUCTIVE]
    return {STATES[code]: " ".join(map(str, cells[:, code].tolist())) for code in shown}


def _failures(records: Records) -> dict[str, list[Any]]:
    incidents = records.incidents
    stops = (incidents["hits"] == HITS.index("job")) & np.isin(incidents["effect"], UNEXPECTED)
    return {
        "hours": (incidents["t_s"][stops] / _HOUR_S).tolist(),
        "category": [records.categories[code] for code in incidents["category"][stops].tolist()],
    }
