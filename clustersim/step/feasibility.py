"""What makes a plan impossible on its cluster, with the number that breaks it and what would fix it."""

from collections.abc import Iterator

from clustersim.hardware.contention import fabric_problems
from clustersim.scenario.schema.hardware import Accelerator
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Layout, Phase, Resize
from clustersim.step.efficiency import has_peak
from clustersim.step.memory_fit import memory_problem
from clustersim.workload.layout import layout_problems

Problem = tuple[str, str]
"""Dotted path of the setting to change, and the message."""


def feasibility_problems(scenario: Scenario) -> list[Problem]:
    """Everything that makes a plan impossible.

    Parameters
    ----------
    scenario : Scenario
        A plan that passed the schema.

    Returns
    -------
    list of (str, str)
        Dotted scenario path (``training.phases[2].layout``, ``spares``) and message; empty for a possible plan. Phases
        that share a layout report what is wrong with it once.
    """
    found = [*_precision_problems(scenario), *_spare_problems(scenario), *_fabric_problems(scenario)]
    for index, phase in enumerate(scenario.training.phases):
        found.extend(_phase_problems(scenario, index, phase))
    if not found:
        found.extend(_resize_problems(scenario))
    return list(dict.fromkeys(found))


def _precision_problems(scenario: Scenario) -> Iterator[Problem]:
    accelerator, precision = scenario.cluster.node.accelerator, scenario.training.precision
    if has_peak(accelerator, precision):
        return
    known = [name for name in type(accelerator.peak).model_fields if getattr(accelerator.peak, name) is not None]
    message = f"{_name(accelerator)} gives no dense {precision} peak; it has {', '.join(known)}"
    yield "training.precision", message


def _fabric_problems(scenario: Scenario) -> Iterator[Problem]:
    training = scenario.training
    layouts = [phase.layout or training.layout for phase in training.phases]
    room = scenario.cluster.nodes * scenario.cluster.node.gpus
    yield from fabric_problems(scenario.cluster, dict.fromkeys(layout for layout in layouts if layout.gpus <= room))


def _spare_problems(scenario: Scenario) -> Iterator[Problem]:
    spares, nodes = scenario.spares.total, scenario.cluster.nodes
    if spares >= nodes:
        yield "spares", f"{spares:,} spare nodes leave none for the job: the cluster has {nodes:,} nodes"


def _phase_problems(scenario: Scenario, index: int, phase: Phase) -> Iterator[Problem]:
    layout = phase.layout or scenario.training.layout
    phase_path = f"training.phases[{index}]"
    layout_path = "training.layout" if phase.layout is None else f"{phase_path}.layout"
    yield from _size_problems(scenario, layout, layout_path)
    yield from _token_problems(phase, phase_path)
    divides = True
    gpus_per_node = scenario.cluster.node.gpus
    for problem in layout_problems(scenario.model, layout, phase.global_batch, gpus_per_node, phase.sequence_length):
        divides = False
        owner = layout_path if problem.field in Layout.model_fields else phase_path
        yield f"{owner}.{problem.field}", problem.message
    if divides:
        message = memory_problem(scenario, layout, phase)
        if message is not None:
            yield layout_path, message


def _resize_problems(scenario: Scenario) -> Iterator[Problem]:
    """Sizes that some phase cannot be trained with: when the date comes the job may be in any, and it may go back."""
    for number, resize in enumerate(scenario.training.resizes):
        path = f"training.resizes[{number}]"
        parts = _broken_replicas(scenario, resize)
        if parts is not None:
            yield f"{path}.gpus", parts
            continue
        then = scenario.model_copy(update={"training": scenario.training.resized(resize)})
        yield from ((path, message) for _path, message in _fabric_problems(then))
        for index, phase in enumerate(then.training.phases):
            gpus = then.training.layout_of(phase).gpus
            for _path, message in _phase_problems(then, index, phase):
                yield path, f"phase {phase.name!r} with {gpus:,} GPUs: {message}"


def _broken_replicas(scenario: Scenario, resize: Resize) -> str | None:
    """What is wrong with a number of GPUs that holds no whole number of replicas."""
    for phase in scenario.training.phases if resize.gpus else ():
        size = scenario.training.layout_of(phase).replica_gpus
        if resize.gpus and resize.gpus % size:
            fit = max(1, resize.gpus // size) * size
            return (
                f"phase {phase.name!r} has replicas of {size:,} GPUs, which do not fill {resize.gpus:,};"
                f" use {fit:,} or {fit + size:,}, or give a layout"
            )
    return None


def _size_problems(scenario: Scenario, layout: Layout, path: str) -> Iterator[Problem]:
    nodes, per_node, spares = scenario.cluster.nodes, scenario.cluster.node.gpus, scenario.spares.total
    needed = -(-layout.gpus // per_node)
    if needed > nodes:
        replicas = nodes * per_node * layout.data_parallel // layout.gpus
        fix = f"data_parallel {replicas} or less" if replicas else "less model parallelism"
        message = (
            f"TP {layout.tensor_parallel} x CP {layout.context_parallel} x PP {layout.pipeline_parallel} x DP"
            f" {layout.data_parallel} = {layout.gpus:,} GPUs need {needed:,} nodes of {per_node}, but the cluster has"
            f" {nodes:,} ({nodes * per_node:,} GPUs); use {fix}, or cluster.nodes {needed + spares}"
        )
        yield path, message
    elif spares < nodes < needed + spares:
        message = (
            f"the job takes {needed:,} nodes and the spares {spares:,}, together {needed + spares:,}, but the cluster"
            f" has {nodes:,}; keep {nodes - needed:,} spares or set cluster.nodes to {needed + spares}"
        )
        yield "spares", message


def _token_problems(phase: Phase, path: str) -> Iterator[Problem]:
    per_step = phase.sequence_length * phase.global_batch
    if phase.tokens < per_step:
        message = (
            f"{phase.tokens:,.0f} tokens are less than one step of {phase.global_batch:,} x {phase.sequence_length:,} ="
            f" {per_step:,} tokens; give at least that many or a smaller global_batch"
        )
        yield f"{path}.tokens", message


def _name(accelerator: Accelerator) -> str:
    return accelerator.catalogue_entry or "the accelerator"
