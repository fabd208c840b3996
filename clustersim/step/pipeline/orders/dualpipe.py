"""DualPipe: micro-batches enter at both ends of the pipeline and meet."""

from collections import deque
from collections.abc import Iterator
from itertools import count

from clustersim.step.pipeline.tasks import Kind, RankOrder, Task


def dualpipe_order(stages: int, rank: int, micro_batches: int) -> RankOrder:
    """Tasks of a rank under DualPipe.

    Parameters
    ----------
    stages, rank : int
        Pipeline ranks, an even number, and this one. Rank ``r`` holds stage ``r`` of the model as chunk 0, which
        micro-batches pass from the first rank to the last, and stage ``stages - 1 - r`` as chunk 1, which they pass the
        other way.
    micro_batches : int
        Micro-batches per step, even and at least twice the ranks. The first half takes chunks 0.

    Returns
    -------
    RankOrder
        The eight sections of the published schedule.

    Notes
    -----
    Forward and backward passes that run together are one task that ends for both at the same time. What of it is
    hidden by the other half is for the caller to say; the order in which kernels inside it share the GPU is not
    modelled.

    References
    ----------
    .. [1] DeepSeek-AI (2024), DeepSeek-V3 Technical Report, arXiv 2412.19437, section 3.2.1 and figure 5.
    .. [2] DeepSeek-AI (2025), DualPipe, ``dualpipe/dualpipe.py``: numbers of tasks in each section.
    """
    writer = _Writer(near=int(rank >= stages // 2), half=micro_batches // 2)
    behind = min(rank, stages - 1 - rank)
    inner, outer = stages // 2 - behind - 1, behind + 1
    writer.fill(inner, outer)
    warmup = len(writer.tasks)
    beats = micro_batches // 2 - stages + outer
    writer.steady(beats, middle=inner == 0)
    # A middle rank runs the first two passes one after the other: that beat is one task longer than the others.
    special = int(inner == 0)
    writer.drain(inner, outer, behind)
    return RankOrder(tuple(writer.tasks), warmup=warmup + 3 * special, unit=2, beats=beats - special)


class _Writer:
    """Writes tasks down; ``near`` is the chunk whose micro-batches enter at the closer end of the pipeline."""

    def __init__(self, near: int, half: int) -> None:
        self.tasks: list[Task] = []
        self._chunk = (near, 1 - near)
        self._forward = tuple(count(chunk * half) for chunk in self._chunk)
        self._backward = tuple(count(chunk * half) for chunk in self._chunk)
        self._owed: deque[Task] = deque()

    def fill(self, inner: int, outer: int) -> None:
        for _ in range(2 * inner):
            self._do(Kind.FORWARD, 0)
        for _ in range(outer):
            self._do(Kind.FORWARD, 0)
            self._do(Kind.FORWARD, 1)
        for _ in range(inner):
            self._do(Kind.INPUT, 1)
            self._weight()
            self._do(Kind.FORWARD, 1)

    def steady(self, beats: int, *, middle: bool) -> None:
        for beat in range(beats):
            if middle and beat == 0:
                self._do(Kind.FORWARD, 0)
                self._do(Kind.BACKWARD, 1)
            else:
                self._pair(0)
            self._pair(1)

    def drain(self, inner: int, outer: int, behind: int) -> None:
        for _ in range(inner):
            self._do(Kind.BACKWARD, 1)
            self._pair(1)
        for kinds in _split_from(outer, behind):
            self._do(kinds[0], 1)
            self._do(kinds[1], 0)
        for _ in range(inner):
            self._weight()
            self._do(Kind.INPUT, 0)
        while self._owed:
            self._weight()

    def _do(self, kind: Kind, side: int) -> None:
        index = next((self._forward if kind is Kind.FORWARD else self._backward)[side])
        self.tasks.append(Task(kind, self._chunk[side], index))
        if kind is Kind.INPUT:
            self._owed.append(Task(Kind.WEIGHT, self._chunk[side], index))

    def _weight(self) -> None:
        self.tasks.append(self._owed.popleft())

    def _pair(self, side: int) -> None:
        forward, backward = next(self._forward[side]), next(self._backward[1 - side])
        self.tasks.append(Task(Kind.PAIR, self._chunk[side], forward, backward))


def _split_from(outer: int, behind: int) -> Iterator[tuple[Kind, Kind]]:
    """Backward passes of both sides, the second half of them split."""
    odd = behind % 2 == 1
    for index in range(outer):
        before, at = index < outer // 2, index == outer // 2
        first = Kind.BACKWARD if before or (at and not odd) else Kind.INPUT
        yield first, Kind.BACKWARD if before else Kind.INPUT
