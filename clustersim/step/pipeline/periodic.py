"""The steady state of a schedule: when two rounds of it are alike, all further ones are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter, sub

from clustersim.step.pipeline.compiler import START_NODES, Compiled
from clustersim.step.pipeline.schedule import Schedule
from clustersim.step.pipeline.tasks import RankOrder

TOLERANCE = 1e-12
"""Difference between two rounds, relative to the time so far, that is rounding."""

SPAN_BEATS = 2
"""Beats that a task reaches back for what it waits for, at most: one for its own rank and its neighbours.
Interleaving adds a group, for the chunk before. :func:`_open_shifts` checks it for each graph."""

_NEVER = -(10**9)
"""Beat of what was always there: nobody waits for it."""

Pick = Callable[[Sequence[float]], tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Round:
    """A number of micro-batches after which the steady state may repeat.

    ``earlier`` picks the times of the stretch that lies so many micro-batches before the last one, and ``starts`` are
    the nodes of each rank just before the round that ends with the last stretch.
    """

    micro_batches: int
    earlier: Pick
    starts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Steady:
    """The last stretch of the steady state, and the rounds it can be compared over; ``ends`` are its last nodes."""

    last: Pick
    rounds: tuple[Round, ...]
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pace:
    """The steady state of a simulated pipeline: the round that repeats, and how long it takes [s]."""

    round: Round
    lag_s: float


def rounds_of(schedule: Schedule) -> tuple[int, ...]:
    """Micro-batches after which the steady state may repeat, likely ones first.

    Interleaving goes by groups. Otherwise micro-batches go round neighbouring ranks in circles of one to all of them,
    and the slowest circle sets the pace.
    """
    if schedule.name == "gpipe":
        return ()
    if schedule.name == "1f1b" and schedule.chunks > 1:
        return (schedule.group,)
    if schedule.name == "dualpipe":
        return tuple(range(2, 2 * schedule.stages + 1, 2))
    return (1, *range(schedule.stages, 1, -1))


def shortest(schedule: Schedule, spare_rounds: int) -> int:
    """Micro-batches that show two rounds of the steady state, in step with those of the schedule.

    Parameters
    ----------
    schedule : Schedule
        Its micro-batches, less whole groups where it has groups.
    spare_rounds : int
        Rounds before the two, in which the pipeline finds its pace.
    """
    longest = max(rounds_of(schedule), default=schedule.micro_batches)
    beats = _warmup_beats(schedule) + (1 + spare_rounds) * _beats(schedule, longest) + _span(schedule)
    if schedule.name == "dualpipe":
        return 2 * beats
    if schedule.chunks == 1:
        return beats
    needed = -(-beats // schedule.chunks)
    return needed + (schedule.micro_batches - needed) % schedule.group


def _beats(schedule: Schedule, micro_batches: int) -> int:
    return micro_batches // 2 if schedule.name == "dualpipe" else micro_batches * schedule.chunks


def _warmup_beats(schedule: Schedule) -> int:
    if schedule.chunks > 1 and schedule.name == "1f1b":
        return 2 * (schedule.stages - 1) + (schedule.chunks - 1) * schedule.group
    return schedule.stages


def _span(schedule: Schedule) -> int:
    return schedule.group + SPAN_BEATS if schedule.chunks > 1 and schedule.name == "1f1b" else SPAN_BEATS


def steady_of(schedule: Schedule, orders: Sequence[RankOrder], compiled: Compiled) -> Steady | None:
    """Find the last stretch of the steady state and earlier ones to compare it with.

    Parameters
    ----------
    schedule : Schedule
        What is compiled.
    orders : sequence of RankOrder
        Its tasks by rank.
    compiled : Compiled
        Its nodes.

    Returns
    -------
    Steady or None
        None when the step is too short to compare anything.

    Notes
    -----
    Times are sums and maxima of times. If every task of a stretch ends one round later by the same ``lag``, then so
    does every later task that waits for nothing before the stretch, the end of the step included. Hence one round more
    makes the step longer by ``lag`` (Baccelli et al. 1992, Synchronization and Linearity, chapter 3).
    """
    span, beats = _span(schedule), min(order.beats for order in orders)
    tasks = [[node for node, task in row if task is not None] for row in compiled.ranks]
    rows = [row[: order.warmup + beats * order.unit] for row, order in zip(tasks, orders, strict=True)]
    units = [order.unit for order in orders]
    tried = [(number, shift) for number in rounds_of(schedule) if (shift := _beats(schedule, number)) < beats - span]
    crossed = _open_shifts(tasks, rows, units, span, compiled) if tried else []
    rounds: list[Round] = []
    for micro_batches, shift in tried:
        first = [len(row) - (shift + span) * unit for row, unit in zip(rows, units, strict=True)]
        if not any(start <= shift < end for start, end in crossed):
            picked = [
                node for row, at, unit in zip(rows, first, units, strict=True) for node in row[at:][: span * unit]
            ]
            starts = tuple(row[-shift * unit - 1] for row, unit in zip(rows, units, strict=True))
            rounds.append(Round(micro_batches, itemgetter(*picked), starts))
    if not rounds:
        return None
    last = [node for row, unit in zip(rows, units, strict=True) for node in row[-span * unit :]]
    return Steady(itemgetter(*last), tuple(rounds), tuple(row[-1] for row in rows))


def _open_shifts(
    tasks: list[list[int]], rows: list[list[int]], units: list[int], span: int, compiled: Compiled
) -> list[tuple[int, int]]:
    """Shifts at which tasks after a stretch wait for tasks before it, as half-open ranges of beats.

    A stretch ends ``shift`` beats before the end of the steady rows and takes ``span`` beats. So it is in the way of a
    task at most ``shift`` beats from that end which waits for one more than ``shift + span`` beats from it. All shifts
    of a graph are settled in one pass over its nodes, since hardly any task reaches that far back.
    """
    beats = [_NEVER] * (START_NODES + len(compiled.source))
    for nodes, row, unit, ranked in zip(tasks, rows, units, compiled.ranks, strict=True):
        for left, node in enumerate(nodes, -len(row)):
            beats[node] = -(left // unit)
        following = 0
        for node, task in reversed(ranked):
            # A message that a task waits for beside its own stands just before it.
            following = beats[node] if task is not None else following
            beats[node] = following
    sources = map(beats.__getitem__, compiled.source)
    return [
        (at, back - span)
        for at, back in zip(islice(beats, START_NODES, None), sources, strict=True)
        if back - at > span
    ]


def pace_of(steady: Steady, finish_s: Sequence[float]) -> Pace | None:
    """The round that repeats and its time; None while no two rounds agree.

    Parameters
    ----------
    steady : Steady
        What can be compared.
    finish_s : sequence of float
        When each node is over [s].
    """
    last = steady.last(finish_s)
    tolerance = TOLERANCE * max(last)
    for candidate in steady.rounds:
        lags = tuple(map(sub, last, candidate.earlier(finish_s)))
        if max(lags) - min(lags) <= tolerance:
            return Pace(candidate, max(lags))
    return None


def nodes_between(row: Sequence[tuple[int, object]], start: int, end: int) -> Iterator[int]:
    """Nodes of a rank after ``start`` up to ``end``."""
    return (node for node, _ in row if start < node <= end)
