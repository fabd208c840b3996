"""How long the tasks of a pipeline take, and the messages between its ranks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

Grid = tuple[tuple[float, ...], ...]
"""Seconds by pipeline rank and chunk."""


@dataclass(frozen=True, slots=True)
class Work:
    """Times of one micro-batch in each model chunk of each rank.

    Attributes
    ----------
    forward_s : tuple, shape (stages, chunks)
        Forward pass [s].
    backward_s : tuple, shape (stages, chunks)
        Whole backward pass [s].
    weight_s : tuple, shape (stages, chunks), optional
        Part of ``backward_s`` that only the weights' gradients need [s]; asked for by the schedules that split it.
    message_s : float or tuple of float, shape (stages,)
        Latency and transfer of one message between neighbouring ranks [s]: one number, or one for each link, the last
        for the one from the last rank back to the first.
    blocking : float
        Share of a message that its sender stands still for, 0 to 1. The rest travels while the sender computes; the
        receiver waits for all of it.
    pair_hidden_s : tuple, shape (stages, chunks), optional
        Time that a forward pass in this chunk and a backward pass in the other one save by running together [s]
        (DualPipe); none when omitted.
    """

    forward_s: Grid
    backward_s: Grid
    weight_s: Grid | None = None
    message_s: float | tuple[float, ...] = 0.0
    blocking: float = 0.0
    pair_hidden_s: Grid | None = None

    def slowed(self, factors: Sequence[float]) -> "Work":
        """Work on ranks that take ``factors`` times as long, messages excepted.

        Parameters
        ----------
        factors : sequence of float, shape (stages,)
            1 for a healthy rank.
        """

        def times(grid: Grid) -> Grid:
            return tuple(tuple(by * time for time in row) for by, row in zip(factors, grid, strict=True))

        return replace(
            self,
            forward_s=times(self.forward_s),
            backward_s=times(self.backward_s),
            weight_s=None if self.weight_s is None else times(self.weight_s),
            pair_hidden_s=None if self.pair_hidden_s is None else times(self.pair_hidden_s),
        )


def even_work(
    forward_s: float,
    backward_s: float,
    stages: int,
    chunks: int = 1,
    *,
    weight_s: float | None = None,
    message_s: float = 0.0,
    blocking: float = 0.0,
    pair_hidden_s: float = 0.0,
) -> Work:
    """Work of equal chunks.

    Parameters
    ----------
    forward_s, backward_s, weight_s, message_s, blocking, pair_hidden_s
        As in :class:`Work`, of one chunk.
    stages, chunks : int
        Ranks, and chunks on each.
    """

    def grid(time: float) -> Grid:
        return ((time,) * chunks,) * stages

    return Work(
        forward_s=grid(forward_s),
        backward_s=grid(backward_s),
        weight_s=None if weight_s is None else grid(weight_s),
        message_s=message_s,
        blocking=blocking,
        pair_hidden_s=grid(pair_hidden_s) if pair_hidden_s else None,
    )
