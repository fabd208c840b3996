"""From a scenario and its step times to the plain numbers the engine runs on."""

from collections.abc import Sequence
from dataclasses import replace

from clustersim.run.compile.calendar import compile_diurnal, compile_maintenance, compile_preemptions, compile_rollouts
from clustersim.run.compile.checkpoints import compile_checkpoint
from clustersim.run.compile.elastic import compile_elastic
from clustersim.run.compile.failures import (
    compile_ageing,
    compile_category,
    compile_incidents,
    compile_lemons,
    job_mtbf_s,
)
from clustersim.run.compile.loading import compile_loading, with_loading
from clustersim.run.compile.loss_spikes import compile_loss_spikes
from clustersim.run.compile.phases import compile_phases
from clustersim.run.compile.placement import compile_placement
from clustersim.run.compile.recovery import compile_recovery, compile_spares
from clustersim.run.compile.size import at_each_size, job_nodes
from clustersim.run.failures.ageing import mean_hazard_factor
from clustersim.run.plan import ResizePlan, RunPlan, SizePlan, ideal_s
from clustersim.scenario.schema.scenario import Scenario
from clustersim.step.predict import resized_steps
from clustersim.step.step_time import StepTime


def compile_plan(scenario: Scenario, steps: Sequence[StepTime]) -> RunPlan:
    """Compile a scenario.

    Parameters
    ----------
    scenario : Scenario
        A scenario that passed the feasibility checks.
    steps : sequence of StepTime
        One for each phase.

    Returns
    -------
    RunPlan
        SI numbers, picklable.
    """
    scenario = with_loading(scenario, steps)
    gpus_per_node, nodes = scenario.cluster.node.gpus, job_nodes(scenario)
    categories = tuple(
        compile_category(name, category, scenario, nodes) for name, category in scenario.failures.categories.items()
    )
    phases = compile_phases(scenario, steps, nodes)
    resizes = _compile_resizes(scenario, nodes)
    recipe = scenario.training.optimizer.recipe
    if recipe is not None:
        categories += compile_loss_spikes(recipe, phases, resizes)
    ageing = compile_ageing(scenario.failures, scenario.training.start)
    lemons = compile_lemons(scenario.failures)
    hazard_factor = mean_hazard_factor(ageing, ideal_s(phases, resizes))
    mtbf_s = job_mtbf_s(categories, nodes, lemons, hazard_factor)
    smaller = {phase.nodes for course in (phases, *(r.phases for r in resizes)) for phase in course if phase.nodes}
    sizes = [
        _compile_size(scenario, count, job_mtbf_s(categories, count, lemons, hazard_factor))
        for count in sorted(smaller)
    ]
    checkpoint = compile_checkpoint(scenario, mtbf_s)
    return RunPlan(
        name=scenario.name,
        job_nodes=nodes,
        gpus_per_node=gpus_per_node,
        phases=phases,
        categories=categories,
        checkpoint=checkpoint,
        recovery=replace(
            compile_recovery(scenario.recovery, nodes * gpus_per_node, scenario.training.start),
            elastic=compile_elastic(scenario),
        ),
        spares=replace(compile_spares(scenario.spares), placement=compile_placement(scenario)),
        maintenance=compile_maintenance(scenario),
        fleet_age_s=scenario.failures.fleet_age,
        deadline_s=scenario.training.deadline,
        parameter_uncertainty=scenario.study.parameter_uncertainty,
        incidents=compile_incidents(scenario.failures),
        ageing=ageing,
        lemons=lemons,
        diurnal=compile_diurnal(scenario),
        rollouts=compile_rollouts(scenario),
        preemptions=compile_preemptions(scenario),
        neighbour_nodes=scenario.spares.shared_with.nodes if scenario.spares.shared_with else 0,
        sizes=tuple(sizes),
        resizes=resizes,
        loading=compile_loading(scenario, checkpoint),
    )


def _compile_resizes(scenario: Scenario, most: int) -> tuple[ResizePlan, ...]:
    training = scenario.training
    in_order = sorted(training.resizes, key=lambda resize: resize.on)
    return tuple(
        ResizePlan(
            (resize.on - training.start).total_seconds(),
            compile_phases(then, resized_steps(scenario, resize), most),
        )
        for resize, then in zip(in_order, at_each_size(scenario)[1:], strict=True)
    )


def _compile_size(scenario: Scenario, nodes: int, mtbf_s: float) -> SizePlan:
    """A smaller size of the job: a restart takes as long as it does there, and checkpoints are as far apart."""
    gpus = nodes * scenario.cluster.node.gpus
    recovery = compile_recovery(scenario.recovery, gpus, scenario.training.start)
    return SizePlan(nodes, recovery.restart_parts, compile_checkpoint(scenario, mtbf_s).interval_s)
