"""The pipeline of a step as a figure: what each rank does when, and what it does in sum."""

from collections.abc import Iterator, Sequence

from clustersim.report.charts.figure import Figure, Table, figure
from clustersim.report.charts.pipeline import SLICES_WIDE, Lane, Piece, draw_pipeline, shown_ranks, windows
from clustersim.report.numbers import SECONDS, write
from clustersim.step.pipeline import Kind, Schedule, Slice, in_flight
from clustersim.step.step_timeline import AfterWork, StepTimeline

COLOURS = {
    Kind.FORWARD: ("blue", "forward"),
    Kind.BACKWARD: ("green", "backward"),
    Kind.INPUT: ("green", "backward, inputs"),
    Kind.WEIGHT: ("sky", "backward, weights"),
    Kind.PAIR: ("blue-hatch", "forward and backward together"),
}
WAIT = ("amber", "wait for a message")
IDLE = ("grey", "bubble")
REDUCTION = ("amber-hatch", "gradient reduction, beside")
UPDATE = ("purple", "optimizer")
REST = ("grey-hatch", "host, stragglers and losses, not known task by task")

COLUMNS = ("rank", "forward [s]", "backward [s]", "waits for messages [s]", "bubble [s]", "most in flight")
_FAINTEST = 0.5


def pipeline_figure(name: str, shown: StepTimeline, step_s: float | None) -> Figure:
    """Picture of the pipeline of one step.

    Parameters
    ----------
    name : str
        Unique on the page.
    shown : StepTimeline
        The step task by task.
    step_s : float, optional
        Its predicted time [s], where it was predicted.
    """
    schedule, ranks = shown.timeline.schedule, shown.timeline.ranks
    end_s = max([shown.timeline.total_s, *(update.end_s for update in shown.updates)])
    total_s = max(end_s, step_s or 0.0)
    picked = shown_ranks(len(ranks))
    lanes = tuple(
        Lane(rank, tuple(one for one in _pieces(shown, rank, total_s) if one.end_s > one.start_s)) for rank in picked
    )
    tail_s = total_s - shown.timeline.total_s
    rows = tuple(_row(shown, rank) for rank in range(len(ranks)))
    chunks = f" of {schedule.chunks} chunks" if schedule.chunks > 1 else ""
    idle = [_idle_s(row, shown.timeline.total_s) for row in ranks]
    busiest, idlest = (pick(range(len(idle)), key=idle.__getitem__) for pick in (min, max))
    description = (
        f"{_count(schedule.stages, 'pipeline rank')}{chunks} and {_count(schedule.micro_batches, 'micro-batch')} under "
        f"{schedule.name}. {_idle_text(busiest, idle)}, the least, and {_idle_text(idlest, idle).lower()}, the most."
        f"{_strengths(schedule)}{_cut(lanes, total_s, tail_s)}"
        if schedule.stages > 1
        else f"{_count(schedule.micro_batches, 'micro-batch')} one after the other; there is no pipeline."
        f"{_cut(lanes, total_s, tail_s)}"
    )
    return figure(
        name,
        "The pipeline of one step",
        description,
        lambda width: draw_pipeline(width, lanes, total_s, tail_s),
        Table(COLUMNS, rows),
        list(_legend(lanes)),
    )


def _strengths(schedule: Schedule) -> str:
    if schedule.chunks == 1:
        return ""
    return " The other direction is fainter." if schedule.name == "dualpipe" else " Later chunks are fainter."


def _cut(lanes: Sequence[Lane], total_s: float, tail_s: float) -> str:
    whole = len(windows(lanes, total_s, tail_s, SLICES_WIDE)) == 1
    return "" if whole else " Shown are the beginning, the middle and the end; the table has the sums of all."


def _idle_text(rank: int, idle: Sequence[float]) -> str:
    return f"Rank {rank} stands idle for {write(idle[rank], SECONDS)}"


def _count(number: int, word: str) -> str:
    plural = f"{word}es" if word.endswith("ch") else f"{word}s"
    return f"{number:,} {word if number == 1 else plural}"


def _legend(lanes: Sequence[Lane]) -> Iterator[tuple[str, str]]:
    used = {piece.colour for lane in lanes for piece in lane.pieces}
    named: set[str] = set()
    for colour, label in (*COLOURS.values(), WAIT, IDLE, REDUCTION, UPDATE, REST):
        if colour in used and colour not in named:
            named.add(colour)
            yield colour, label


def _pieces(shown: StepTimeline, rank: int, total_s: float) -> Iterator[Piece]:
    row, chunks = shown.timeline.ranks[rank], shown.timeline.schedule.chunks
    update = shown.updates[rank]
    free_s = 0.0
    for one in row:
        arrival_s = one.start_s - one.arrival_wait_s
        yield Piece(free_s, arrival_s, IDLE[0])
        yield Piece(max(free_s, arrival_s), one.start_s, WAIT[0])
        colour, _ = COLOURS[one.task.kind]
        faint = 1.0 - (1.0 - _FAINTEST) * one.task.chunk / (chunks - 1) if chunks > 1 else 1.0
        yield Piece(one.start_s, one.end_s, colour, round(faint, 1), str(one.task.micro_batch))
        free_s = one.end_s + one.send_s
        yield Piece(one.end_s, free_s, WAIT[0])
    yield Piece(free_s, update.start_s, IDLE[0])
    yield Piece(update.start_s, update.end_s, UPDATE[0])
    yield Piece(update.end_s, total_s, REST[0])
    yield from (_beside(work) for work in shown.reductions[rank])


def _beside(work: AfterWork) -> Piece:
    return Piece(work.start_s, work.end_s, REDUCTION[0], beside=True)


def _idle_s(row: Sequence[Slice], total_s: float) -> float:
    return total_s - sum(one.end_s - one.start_s + _wait_s(one) for one in row)


def _wait_s(one: Slice) -> float:
    return one.arrival_wait_s + one.send_s


def _row(shown: StepTimeline, rank: int) -> tuple[str, ...]:
    """What a rank does in sum; a pair of passes counts as backward."""
    row = shown.timeline.ranks[rank]
    forward_s = sum(one.end_s - one.start_s for one in row if one.task.kind is Kind.FORWARD)
    passes_s = sum(one.end_s - one.start_s for one in row)
    waits_s = sum(map(_wait_s, row))
    most = max((count for _, count in in_flight(row)), default=0)
    times = (forward_s, passes_s - forward_s, waits_s, _idle_s(row, shown.timeline.total_s))
    return (f"{rank}", *(f"{seconds:.3f}" for seconds in times), f"{most}")
