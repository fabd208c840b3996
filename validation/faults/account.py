"""Where the time of a run went, and its ETTR."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from validation.faults.lives import Life, Step
from validation.faults.plan import LASTING
from validation.faults.strikes import Struck

WARM_UP_STEPS = 3
"""First steps of an attempt, which allocate memory; what they take beyond an ordinary step belongs to the restart."""

PARTS = ("schedule", "init", "collectives", "load", "warmup")
"""Parts of a restart, named as in the scenarios of clustersim: torchrun's own work between two attempts; start of the
processes, imports and building; process group; reading the checkpoint; first slow steps."""

STATES = ("productive", "recompute", "checkpoint", "detect", "restart", "slowed", "other")


@dataclass(slots=True)
class Account:
    """Where the time of a run went.

    Attributes
    ----------
    wall_s : float
        From the start of the first process to the end of the last step and its checkpoint [s].
    step_s : float
        Mean time of an undisturbed step [s].
    median_step_s : float
        Their median [s].
    productive_s : float
        Steps that were kept, each once, at `step_s` [s].
    lost_steps : int
        Whole steps that were trained and not kept.
    states_s : dict
        Time by state [s]; the sum is the wall time. ``other`` is what jitter adds up to.
    detections_s : list of float
        From each incident that ended an attempt to the end of its last process [s].
    restarts_s : list of float
        From there to the first step, the excess of the first steps included [s]; of restarts that were not broken off.
    parts_s : dict
        Parts of these restarts, a list each [s].
    startup_s : float or None
        The same of the first start, which nothing precedes and which loads nothing; None if it was broken off [s].
    slowdowns : list of float
        Time of a step within each slow episode over that of an undisturbed one.
    unplanned_ends : int
        Attempts that ended without an incident.
    """

    wall_s: float
    step_s: float
    median_step_s: float
    productive_s: float
    lost_steps: int = 0
    states_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STATES, 0.0))
    detections_s: list[float] = field(default_factory=list)
    restarts_s: list[float] = field(default_factory=list)
    parts_s: dict[str, list[float]] = field(default_factory=lambda: {part: [] for part in PARTS})
    startup_s: float | None = None
    slowdowns: list[float] = field(default_factory=list)
    unplanned_ends: int = 0

    @property
    def ettr(self) -> float:
        """Effective training time ratio: productive over wall time.

        References
        ----------
        .. [1] Kokolis, A. et al. (2024), Revisiting reliability in large-scale machine learning research clusters,
           arXiv 2410.21680, section 2.
        """
        return self.productive_s / self.wall_s

    def tree(self) -> dict[str, Any]:
        """The account as it stands in the file."""
        return {
            "wall_s": self.wall_s,
            "ettr": self.ettr,
            "productive_s": self.productive_s,
            "step_time_s": self.step_s,
            "median_step_time_s": self.median_step_s,
            "lost_steps": self.lost_steps,
            "detections_s": self.detections_s,
            "restarts_s": self.restarts_s,
            "restart_parts_s": self.parts_s,
            "startup_s": self.startup_s,
            "slowdowns": self.slowdowns,
            "states_s": self.states_s,
            "unplanned_ends": self.unplanned_ends,
        }


class NothingUndisturbed(ValueError):  # noqa: N818 - named after what it says
    """A run without a single undisturbed step has no step time to count its work in."""


def account(attempts: Sequence[Life], struck: Sequence[Struck]) -> Account:
    """Take stock of a run that came to its end.

    Parameters
    ----------
    attempts : sequence of Life
        In order; the last one trained to the end.
    struck : sequence of Struck
        What was done to it.

    Notes
    -----
    Work is counted at the mean, not the median, of the undisturbed steps: the ordinary jitter of steps is part of the
    time that training takes, and a simulated step has none. Undisturbed are steps beyond the first three of an attempt,
    outside of slow episodes, while no checkpoint is written in the background.

    Raises
    ------
    NothingUndisturbed
        If there is no such step.
    """
    episodes = [strike for strike in struck if strike.category == "straggler" and not strike.absorbed]
    times_s = [s.took_s for life in attempts for s in life.steps if _undisturbed(s, episodes)]
    if not times_s:
        message = f"none of {sum(len(life.steps) for life in attempts)} steps was undisturbed; plan more work"
        raise NothingUndisturbed(message)
    step_s = statistics.fmean(times_s)
    kept = _kept(attempts)
    numbers = [(step.number, limit) for life, limit in zip(attempts, kept, strict=True) for step in life.steps]
    productive_s = step_s * sum(number <= limit for number, limit in numbers)
    wall_s = attempts[-1].end_s - attempts[0].started_s
    result = Account(wall_s, step_s, statistics.median(times_s), productive_s)
    for life, limit in zip(attempts, kept, strict=True):
        _work(result, life, limit, episodes)
    states = result.states_s
    states["checkpoint"] += attempts[-1].end_s - (attempts[-1].last_word_s or attempts[-1].end_s)
    _ends(result, attempts, struck)
    _starts(result, attempts)
    result.slowdowns = [slow for episode in episodes if (slow := _slowdown(attempts, episode, step_s)) is not None]
    states["productive"] = productive_s
    states["other"] = wall_s - sum(states.values())
    return result


def _undisturbed(step: Step, episodes: Sequence[Struck]) -> bool:
    return step.place >= WARM_UP_STEPS and not step.persisting and not _slow(step, episodes)


def _slow(step: Step, episodes: Sequence[Struck]) -> bool:
    return any(step.began_s < episode.until_s and episode.at_s < step.ended_s for episode in episodes)


def _kept(attempts: Sequence[Life]) -> list[int]:
    """Number of the last step of each attempt that no later attempt had to train again."""
    limits: list[int] = []
    limit = attempts[-1].last_step
    for life in reversed(attempts):
        limits.append(min(limit, life.last_step))
        if life.ready_s is not None:
            limit = min(limit, life.resumed)
    return limits[::-1]


def _work(result: Account, life: Life, limit: int, episodes: Sequence[Struck]) -> None:
    """Steps and stalls of one attempt."""
    states = result.states_s
    for step in life.steps:
        states["checkpoint"] += step.stall_s
        if step.number > limit:
            result.lost_steps += 1
            states["recompute"] += step.took_s
            continue
        excess_s = step.took_s - result.step_s
        if step.place < WARM_UP_STEPS:
            states["restart"] += excess_s
        elif _slow(step, episodes):
            states["slowed"] += excess_s
        elif step.persisting:
            states["checkpoint"] += excess_s
    if life.steps and life.last_stall_s > life.steps[-1].ended_s:
        states["checkpoint"] += life.last_stall_s - life.steps[-1].ended_s


def _ends(result: Account, attempts: Sequence[Life], struck: Sequence[Struck]) -> None:
    """How each attempt but the last came to its end."""
    strikes = sorted((s for s in struck if s.category not in LASTING and not s.absorbed), key=lambda s: s.at_s)
    for life in attempts[:-1]:
        own = [s.at_s for s in strikes if s.category != "bad checkpoint" and life.started_s <= s.at_s <= life.gone_s]
        at_s = own[0] if own else life.gone_s
        result.unplanned_ends += not own
        result.detections_s += [life.gone_s - at_s] if own else []
        result.states_s["detect"] += life.gone_s - at_s
        last_s = life.last_word_s
        if last_s is None:  # it never came to train: its start was broken off
            result.states_s["restart"] += at_s - life.started_s
        else:
            result.states_s["recompute"] += max(0.0, at_s - last_s)


def _starts(result: Account, attempts: Sequence[Life]) -> None:
    """What each start took, by its parts."""
    for before, life in zip((None, *attempts), attempts, strict=False):
        schedule_s = life.started_s - before.gone_s if before is not None else 0.0
        result.states_s["restart"] += schedule_s
        if life.ready_s is None or life.start_s is None:
            continue
        result.states_s["restart"] += life.ready_s - life.started_s
        if len(life.steps) < WARM_UP_STEPS:
            continue
        parts = _parts(life, schedule_s, result.step_s)
        if before is None:
            result.startup_s = sum(parts.values())
        else:
            result.restarts_s.append(sum(parts.values()))
            for name, part_s in parts.items():
                result.parts_s[name].append(part_s)


def _parts(life: Life, schedule_s: float, step_s: float) -> dict[str, float]:
    ready_s = (life.ready_s or 0.0) - life.started_s
    collectives_s, load_s = life.parts_s["process_group_s"], life.parts_s["load_s"]
    first = life.steps[:WARM_UP_STEPS]
    return {
        "schedule": schedule_s,
        "init": ready_s - collectives_s - load_s,
        "collectives": collectives_s,
        "load": load_s,
        "warmup": max(0.0, sum(step.took_s for step in first) - len(first) * step_s),
    }


def _slowdown(attempts: Sequence[Life], episode: Struck, step_s: float) -> float | None:
    """Mean time of the steps that lie wholly within an episode, over that of an undisturbed one."""
    inside = [
        step.took_s
        for life in attempts
        for step in life.steps
        if episode.at_s <= step.began_s and step.ended_s <= episode.until_s and step.place >= WARM_UP_STEPS
    ]
    return statistics.fmean(inside) / step_s if inside else None


def checkpoint_costs_s(life: Life, step_s: float) -> list[float]:
    """What each checkpoint of an undisturbed attempt cost the training [s].

    The stall before the next step, and what the steps took longer while it was written in the background.
    """
    costs: list[float] = []
    for step in life.steps:
        if step.stall_s > 0.0:
            costs.append(step.stall_s)
        if step.persisting and costs:
            costs[-1] += step.took_s - step_s
    return costs
