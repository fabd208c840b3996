"""The learning rate as a function of the step, its integral, and the ramp of batches between steps and tokens."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

Kind = Literal["cosine", "wsd", "linear", "constant", "drops", "points"]
Cooldown = Literal["linear", "one_minus_sqrt", "exponential"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Learning rate over a run, as a share of its peak, after a linear warm-up from zero.

    Parameters
    ----------
    kind : {"cosine", "wsd", "linear", "constant", "drops", "points"}
        How it comes down: half a cosine; warm-up, stable, decay; a straight line; not at all; at once, at the given
        ``points``; straight from one of the ``points`` to the next.
    steps : float
        Optimizer steps of the whole run, warm-up included.
    warmup_steps : float
        Steps of the warm-up.
    floor : float
        Learning rate at the end of cosine, wsd and linear, as a share of the peak.
    cooldown_share : float
        Share of all steps that the decay of wsd takes.
    cooldown : {"linear", "one_minus_sqrt", "exponential"}
        Shape of that decay; an exponential one needs a floor above zero.
    points : tuple of (float, float)
        Step and share of the peak, steps rising: of ``drops``, what holds from there on; of ``points``, corners. Before
        the first the rate is at its peak, behind the last it stays.

    References
    ----------
    .. [1] Loshchilov, I. and Hutter, F. (2017), SGDR. arXiv 1608.03983: cosine.
    .. [2] Hu, S. et al. (2024), MiniCPM. arXiv 2404.06395: warm-up, stable, decay.
    .. [3] Hägele, A. et al. (2024), Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations. arXiv
       2405.18392: cool-down by one minus a square root.

    Examples
    --------
    >>> llama3 = Schedule("cosine", 1_200_000, 8_000, floor=0.01)
    >>> np.round(share(llama3, [4_000, 8_000, 604_000, 1_200_000]), 4).tolist()
    [0.5, 1.0, 0.505, 0.01]
    """

    kind: Kind
    steps: float
    warmup_steps: float = 0.0
    floor: float = 0.0
    cooldown_share: float = 0.2
    cooldown: Cooldown = "one_minus_sqrt"
    points: tuple[tuple[float, float], ...] = ()

    @property
    def decay_starts(self) -> float:
        """Step at which the learning rate begins to fall; the last one of a constant schedule."""
        if self.kind == "wsd":
            return max(self.warmup_steps, self.steps * (1.0 - self.cooldown_share))
        return self.steps if self.kind == "constant" else self.warmup_steps


def share(schedule: Schedule, steps: ArrayLike) -> Floats:
    """Learning rate after some steps, as a share of the peak.

    Parameters
    ----------
    schedule : Schedule
        The schedule.
    steps : array_like
        Steps, from 0; whole or not. Behind the end the last learning rate holds.

    Returns
    -------
    ndarray
        Share of the peak, between 0 and 1 but for ``points`` that say otherwise.
    """
    at = np.clip(np.asarray(steps, dtype=np.float64), 0.0, schedule.steps)
    return np.asarray(np.where(at < schedule.warmup_steps, _warm(schedule, at), _after(schedule, at)))


def area(schedule: Schedule, steps: ArrayLike) -> Floats:
    """Integral of :func:`share` from the start to each of some steps, in closed form [steps]."""
    at = np.clip(np.asarray(steps, dtype=np.float64), 0.0, schedule.steps)
    warm = schedule.warmup_steps
    ramp = 0.5 * np.minimum(at, warm) * _warm(schedule, np.minimum(at, warm))
    return np.asarray(ramp + np.where(at > warm, _area_after(schedule, np.maximum(at, warm)), 0.0))


def _warm(schedule: Schedule, at: Floats) -> Floats:
    # The ramp leads to the first rate behind it, which is the peak unless a corner lies within the warm-up.
    top = float(_after(schedule, np.array(schedule.warmup_steps)))
    warm = schedule.warmup_steps
    return np.asarray(top * (np.minimum(at, warm) / warm if warm > 0.0 else np.ones_like(at)))


def _after(schedule: Schedule, at: Floats) -> Floats:
    floor, done = schedule.floor, _done(schedule, at)
    match schedule.kind:
        case "cosine":
            return np.asarray(floor + 0.5 * (1.0 - floor) * (1.0 + np.cos(np.pi * done)))
        case "linear":
            return np.asarray(1.0 - (1.0 - floor) * done)
        case "wsd":
            return _cooled(schedule, done)
        case "constant":
            return np.ones_like(at)
        case "drops":
            where, held = _held(schedule)
            return np.asarray(held[np.searchsorted(where, at, side="right")])
        case "points":
            where, corner = _corners(schedule)
            return np.asarray(np.interp(at, where, corner))


def _cooled(schedule: Schedule, done: Floats) -> Floats:
    floor = schedule.floor
    match schedule.cooldown:
        case "linear":
            return np.asarray(1.0 - (1.0 - floor) * done)
        case "one_minus_sqrt":
            return np.asarray(1.0 - (1.0 - floor) * np.sqrt(done))
        case "exponential":
            return np.asarray(floor**done)


def _area_after(schedule: Schedule, at: Floats) -> Floats:
    start, length = schedule.decay_starts, _decay_steps(schedule)
    before, done, floor = np.minimum(at, start) - schedule.warmup_steps, _done(schedule, at), schedule.floor
    match schedule.kind:
        case "cosine":
            mean = 0.5 * (1.0 + floor) * done + 0.5 * (1.0 - floor) * np.sin(np.pi * done) / np.pi
        case "linear":
            mean = done - 0.5 * (1.0 - floor) * done**2
        case "wsd":
            mean = _cooled_area(schedule, done)
        case "constant":
            return np.asarray(at - schedule.warmup_steps)
        case "drops":
            where, held = _held(schedule)
            return _sum_of_pieces(schedule.warmup_steps, at, where, held)
        case "points":
            where, corner = _corners(schedule)
            return np.asarray(
                _trapezoid(at, where, corner) - _trapezoid(np.array(schedule.warmup_steps), where, corner)
            )
    return np.asarray(before + length * mean)


def _cooled_area(schedule: Schedule, done: Floats) -> Floats:
    floor = schedule.floor
    match schedule.cooldown:
        case "linear":
            return np.asarray(done - 0.5 * (1.0 - floor) * done**2)
        case "one_minus_sqrt":
            return np.asarray(done - (1.0 - floor) * done**1.5 / 1.5)
        case "exponential":
            return np.asarray((floor**done - 1.0) / math.log(floor) if floor < 1.0 else done)


def _decay_steps(schedule: Schedule) -> float:
    return schedule.steps - schedule.decay_starts


def _done(schedule: Schedule, at: Floats) -> Floats:
    """Share of the decay that is over; none where there is no decay."""
    length = _decay_steps(schedule)
    return np.clip((at - schedule.decay_starts) / length, 0.0, 1.0) if length > 0.0 else np.zeros_like(at)


def _held(schedule: Schedule) -> tuple[Floats, Floats]:
    return np.array([step for step, _ in schedule.points]), np.array([1.0, *(held for _, held in schedule.points)])


def _sum_of_pieces(start: float, at: Floats, where: Floats, held: Floats) -> Floats:
    edges = np.concatenate([[-np.inf], where, [np.inf]])
    low, high = np.maximum(edges[:-1], start), edges[1:]
    inside = np.clip(np.minimum(at[..., None], high) - low, 0.0, None)
    return np.asarray((inside * held).sum(axis=-1))


def _corners(schedule: Schedule) -> tuple[Floats, Floats]:
    before = [(schedule.warmup_steps, 1.0)] if schedule.points and schedule.points[0][0] > schedule.warmup_steps else []
    corners = [*before, *schedule.points] or [(0.0, 1.0)]
    return np.array([step for step, _ in corners]), np.array([corner for _, corner in corners])


def _trapezoid(at: Floats, where: Floats, corner: Floats) -> Floats:
    """Integral from the first corner to each point; negative before it."""
    sums = np.concatenate([[0.0], np.cumsum(0.5 * (corner[1:] + corner[:-1]) * np.diff(where))])
    index = np.clip(np.searchsorted(where, at, side="right") - 1, 0, len(where) - 1)
    here = np.interp(at, where, corner)
    return np.asarray(sums[index] + 0.5 * (corner[index] + here) * (at - where[index]))


@dataclass(frozen=True, slots=True)
class BatchRamp:
    """Steps and tokens of a run whose batch changes from phase to phase.

    Parameters
    ----------
    tokens : tuple of float
        Tokens of each phase.
    tokens_per_step : tuple of float
        Batch of each phase [tokens].
    """

    tokens: tuple[float, ...]
    tokens_per_step: tuple[float, ...]

    @property
    def steps(self) -> float:
        """Optimizer steps of all phases; of a phase that ends within a step, that share of it."""
        return sum(tokens / batch for tokens, batch in zip(self.tokens, self.tokens_per_step, strict=True))

    def tokens_at(self, steps: ArrayLike) -> Floats:
        """Tokens trained after some steps; none before the first and all behind the last."""
        return np.asarray(np.interp(np.asarray(steps, dtype=np.float64), *self._corners()))

    def steps_at(self, tokens: ArrayLike) -> Floats:
        """Steps after which some tokens are trained."""
        steps, trained = self._corners()
        return np.asarray(np.interp(np.asarray(tokens, dtype=np.float64), trained, steps))

    def _corners(self) -> tuple[Floats, Floats]:
        each = np.array(self.tokens)
        steps = np.cumsum(each / np.array(self.tokens_per_step))
        return np.concatenate([[0.0], steps]), np.concatenate([[0.0], np.cumsum(each)])


def sampled(schedule: Schedule, ramp: BatchRamp, points: int = 2000) -> tuple[Floats, Floats]:
    """Tokens and learning rates of a whole run, for the laws that take arrays.

    Returns
    -------
    tokens, share : ndarray
        Evenly spaced over the warm-up and over what follows, with every corner; where the rate drops at once, the same
        tokens come twice.
    """
    warm = schedule.warmup_steps
    even = np.linspace(warm, schedule.steps, points)
    early = np.linspace(0.0, warm, 1 + points // 10) if warm > 0.0 else np.zeros(1)
    # Half of the points of a square root's cool-down would miss its steep beginning.
    cooling = schedule.decay_starts + _decay_steps(schedule) * np.linspace(0.0, 1.0, points // 4) ** 2
    corners = np.array(_turns(schedule, ramp))
    steps = np.unique(np.concatenate([early, even, cooling, corners]))
    steps = steps[(steps >= 0.0) & (steps <= schedule.steps)]
    return _with_drops(schedule, ramp, steps)


def _turns(schedule: Schedule, ramp: BatchRamp) -> Sequence[float]:
    batches = np.cumsum(np.array(ramp.tokens) / np.array(ramp.tokens_per_step)).tolist()
    return [*batches, *(step for step, _ in schedule.points)]


def _with_drops(schedule: Schedule, ramp: BatchRamp, steps: Floats) -> tuple[Floats, Floats]:
    tokens, rates = ramp.tokens_at(steps), share(schedule, steps)
    if schedule.kind != "drops":
        return tokens, rates
    at = np.array([step for step, _ in schedule.points if schedule.warmup_steps < step < schedule.steps])
    before = share(schedule, np.nextafter(at, 0.0))
    where = np.searchsorted(steps, at)
    return np.insert(tokens, where, ramp.tokens_at(at)), np.insert(rates, where, before)
