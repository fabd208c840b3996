"""The loss against the clock: what a run's interruptions and rewinds make of its curve."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clustersim.run.records import PRODUCTIVE, RECOMPUTE, ROLLBACK, Records

Floats = NDArray[np.float64]

_TRAINING = (PRODUCTIVE, RECOMPUTE, ROLLBACK)
"""States in which the weights change."""


class ClockPoint(NamedTuple):
    """One point of the curve against the clock."""

    t_s: float
    tokens: float
    """Tokens behind the weights at that time: less than were trained before, after a rewind."""
    loss: float
    """Loss [nats/token]."""


def weights_at_s(records: Records, times_s: Floats) -> Floats:
    """Tokens behind the job's weights at each of these times.

    Notes
    -----
    Unlike :func:`clustersim.run.metrics.tokens_at_s`, which counts what the final model keeps, this falls back at each
    rewind and climbs over the same tokens again. A job that stands still has the weights it last had; from the failure
    on it will go on from its checkpoint, but that shows only when it trains again.
    """
    rows = np.flatnonzero(np.isin(records.intervals["state"], _TRAINING))
    if not len(rows):
        return np.zeros(np.shape(times_s))
    start_s, end_s, first, last = (
        records.intervals[name][rows] for name in ("start_s", "end_s", "tokens_start", "tokens_end")
    )
    index = np.searchsorted(start_s, times_s, side="right") - 1
    at = np.maximum(index, 0)
    length_s = np.maximum(end_s[at] - start_s[at], 1e-12)
    share = np.clip((np.asarray(times_s) - start_s[at]) / length_s, 0.0, 1.0)
    tokens: Floats = np.where(index < 0, 0.0, first[at] + share * (last[at] - first[at]))
    return tokens


def clock_curve(records: Records, loss_at: Callable[[Floats], Floats], points: int = 200) -> list[ClockPoint]:
    """Turn a loss curve over tokens into one over wall time.

    Parameters
    ----------
    records : Records
        A simulated run.
    loss_at : callable
        Loss [nats/token] after each of some tokens.
    points : int
        Evenly spaced times; the start and the end of every stretch that trained other tokens than the one before are
        added, so that no rewind falls between two points.

    Returns
    -------
    list of ClockPoint
        In order of time.
    """
    times_s = np.union1d(np.linspace(0.0, records.end_s, points), _rewinds_s(records))
    tokens = weights_at_s(records, times_s)
    losses = loss_at(tokens)
    return [ClockPoint(*row) for row in zip(times_s.tolist(), tokens.tolist(), losses.tolist(), strict=True)]


def _rewinds_s(records: Records) -> Floats:
    """Times just before and at which the job trains on from earlier weights."""
    rows = np.flatnonzero(np.isin(records.intervals["state"], _TRAINING))
    start_s, first, last = (records.intervals[name][rows] for name in ("start_s", "tokens_start", "tokens_end"))
    back_s = start_s[1:][first[1:] < last[:-1]]
    return np.concatenate([np.nextafter(back_s, 0.0), back_s])
