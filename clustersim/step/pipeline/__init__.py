"""The pipeline of a training step, simulated as a graph of tasks."""

from clustersim.step.pipeline.closed_form import equal_bubble_s, lower_bound_s
from clustersim.step.pipeline.compiler import PipelineDeadlockError
from clustersim.step.pipeline.reduction import gathering_delay_s, reduction_end_s
from clustersim.step.pipeline.run import PipelineRun
from clustersim.step.pipeline.schedule import Schedule, schedule_of
from clustersim.step.pipeline.simulate import simulate
from clustersim.step.pipeline.tasks import Kind, Task
from clustersim.step.pipeline.timeline import Slice, Timeline, in_flight, timeline
from clustersim.step.pipeline.work import Work, even_work

__all__ = [
    "Kind",
    "PipelineDeadlockError",
    "PipelineRun",
    "Schedule",
    "Slice",
    "Task",
    "Timeline",
    "Work",
    "equal_bubble_s",
    "even_work",
    "gathering_delay_s",
    "in_flight",
    "lower_bound_s",
    "reduction_end_s",
    "schedule_of",
    "simulate",
    "timeline",
]
