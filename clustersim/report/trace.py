"""A step as a trace file for Perfetto and chrome://tracing, one track for each pipeline rank."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from clustersim.report.trace_format import FIRST, PRODUCT, Event, name_process, name_track, write_text
from clustersim.report.trace_format import trace_text as text_of
from clustersim.step.pipeline import Kind, Slice, Task, Timeline, in_flight
from clustersim.step.step_timeline import AfterWork

PROCESS = FIRST

FIRST_TRACK = FIRST
"""Track of pipeline rank 0."""

GRADIENT_TRACKS = 1 << 16
"""Tracks from here on show the reductions of gradients, which run beside the passes of their rank."""

CATEGORIES = {
    Kind.FORWARD: ("forward", "thread_state_running"),
    Kind.BACKWARD: ("backward", "rail_response"),
    Kind.INPUT: ("backward for inputs", "rail_response"),
    Kind.WEIGHT: ("backward for weights", "rail_load"),
    Kind.PAIR: ("forward and backward", "startup"),
}
"""Category and colour of each kind of task; the colours are names that the viewers reserve."""

WAIT = ("exposed communication", "bad")
IDLE = ("idle", "grey")
REDUCTION = ("data-parallel communication", "rail_idle")
UPDATE = ("optimizer", "generic_work")
REST = ("not shown task by task", "grey")

NOT_SHOWN = (
    "the host, the wait for the slowest replica, weights gathered at the start of the step, and what computation loses "
    "to communication beside it; together they are the last slice of each rank"
)
"""What a prediction has beyond its tasks."""


def write_trace(
    path: Path,
    timeline: Timeline,
    *,
    reductions: Sequence[Sequence[AfterWork]] = (),
    updates: Sequence[AfterWork] = (),
    step_s: float | None = None,
    about: Mapping[str, str | float] | None = None,
) -> None:
    """Write a step as a trace, all or nothing.

    Parameters
    ----------
    path : Path
        The file, by habit ``.json``; its folder must exist. It is replaced in one step.
    timeline : Timeline
        The passes.
    reductions : sequence of sequences of AfterWork, shape (stages, chunks), optional
        Reductions of gradients by rank, on tracks of their own.
    updates : sequence of AfterWork, shape (stages,), optional
        Optimizer step of each rank.
    step_s : float, optional
        Predicted time of the whole step [s]: what is left of it after the last task becomes one slice of each rank.
    about : mapping, optional
        What the trace shows, for its metadata.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    write_text(path, trace_text(timeline, reductions=reductions, updates=updates, step_s=step_s, about=about))


def trace_text(
    timeline: Timeline,
    *,
    reductions: Sequence[Sequence[AfterWork]] = (),
    updates: Sequence[AfterWork] = (),
    step_s: float | None = None,
    about: Mapping[str, str | float] | None = None,
) -> str:
    """Text of a trace; see :func:`write_trace`. The same step gives the same bytes.

    Returns
    -------
    str
        JSON in the Trace Event Format (Google, 2016), an event a line. Times in microseconds, whole nanoseconds, so
        that neighbours on a track meet and never overlap.
    """
    events: list[Event] = [*name_process(PROCESS, f"{PRODUCT}: one step, a track for each pipeline rank")]
    for rank, row in enumerate(timeline.ranks):
        track, update = FIRST_TRACK + rank, updates[rank] if updates else None
        events += name_track(PROCESS, track, f"PP rank {rank}", 2 * rank)
        events += _passes(track, row, timeline.total_s if update is None else update.start_s)
        if update is not None:
            events.append(_slice(track, update.label, UPDATE, update.start_s, update.end_s))
        if step_s is not None:
            done_s = timeline.total_s if update is None else update.end_s
            events += _between(track, REST, done_s, step_s, REST[0])
        events += _counter(rank, row)
        if rank < len(reductions) and reductions[rank]:
            events += name_track(PROCESS, GRADIENT_TRACKS + rank, f"PP rank {rank} gradients", 2 * rank + 1)
            events += (
                _slice(GRADIENT_TRACKS + rank, work.label, REDUCTION, work.start_s, work.end_s)
                for work in reductions[rank]
            )
    return text_of(events, {**_metadata(timeline, step_s), **(about or {})})


def _metadata(timeline: Timeline, step_s: float | None) -> dict[str, str | float]:
    schedule = timeline.schedule
    return {
        "schedule": schedule.name,
        "pipeline_ranks": schedule.stages,
        "chunks_per_rank": schedule.chunks,
        "micro_batches": schedule.micro_batches,
        "not_shown_task_by_task": NOT_SHOWN if step_s is not None else NOT_SHOWN.partition(";")[0],
    }


def _passes(track: int, row: Sequence[Slice], end_s: float) -> Iterator[Event]:
    """Tasks of a rank, and what lies between them."""
    free_s = 0.0
    for piece in row:
        arrival_s = piece.start_s - piece.arrival_wait_s
        yield from _between(track, IDLE, free_s, arrival_s)
        yield from _between(track, WAIT, max(free_s, arrival_s), piece.start_s, "wait for message")
        yield _slice(
            track, task_name(piece.task), CATEGORIES[piece.task.kind], piece.start_s, piece.end_s, **_arguments(piece)
        )
        free_s = piece.end_s + piece.send_s
        yield from _between(track, WAIT, piece.end_s, free_s, "send")
    yield from _between(track, IDLE, free_s, end_s)


def _between(track: int, look: tuple[str, str], start_s: float, end_s: float, name: str = "idle") -> Iterator[Event]:
    if _nanoseconds(end_s) > _nanoseconds(start_s):
        yield _slice(track, name, look, start_s, end_s)


def task_name(task: Task) -> str:
    """What a task is called on its track, e.g. ``F 3 chunk 0``; the half of a backward pass for the inputs is a B."""
    if task.kind is Kind.PAIR:
        return f"F {task.micro_batch} chunk {task.chunk} & B {task.paired} chunk {1 - task.chunk}"
    return f"{_LETTERS[task.kind]} {task.micro_batch} chunk {task.chunk}"


# The half for the inputs is what 1F1B waits for too: people call it B.
_LETTERS = {Kind.FORWARD: "F", Kind.BACKWARD: "B", Kind.INPUT: "B", Kind.WEIGHT: "W"}


def _arguments(piece: Slice) -> dict[str, int]:
    shown = {"micro_batch": piece.task.micro_batch, "chunk": piece.task.chunk, "stage": piece.stage}
    return shown if piece.task.kind is not Kind.PAIR else {**shown, "backward_micro_batch": piece.task.paired}


def _counter(rank: int, row: Sequence[Slice]) -> Iterator[Event]:
    """Micro-batches in flight; of changes at one moment the last."""
    counts = {_nanoseconds(time): count for time, count in in_flight(row)}
    for time, count in counts.items():
        yield {
            "ph": "C",
            "name": f"PP rank {rank} in flight",
            "pid": PROCESS,
            "tid": FIRST_TRACK + rank,
            "ts": time / 1000.0,
            "args": {"micro-batches": count},
        }


def _slice(track: int, name: str, look: tuple[str, str], start_s: float, end_s: float, **arguments: int) -> Event:
    start, end = _nanoseconds(start_s), _nanoseconds(end_s)
    event: Event = {
        "ph": "X",
        "name": name,
        "cat": look[0],
        "cname": look[1],
        "pid": PROCESS,
        "tid": track,
        "ts": start / 1000.0,
        "dur": (end - start) / 1000.0,
    }
    return {**event, "args": arguments} if arguments else event


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
