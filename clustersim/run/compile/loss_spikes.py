"""Loss spikes of a recipe, as one more kind of failure."""

from collections.abc import Sequence

from clustersim.run.plan import CategoryPlan, PhasePlan, ResizePlan
from clustersim.run.records import LOSS_SPIKE
from clustersim.scenario.schema.recipe import Recipe

_TRILLION = 1e12


def compile_loss_spikes(
    recipe: Recipe, phases: Sequence[PhasePlan], resizes: Sequence[ResizePlan] = ()
) -> tuple[CategoryPlan, ...]:
    """The kind of failure that the loss spikes of a recipe are; none where it has no spikes.

    A recipe has spikes by the token, the engine's clocks tick by the second: they strike at the pace of the plan, in
    each phase at its own, and only while the job trains. What slows steps down in the run brings a little more of them,
    and steps that are trained again may spike like others. Neither the age of the fleet nor the weather matters.

    Parameters
    ----------
    recipe : Recipe
        Spikes in a trillion tokens, and how unlike runs are.
    phases : sequence of PhasePlan
        Phases at the size that the job has at first.
    resizes : sequence of ResizePlan
        Changes of its size.
    """
    if recipe.spikes_per_trillion_tokens == 0.0:
        return ()
    courses = (phases, *(resize.phases for resize in resizes))
    paces = [phase.tokens_per_step / phase.step_time_s for course in courses for phase in course]
    mean_pace = sum(phase.tokens for phase in phases) / sum(phase.steps * phase.step_time_s for phase in phases)
    spikes = CategoryPlan(
        name=LOSS_SPIKE,
        component="data",
        units=1,
        rate_per_unit_s=recipe.spikes_per_trillion_tokens / _TRILLION * mean_pace,
        blast_nodes=0,
        effect="loss_spike",
        evict=0.0,
        idle_factor=0.0,
        published_count=recipe.spike_shape,
        phase_rates=tuple(pace / mean_pace for pace in paces) if len(set(paces)) > 1 else (),
        ages=False,
        rewind_steps=recipe.rewind,
        skip_steps=recipe.skip,
    )
    return (spikes,)
