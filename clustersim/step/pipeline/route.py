"""Which way micro-batches take through the chunks of a pipeline."""

from typing import NamedTuple

from clustersim.step.pipeline.schedule import Schedule


class Cell(NamedTuple):
    """A model chunk on its rank."""

    rank: int
    chunk: int


def after(schedule: Schedule, cell: Cell) -> Cell | None:
    """Where a micro-batch goes next; None from the chunk with the loss.

    Chunk ``c`` of the last rank hands over to chunk ``c + 1`` of the first. Under DualPipe chunks 0 lead from the first
    rank to the last and chunks 1 back.
    """
    last = schedule.stages - 1
    if schedule.name == "dualpipe":
        rank = cell.rank + (1 if cell.chunk == 0 else -1)
        return Cell(rank, cell.chunk) if 0 <= rank <= last else None
    if cell.rank < last:
        return Cell(cell.rank + 1, cell.chunk)
    return Cell(0, cell.chunk + 1) if cell.chunk + 1 < schedule.chunks else None


def before(schedule: Schedule, cell: Cell) -> Cell | None:
    """Where a micro-batch comes from; None in the chunk with the embedding."""
    last = schedule.stages - 1
    if schedule.name == "dualpipe":
        rank = cell.rank - (1 if cell.chunk == 0 else -1)
        return Cell(rank, cell.chunk) if 0 <= rank <= last else None
    if cell.rank > 0:
        return Cell(cell.rank - 1, cell.chunk)
    return Cell(last, cell.chunk - 1) if cell.chunk > 0 else None


def stage_of(schedule: Schedule, cell: Cell) -> int:
    """Position of a cell on the way of its micro-batches, from 0 at the embedding."""
    if schedule.name == "dualpipe":
        return cell.rank if cell.chunk == 0 else schedule.stages - 1 - cell.rank
    return cell.chunk * schedule.stages + cell.rank


def boundary(schedule: Schedule, one: Cell, other: Cell) -> int:
    """Number of the link between two neighbouring ranks; ``stages - 1`` joins the last rank to the first."""
    low, high = sorted((one.rank, other.rank))
    wraps = schedule.name != "dualpipe" and one.chunk != other.chunk
    return schedule.stages - 1 if wraps else min(low, high)


def micro_batches_of(schedule: Schedule, chunk: int) -> range:
    """Micro-batches that pass a chunk: all of them, or one half under DualPipe."""
    if schedule.name != "dualpipe":
        return range(schedule.micro_batches)
    half = schedule.micro_batches // 2
    return range(chunk * half, (chunk + 1) * half)
