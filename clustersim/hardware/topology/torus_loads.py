"""Traffic in a torus: dimension by dimension, the shorter way round."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from clustersim.hardware.topology.groups import Messages
from clustersim.hardware.topology.spread import CutOffError
from clustersim.hardware.topology.topology import Floats, Ints, Topology

Mask = NDArray[np.bool_]


def rings_along_axes(groups: Ints, shape: tuple[int, ...]) -> Messages:
    """Messages of a collective that runs a ring along every dimension of the torus at once, in both directions.

    Parameters
    ----------
    groups : array of int, shape (groups, ranks)
        Chips of each group.
    shape : tuple of int
        Of the torus.

    Returns
    -------
    Messages
        Each chip spreads what it sends evenly over the dimensions that its group extends in, as the collectives of XLA
        do to use all links of a chip (Jouppi et al. 2023, TPU v4, arXiv 2304.01433, section 2).
    """
    chips = groups.ravel()
    group = np.repeat(np.arange(len(groups)), groups.shape[1])
    places = np.stack(np.unravel_index(chips, shape[::-1]))
    pairs = [_ring(group, places, axis) for axis in range(len(shape))]
    extends = np.sum([moving for _, moving in pairs], axis=0)
    found: list[tuple[Ints, Ints, Ints, Floats]] = []
    for onward, moving in pairs:
        source, target = np.flatnonzero(moving), onward[moving]
        half = 0.5 / extends[source]
        found.append((group[source], chips[source], chips[target], half))
        found.append((group[source], chips[target], chips[source], 0.5 / extends[target]))
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return Messages(*(column[order] for column in columns))


def _ring(group: Ints, places: Ints, axis: int) -> tuple[Ints, Ints]:
    """Next member of the same group along an axis, the last one's being the first, and whether there is another."""
    others = [places[other] for other in range(len(places)) if other != axis]
    order = np.lexsort([places[axis], *others, group])
    rows = np.stack([group, *others])[:, order]
    first = np.append(True, (rows[:, 1:] != rows[:, :-1]).any(axis=0))
    starts = np.flatnonzero(first)
    start_of = starts[np.cumsum(first) - 1]
    last = np.append(first[1:], True)
    following = np.where(last, start_of, np.arange(len(order)) + 1)
    onward = np.empty(len(order), dtype=np.int64)
    onward[order] = order[following]
    return onward, onward != np.arange(len(order))


def direct_messages(groups: Ints, pattern: str, cyclic: bool) -> Messages:
    """Messages between the ranks of each group.

    Parameters
    ----------
    groups : array of int, shape (groups, ranks)
        Chips of each group.
    pattern : str
        ``neighbours``, or ``exchange`` from every rank to all others of its group.
    cyclic : bool
        Whether the last neighbour sends to the first.
    """
    number, ranks = groups.shape
    if pattern == "exchange":
        group, source, target = np.nonzero(np.broadcast_to(~np.eye(ranks, dtype=bool), (number, ranks, ranks)))
        amounts = np.full(len(group), 1.0 / max(1, ranks - 1))
        return Messages(group, groups[group, source], groups[group, target], amounts)
    senders = ranks if cyclic else ranks - 1
    source, target = groups[:, :senders], np.roll(groups, -1, axis=1)[:, :senders]
    group = np.repeat(np.arange(number), senders)
    return Messages(group, source.ravel(), target.ravel(), np.ones(group.size))


class TorusWays:
    """Ways in a torus: along one dimension after the other, the shorter way round, the other way if a link is down.

    Parameters
    ----------
    topology : Topology
        A torus.
    """

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.shape = topology.shape
        self._next = [np.full(self.shape[::-1], -1, dtype=np.int64) for _ in self.shape]
        first = 0
        for axis, size in enumerate(self.shape):
            inner = [slice(None)] * len(self.shape)
            wraps = topology.wraparound and size > 2
            inner[len(self.shape) - 1 - axis] = slice(0, size if wraps else size - 1)
            part = self._next[axis][tuple(inner)]
            part[...] = np.arange(first, first + part.size).reshape(part.shape)
            first += part.size

    def walk(self, messages: Messages) -> Iterator[tuple[Ints, Ints, Floats]]:
        """Follow all messages link by link.

        Yields
        ------
        index, steps, shares : arrays
            Messages that move, ``2 * link + direction`` of the link each takes, and the share of the message on it:
            half where both ways round are equally long.
        """
        places = list(np.unravel_index(messages.sources, self.shape[::-1]))[::-1]
        goals = list(np.unravel_index(messages.destinations, self.shape[::-1]))[::-1]
        for axis in range(len(self.shape)):
            ahead, share_ahead = self._plan(axis, places, goals[axis])
            for sign, share in ((1, share_ahead), (-1, 1.0 - share_ahead)):
                distance = ahead if sign > 0 else np.where(ahead > 0, self.shape[axis] - ahead, 0)
                moving = np.flatnonzero((share > 0.0) & (distance > 0))
                for hop in range(int(distance[moving].max(initial=0))):
                    on = moving[distance[moving] > hop]
                    yield on, self._steps(axis, sign, [place[on] for place in places], hop), share[on]
            places[axis] = goals[axis]

    def _steps(self, axis: int, sign: int, places: list[Ints], hop: int) -> Ints:
        """Links of the hop-th step from some places along an axis; minus one where there is none."""
        at = (places[axis] + (hop if sign > 0 else -hop - 1)) % self.shape[axis]
        index = [*places]
        index[axis] = at
        links = self._next[axis][tuple(index[::-1])]
        return np.where(links < 0, -1, 2 * links + (sign < 0))

    def _plan(self, axis: int, places: list[Ints], goal: Ints) -> tuple[Ints, Floats]:
        """Links ahead to the goal on one axis, and the share of each message that goes ahead rather than back."""
        size = self.shape[axis]
        ahead = (goal - places[axis]) % size
        back = np.where(ahead > 0, size - ahead, 0)
        share = np.where(ahead < back, 1.0, np.where(ahead > back, 0.0, 0.5))
        moving = ahead > 0
        open_ahead = self._open(axis, 1, ahead, places)
        open_back = self._open(axis, -1, back, places)
        cut = np.flatnonzero(moving & ~open_ahead & ~open_back)
        if len(cut):
            chip, other = (
                int(np.ravel_multi_index([int(p[cut[0]]) for p in end[::-1]], self.shape[::-1]))
                for end in (places, [*places[:axis], goal, *places[axis + 1 :]])
            )
            raise CutOffError(chip, other)
        share = np.where(open_ahead & ~open_back, 1.0, np.where(open_back & ~open_ahead, 0.0, share))
        return ahead, share

    def _open(self, axis: int, sign: int, distance: Ints, places: list[Ints]) -> Mask:
        """Whether every link on the way is there and up."""
        dead = np.append(self.topology.remaining <= 0.0, True)
        lined = self._next[axis]
        if not (lined < 0).any() and not dead[lined].any():
            return np.ones(len(distance), dtype=bool)
        is_open = np.ones(len(distance), dtype=bool)
        for hop in range(int(distance.max(initial=0))):
            moving = np.flatnonzero(distance > hop)
            steps = self._steps(axis, sign, [place[moving] for place in places], hop)
            is_open[moving] &= ~dead[np.where(steps < 0, len(dead) - 1, steps // 2)]
        return is_open
