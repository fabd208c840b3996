"""What one rewind costs in time, in closed form."""

import math
from dataclasses import dataclass

from clustersim.run.plan import RunPlan
from clustersim.scenario.schema.recipe import Recipe


@dataclass(frozen=True, slots=True)
class RewindCost:
    """Time that a loss spike costs on average, by what it goes to.

    Parameters
    ----------
    detection_s : float
        From the spike to the decision to go back: training that is thrown away [s].
    restart_s : float
        Until it trains again [s].
    rewind_s : float
        Training of the steps between the place that the weights must go back to and the spike [s].
    checkpoint_s : float
        Training between the checkpoint that is found and that place, half an interval on average [s].
    skipped_tokens : float
        Data left out. It costs no time: other data is trained instead.
    """

    detection_s: float
    restart_s: float
    rewind_s: float
    checkpoint_s: float
    skipped_tokens: float

    @property
    def lost_s(self) -> float:
        """Time by which the run ends later [s]."""
        return self.detection_s + self.restart_s + self.rewind_s + self.checkpoint_s


def rewind_cost(plan: RunPlan, recipe: Recipe) -> RewindCost:
    """Mean cost of a spike in a plan.

    Parameters
    ----------
    plan : RunPlan
        The compiled run, without what else goes wrong in it.
    recipe : Recipe
        How far the weights go back, and what data is left out.

    Notes
    -----
    To first order: one spike at a time, none in a restart, and a checkpoint that is whole, kept and readable at every
    interval. With few kept (``checkpoint.keep``) or fewer written to the store (``checkpoint.every``), the run goes
    back further than this says. Step times and tokens of a step are those of the phases, by the tokens in each, as
    spikes come by the token.
    """
    checkpoint, recovery = plan.checkpoint, plan.recovery
    tokens = sum(phase.tokens for phase in plan.phases)
    step_s = sum(phase.step_time_s * phase.tokens for phase in plan.phases) / tokens
    tokens_per_step = sum(phase.tokens_per_step * phase.tokens for phase in plan.phases) / tokens
    # Steps are trained again with the checkpoints among them.
    stalled = 1.0 + checkpoint.stall_s / checkpoint.interval_s
    return RewindCost(
        detection_s=recovery.loss_spike.mean_s,
        restart_s=sum(part.median_s for part in recovery.parts()) * math.exp(0.5 * recovery.restart_sigma**2),
        rewind_s=recipe.rewind * step_s * stalled,
        checkpoint_s=0.5 * (checkpoint.interval_s + checkpoint.stall_s),
        skipped_tokens=recipe.skip * tokens_per_step,
    )
