"""Metrics of a run, each a function of its records, each named and defined as its authors do."""

from dataclasses import dataclass

import numpy as np

from clustersim.run.binned import time_between_s
from clustersim.run.records import (
    DETECT,
    EFFECTS,
    HITS,
    JOB_START,
    PHASE_CHANGE,
    PRODUCTIVE,
    RESIZE,
    RESTART,
    STATES,
    STOPPING,
    UNEXPECTED,
    WAITING,
    Column,
    Records,
)

_PLANNED, _PREEMPTED = EFFECTS.index("planned"), EFFECTS.index("preempted")
_STOPS, _UNEXPECTED = (np.isin(np.arange(len(EFFECTS)), effects) for effects in (STOPPING, UNEXPECTED))
_JOB = HITS.index("job")
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of wall time that metrics are restricted to [s]."""

    start_s: float = 0.0
    end_s: float = float("inf")

    def length_s(self, records: Records) -> float:
        """Length of the window that the record covers [s]."""
        return max(0.0, min(self.end_s, records.end_s) - self.start_s)


WHOLE_RUN = Window()


def durations_s(records: Records, window: Window = WHOLE_RUN) -> Column:
    """Length of each interval inside the window [s]."""
    low = np.maximum(records.intervals["start_s"], window.start_s)
    high = np.minimum(records.intervals["end_s"], window.end_s)
    inside: Column = np.maximum(high - low, 0.0)
    return inside


def time_by_state_s(records: Records, window: Window = WHOLE_RUN) -> dict[str, float]:
    """Time in each state [s]; the sum is the wall clock."""
    sums = np.bincount(records.intervals["state"], durations_s(records, window), len(STATES))
    return dict(zip(STATES, sums.tolist(), strict=True))


def effective_training_time(records: Records, window: Window = WHOLE_RUN) -> float:
    """Share of the wall clock in which steps were trained that the final model keeps.

    This one fraction goes by three names here, because no queue precedes the run in this engine: effective training
    time (Llama 3, arXiv 2407.21783, section 3.3.4), ETTR (Kokolis et al. 2024, arXiv 2410.21680: productive over wall
    time) and goodput (Google ML Goodput: productive step time over total time). A slow step counts with the time it
    should have taken; the rest of it is ``slowed`` and not productive, which authors who time steps by the clock alone
    would count.
    """
    wall_s = window.length_s(records)
    return time_by_state_s(records, window)["productive"] / wall_s if wall_s > 0.0 else 0.0


def tokens_trained(records: Records) -> float:
    """Tokens of all steps that count, each once."""
    productive = records.intervals["state"] == PRODUCTIVE
    gained = records.intervals["tokens_end"] - records.intervals["tokens_start"]
    return float(gained[productive].sum())


def tokens_in(records: Records, window: Window) -> float:
    """Tokens of the steps inside the window that count, each once."""
    begin, end = tokens_at_s(records, np.array([window.start_s, min(window.end_s, records.end_s)]))
    return float(end - begin)


def time_lost_by_cause_s(records: Records) -> dict[str, float]:
    """Wall time that was not productive, by the category of the incident it is due to [s].

    Checkpoints and the start of the job are not due to an incident.
    """
    cause, state = records.intervals["cause"], records.intervals["state"]
    causes = len(records.categories)
    # Without a cause (-1) the index falls on the number appended, and the state tells the rest apart.
    code = np.append(records.incidents["category"], causes)[cause] + np.where(cause < 0, state, 0)
    sums = np.bincount(code, durations_s(records), causes + len(STATES))
    sums[causes + PRODUCTIVE] = 0.0
    result = {
        name: total for name, total in zip(records.categories, sums[:causes].tolist(), strict=True) if total > 0.0
    }
    for name, total in zip(STATES, sums[causes:].tolist(), strict=True):
        if total > 0.0:
            key = JOB_START if name == "restart" else name
            result[key] = result.get(key, 0.0) + total
    return result


def interruptions_by_category(records: Records, window: Window = WHOLE_RUN) -> dict[str, int]:
    """Times the job was stopped, by category; planned stops, phase changes and preemptions included.

    What the job trains on through is no interruption, however often it strikes: slow steps, checkpoints that cannot be
    written and those that are lost.
    """
    stopped_by = records.incidents["category"][_stops_job(records, window)]
    counts = np.bincount(stopped_by, minlength=len(records.categories))
    return dict(zip(records.categories, counts.tolist(), strict=True))


def interruptions(records: Records, window: Window = WHOLE_RUN) -> tuple[int, int]:
    """Unexpected interruptions and planned stops.

    Failures alone are unexpected. Changes of the layout, between phases or on a date, are neither, and nor are
    preemptions, which :func:`preemptions` counts.
    """
    counted, effect = _stops_job(records, window), records.incidents["effect"]
    planned = counted & (effect == _PLANNED) & ~_changes_layout(records)
    return int((counted & _UNEXPECTED[effect]).sum()), int(planned.sum())


def preemptions(records: Records, window: Window = WHOLE_RUN) -> int:
    """Times the job was stopped because others took its nodes."""
    return int((_stops_job(records, window) & (records.incidents["effect"] == _PREEMPTED)).sum())


def manual_interventions(records: Records, window: Window = WHOLE_RUN) -> int:
    """Interruptions from which the job did not recover without a person."""
    return int((_stops_job(records, window) & records.incidents["manual"]).sum())


def phase_changes(records: Records, window: Window = WHOLE_RUN) -> int:
    """Times the job restarted because the next phase has another layout, or because its size was changed."""
    return int((_stops_job(records, window) & _changes_layout(records)).sum())


def _stops_job(records: Records, window: Window) -> Column:
    t_s = records.incidents["t_s"]
    stops: Column = (records.incidents["hits"] == _JOB) & _STOPS[records.incidents["effect"]]
    stops &= (t_s >= window.start_s) & (t_s < window.end_s)
    return stops


def _changes_layout(records: Records) -> Column:
    own = [name in (PHASE_CHANGE, RESIZE) for name in records.categories]
    changes: Column = np.array(own)[records.incidents["category"]]
    return changes


def mean_time_to_interruption_s(records: Records, window: Window = WHOLE_RUN) -> float:
    """MTTI: wall time over unexpected interruptions [s]; infinite if there was none."""
    unexpected, _planned = interruptions(records, window)
    return window.length_s(records) / unexpected if unexpected else float("inf")


def recovery_time_s(records: Records) -> float:
    """Time from the unexpected interruptions to the first step after each, all together [s].

    Detection, waiting and restart; the redone work is not in it. With the count of :func:`interruptions` it gives the
    mean of one run, and summed over many runs, as the counts are, their common mean.
    """
    down = np.isin(records.intervals["state"], (DETECT, WAITING, RESTART))
    cause = records.intervals["cause"]
    unexpected = down & (cause >= 0)
    unexpected[unexpected] = ~np.isin(records.incidents["effect"][cause[unexpected]], (_PLANNED, _PREEMPTED))
    return float(durations_s(records)[unexpected].sum())


def mean_time_to_recover_s(records: Records) -> float:
    """MTTR: mean time from an unexpected interruption to the first step [s]; 0 if there was none."""
    count, _planned = interruptions(records)
    return recovery_time_s(records) / count if count else 0.0


def time_by_phase_and_state_s(records: Records) -> Column:
    """Wall time in each state of each phase, shape (phases, states) [s]."""
    code = records.intervals["phase"].astype(np.int64) * len(STATES) + records.intervals["state"]
    sums = np.bincount(code, durations_s(records), len(records.phases) * len(STATES))
    return sums.reshape(len(records.phases), len(STATES))


def time_by_day_and_state_s(records: Records) -> Column:
    """Time in each state on each day, shape (days, states) [s]."""
    days = max(1, int(np.ceil(records.end_s / _DAY_S)))
    return time_between_s(records, np.arange(days + 1) * _DAY_S)


def checkpoints_taken(records: Records) -> int:
    """Checkpoints that were taken, each counted once however many tiers have it."""
    taken_s = records.checkpoints["taken_s"]
    return int(np.count_nonzero(np.diff(taken_s))) + 1 if len(taken_s) else 0


def tokens_at_s(records: Records, times_s: Column) -> Column:
    """Tokens that count by each of these moments."""
    productive = records.intervals["state"] == PRODUCTIVE
    if not productive.any():
        return np.zeros(np.shape(times_s))
    rows = np.flatnonzero(productive)
    start_s = records.intervals["start_s"][rows]
    last = rows[np.maximum(np.searchsorted(start_s, times_s, side="right") - 1, 0)]
    begin_s, end_s, first, then = (
        records.intervals[name][last] for name in ("start_s", "end_s", "tokens_start", "tokens_end")
    )
    share = np.clip((times_s - begin_s) / (end_s - begin_s), 0.0, 1.0)
    result: Column = np.where(times_s < start_s[0], 0.0, first + share * (then - first))
    return result
