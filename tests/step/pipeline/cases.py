"""Schedules and work that the pipeline tests share."""

from typing import Any

from hypothesis import strategies as st

from clustersim.scenario.schema.training import ScheduleName
from clustersim.step.pipeline import Schedule, Work
from clustersim.workload.schedule import group_size

TIMES = st.floats(0.1, 2.0)


def schedule(name: ScheduleName, stages: int, micro_batches: int, chunks: int = 1) -> Schedule:
    if name == "dualpipe":
        return Schedule(name, stages, 2, micro_batches)
    return Schedule(name, stages, chunks, micro_batches, group_size(stages, micro_batches) if chunks > 1 else 1)


@st.composite
def schedules(draw: st.DrawFn, most_micro_batches: int = 24) -> Schedule:
    """Any schedule of up to six stages."""
    name = draw(st.sampled_from(["gpipe", "1f1b", "interleaved", "zero-bubble", "dualpipe"]))
    if name == "dualpipe":
        stages = 2 * draw(st.integers(1, 3))
        return schedule("dualpipe", stages, 2 * draw(st.integers(stages, most_micro_batches // 2)))
    count = draw(st.integers(1, most_micro_batches))
    if name == "interleaved":
        return schedule("1f1b", draw(st.integers(2, 6)), count, draw(st.integers(2, 4)))
    return schedule(name, draw(st.integers(1, 6)), count)  # type: ignore[arg-type]


@st.composite
def works(draw: st.DrawFn, of: Schedule, messages: bool = True) -> Work:
    """Uneven work for a schedule."""

    def grid() -> Any:
        row = st.tuples(*[TIMES] * of.chunks)
        return draw(st.tuples(*[row] * of.stages))

    backward, share = grid(), draw(st.floats(0.1, 0.6))
    message: Any = 0.0
    if messages:
        message = draw(st.one_of(st.floats(0, 0.5), st.tuples(*[st.floats(0, 0.5)] * of.stages)))
    return Work(
        forward_s=grid(),
        backward_s=backward,
        weight_s=tuple(tuple(share * time for time in row) for row in backward),
        message_s=message,
        blocking=draw(st.floats(0, 1)) if messages else 0.0,
    )


@st.composite
def cases(draw: st.DrawFn, messages: bool = True, most_micro_batches: int = 24) -> tuple[Schedule, Work]:
    """A schedule and work for it."""
    chosen = draw(schedules(most_micro_batches))
    return chosen, draw(works(chosen, messages))


def scaled(work: Work, rank: int, factor: float) -> Work:
    factors = [1.0] * len(work.forward_s)
    factors[rank] = factor
    return work.slowed(factors)
