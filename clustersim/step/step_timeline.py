"""One step of a phase task by task, its reduction of gradients and its optimizer included."""

from dataclasses import dataclass

from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Phase
from clustersim.step.efficiency import calibrated_table, default_stack
from clustersim.step.job import Job, job_of
from clustersim.step.options import chosen_options
from clustersim.step.pipeline import Schedule, Timeline, schedule_of, simulate, timeline
from clustersim.step.pipeline.route import Cell, stage_of
from clustersim.step.stage import StageTime, stage_exchange_s, stage_times, update_s
from clustersim.step.stage_work import pipeline_work
from clustersim.workload.layout import micro_batches


@dataclass(frozen=True, slots=True)
class AfterWork:
    """What a rank does besides passes: ``label`` says what, in seconds from the start of the step."""

    label: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class StepTimeline:
    """A step task by task.

    Attributes
    ----------
    timeline : Timeline
        Passes of all micro-batches on all pipeline ranks.
    reductions : tuple, shape (stages, chunks)
        Reduction of the gradients of each rank's chunks, in order.
    updates : tuple of AfterWork, shape (stages,)
        Optimizer step of each rank, after the last reduction of all ranks: the norm of all gradients is needed first.
    """

    timeline: Timeline
    reductions: tuple[tuple[AfterWork, ...], ...]
    updates: tuple[AfterWork, ...]


def phase_timeline(scenario: Scenario, phase: Phase) -> StepTimeline:
    """Predict one step of a phase task by task.

    Parameters
    ----------
    scenario : Scenario
        A plan without feasibility problems.
    phase : Phase
        One of its phases. A measured step time is not used: a stopwatch does not say where the time went.

    Returns
    -------
    StepTimeline
        Predicted times [s]. Stragglers, the host and what computation loses beside communication are not in it.
    """
    training = scenario.training
    layout = phase.layout or training.layout
    stack = training.software or default_stack(layout)
    options = chosen_options(training.software_options, scenario.model, stack, scenario.cluster.node.accelerator)
    count = micro_batches(layout, phase.global_batch)
    job = job_of(
        scenario.model,
        layout,
        phase.sequence_length,
        training.precision,
        scenario.cluster,
        stack,
        calibrated_table(),
        options,
        count,
    )
    schedule = schedule_of(layout, count)
    stages = stage_times(job)
    work = pipeline_work(job, stages, schedule)
    shown, ready_s = timeline(schedule, work), simulate(schedule, work).gradient_ready_s
    reductions = tuple(_reductions(job, stages, schedule, rank, ready_s[rank]) for rank in range(schedule.stages))
    start_s = max([shown.total_s, *(row[-1].end_s for row in reductions if row)])
    updates = tuple(
        AfterWork(
            "optimizer", start_s, start_s + sum(update_s(job, stages[stage]) for stage in _stages(schedule, rank))
        )
        for rank in range(schedule.stages)
    )
    return StepTimeline(shown, reductions, updates)


def _stages(schedule: Schedule, rank: int) -> tuple[int, ...]:
    """Stages of the model that a rank holds; the interleaved chunks of a rank are one stage."""
    return (rank, schedule.stages - 1 - rank) if schedule.name == "dualpipe" else (rank,)


def _reductions(
    job: Job, stages: tuple[StageTime, ...], schedule: Schedule, rank: int, ready_s: tuple[float, ...]
) -> tuple[AfterWork, ...]:
    """Reductions of a rank as chunks become final, or at the end where the software does not overlap them."""
    if job.layout.zero_stage == 3 or job.groups.data.ranks == 1:
        return ()
    parts = 1 if schedule.name == "dualpipe" else schedule.chunks
    done: list[AfterWork] = []
    free_s = 0.0 if job.efficiency.data_overlap else max(ready_s)
    for ready, chunk in sorted((time, chunk) for chunk, time in enumerate(ready_s)):
        stage = stages[stage_of(schedule, Cell(rank, chunk)) % schedule.stages]
        start_s = max(free_s, ready)
        free_s = start_s + stage_exchange_s(job, stage)[0] / parts
        done.append(AfterWork(f"reduce gradients of chunk {chunk}", start_s, free_s))
    return tuple(done)
