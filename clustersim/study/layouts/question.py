"""What a layout is looked for: model, batch, precision, machines, software and number of GPUs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clustersim.scenario.schema.hardware import Cluster, Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Layout, Phase, ScheduleName, Software, SoftwareOption
from clustersim.step.efficiency import default_stack, has_peak
from clustersim.step.feasibility import Problem

SCHEDULES: Mapping[Software, tuple[ScheduleName, ...]] = {"pytorch": ("1f1b", "zero-bubble")}
"""Schedules beside plain and interleaved 1F1B that software has: PyTorch's are in ``torch.distributed.pipelining``
(2.5, 2024); Megatron-Core has none. GPipe is never faster nor thriftier than 1F1B."""


@dataclass(frozen=True, slots=True)
class Question:
    """The job whose layout is looked for.

    Attributes
    ----------
    model, precision, cluster
        As in :func:`clustersim.step.predict.predict_step`.
    stack : Software
        Software class, the same for every layout, so that layouts are compared and not programs.
    sequence_length, global_batch : int
        Tokens per sequence; sequences per step.
    gpus : int
        GPUs of the job.
    own : Layout
        The scenario's layout.
    phase : str
        Name of the phase.
    software_given : bool
        Whether the scenario says the software, or it follows from the scenario's layout.
    options : tuple of str, optional
        What the software turns on, for every layout; what today's recipes do where the scenario does not say.
    """

    model: Model
    precision: Precision
    cluster: Cluster
    stack: Software
    sequence_length: int
    global_batch: int
    gpus: int
    own: Layout
    phase: str
    software_given: bool
    options: tuple[SoftwareOption, ...] | None = None

    @property
    def capacity_bytes(self) -> float:
        """Device memory of a GPU [bytes]."""
        return self.cluster.node.accelerator.memory

    @property
    def schedules(self) -> tuple[ScheduleName, ...]:
        """Pipeline schedules to choose from: those of the software, and the scenario's own."""
        known = dict.fromkeys((*SCHEDULES.get(self.stack, ("1f1b",)), self.own.schedule))
        return tuple(name for name in known if name != "gpipe")

    def stack_of(self, layout: Layout) -> Software:
        """Software that the scenario is predicted with when it is given this layout."""
        return self.stack if self.software_given else default_stack(layout)

    @property
    def domain_gpus(self) -> int:
        """GPUs in a scale-up domain."""
        return self.cluster.node.accelerator.scale_up_domain


def main_phase(scenario: Scenario) -> Phase:
    """Pick the phase that trains most tokens, of those that count as the main run where there are any."""
    phases = scenario.training.phases
    return max([phase for phase in phases if phase.main] or phases, key=lambda phase: phase.tokens)


def question_of(scenario: Scenario, phase: str | None = None, gpus: int | None = None) -> Question:
    """Read the question off a scenario.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    phase : str, optional
        Name of a phase; :func:`main_phase` when omitted.
    gpus : int, optional
        GPUs of the job; those of the phase's layout when omitted.

    Returns
    -------
    Question
        Its software is the scenario's, or the one that the phase's own layout stands for.

    Raises
    ------
    ValueError
        If there is no such phase; the message names those there are.
    """
    chosen = main_phase(scenario) if phase is None else _named(scenario, phase)
    own = chosen.layout or scenario.training.layout
    return Question(
        model=scenario.model,
        precision=scenario.training.precision,
        cluster=scenario.cluster,
        stack=scenario.training.software or default_stack(own),
        sequence_length=chosen.sequence_length,
        global_batch=chosen.global_batch,
        gpus=own.gpus if gpus is None else gpus,
        own=own,
        phase=chosen.name,
        software_given=scenario.training.software is not None,
        options=scenario.training.software_options,
    )


def _named(scenario: Scenario, name: str) -> Phase:
    for phase in scenario.training.phases:
        if phase.name == name:
            return phase
    known = ", ".join(repr(phase.name) for phase in scenario.training.phases)
    msg = f"no phase {name!r}; the scenario has {known}"
    raise ValueError(msg)


def question_problems(scenario: Scenario, question: Question) -> list[Problem]:
    """Everything that leaves no layout to look for.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    question : Question
        Of :func:`question_of`.

    Returns
    -------
    list of (str, str)
        Dotted scenario path and message; empty for a question that can be searched. Whether the scenario's own layout
        is possible plays no part.
    """
    return [
        *_precision_problems(question),
        *_offload_problems(question),
        *_size_problems(scenario, question.gpus),
    ]


def _precision_problems(question: Question) -> Iterator[Problem]:
    accelerator = question.cluster.node.accelerator
    if not has_peak(accelerator, question.precision):
        name = accelerator.catalogue_entry or "the accelerator"
        yield "training.precision", f"{name} gives no dense {question.precision} peak"


def _offload_problems(question: Question) -> Iterator[Problem]:
    """Every layout offloads what the scenario's does."""
    if question.own.offload != "none" and question.cluster.node.accelerator.host_link_bandwidth is None:
        yield (
            "training.layout",
            f"offload {question.own.offload} needs the bandwidth of the accelerator to host memory;"
            " set cluster.node.accelerator.host_link_bandwidth, or offload none",
        )


def _size_problems(scenario: Scenario, gpus: int) -> Iterator[Problem]:
    nodes, per_node, spares = scenario.cluster.nodes, scenario.cluster.node.gpus, scenario.spares.total
    free = (nodes - spares) * per_node
    if gpus > per_node and gpus % per_node:
        below = gpus // per_node * per_node
        yield (
            "training.layout",
            f"{gpus:,} GPUs are not a whole number of nodes of {per_node}; use {below:,} or {below + per_node:,}",
        )
    if gpus > free:
        yield (
            "cluster.nodes",
            f"{gpus:,} GPUs are more than the {free:,} of {nodes:,} nodes less {spares:,} spares;"
            f" use --gpus {max(free, per_node)} or fewer, or more nodes",
        )
