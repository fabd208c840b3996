"""Loss spikes of a recipe in the run: their counts over replications are those of a gamma mixture of Poisson counts."""

import math
from dataclasses import replace

import numpy as np
import pytest

from clustersim.learning.optimizer.rewinds import rewind_cost
from clustersim.learning.optimizer.spikes import SpikeRate, chance_of_none
from clustersim.run import Records, RunPlan, simulate
from clustersim.run.compile.loss_spikes import compile_loss_spikes
from clustersim.run.failures.ageing import AgeingPlan
from clustersim.run.laws import Law
from clustersim.run.plan import CheckpointPlan, PhasePlan, RecoveryPlan, RestartPart
from clustersim.scenario.schema.recipe import Recipe
from tests.run.plans import SPARES

STEP_S, STEPS, TOKENS = 10.0, 20_000, 1e6
REPLICATIONS = 400
DETECT_S, RESTART_S = 60.0, 120.0
RECOVERY = RecoveryPlan(
    crash=Law("constant", 30.0),
    hang_timeout_s=600.0,
    corruption=Law("constant", 200.0),
    loss_spike=Law("constant", DETECT_S),
    restart_parts=(RestartPart("load", RESTART_S),),
    restart_sigma=0.0,
    manual_fraction=0.0,
    manual_delay=Law("constant", 0.0),
)


def recipe(expected: float, shape: float) -> Recipe:
    return Recipe(
        spikes_per_trillion_tokens=expected / (STEPS * TOKENS) * 1e12,
        spike_shape=shape,
        rewind=0,
        skip=5,
        divergence=0.1,
        divergence_runs=5.0,
    )


def plan(expected: float, shape: float, *phases: PhasePlan) -> RunPlan:
    """Two days of training of which nothing is lost but by loss spikes; a free checkpoint at every tenth step."""
    stretches = phases or (PhasePlan("all", STEPS, TOKENS, STEP_S),)
    return RunPlan(
        name="spiky",
        job_nodes=4,
        gpus_per_node=1,
        phases=stretches,
        categories=compile_loss_spikes(recipe(expected, shape), stretches),
        checkpoint=CheckpointPlan(100.0, 0.0, 0.0),
        recovery=RECOVERY,
        spares=SPARES,
        parameter_uncertainty=True,
    )


def counts(runs: list[Records]) -> np.ndarray:
    return np.array([len(records.incidents["t_s"]) for records in runs])


def replications(of: RunPlan, number: int = REPLICATIONS) -> list[Records]:
    return [simulate(of, 7, replication) for replication in range(number)]


@pytest.mark.parametrize(("expected", "shape"), [(1.0, 0.5), (3.0, 2.0)])
def test_the_counts_of_the_replications_are_negative_binomial(expected: float, shape: float) -> None:
    found = counts(replications(plan(expected, shape)))
    rate = SpikeRate(expected / (STEPS * TOKENS), shape)
    variance = expected * (1.0 + expected / shape)
    assert found.mean() == pytest.approx(expected, abs=4.0 * math.sqrt(variance / REPLICATIONS))
    none = chance_of_none(rate, STEPS * TOKENS)
    assert (found == 0).mean() == pytest.approx(none, abs=4.0 * math.sqrt(none * (1.0 - none) / REPLICATIONS))
    # Fourth central moment of a negative binomial: 3 v^2 + v (1 + 6 (m / k) (1 + m / k)) with mean m, variance v.
    excess = expected / shape * (1.0 + expected / shape)
    fourth = 3.0 * variance**2 + variance * (1.0 + 6.0 * excess)
    assert found.var(ddof=1) == pytest.approx(variance, abs=4.0 * math.sqrt((fourth - variance**2) / REPLICATIONS))


def test_they_strike_by_the_token_where_phases_have_another_pace() -> None:
    """Twice the time at a quarter of the pace: half the tokens, and half the spikes, of what follows."""
    slow, quick = PhasePlan("slow", 10_000, TOKENS / 2, 20.0), PhasePlan("quick", 10_000, TOKENS, 10.0)
    runs = replications(plan(2.0, 1e6, slow, quick))
    boundary_s = slow.steps * slow.step_time_s
    for where, tokens in ((np.less, slow.tokens), (np.greater, quick.tokens)):
        found = np.array([where(records.incidents["t_s"], boundary_s).sum() for records in runs])
        mean = 2.0 * tokens / (STEPS * TOKENS)
        assert found.mean() == pytest.approx(mean, abs=4.0 * math.sqrt(mean / REPLICATIONS))


def test_the_age_of_the_fleet_leaves_them_alone() -> None:
    spiky = plan(3.0, 2.0)
    ageing = replace(spiky, ageing=AgeingPlan(infant_factor=20.0, infant_decay_s=1e6))
    (plain, *_), (aged, *_) = replications(spiky, 1), replications(ageing, 1)
    assert plain.incidents["t_s"].tolist() == aged.incidents["t_s"].tolist()


def test_a_rewind_costs_what_the_closed_form_says() -> None:
    """Detection, restart, thirty steps and half an interval of ten: what each spike adds to the wall time."""
    spiky = recipe(2.0, 1e6).model_copy(update={"rewind": 30})
    plain = plan(0.0, 1e6)
    runs = replications(replace(plain, categories=compile_loss_spikes(spiky, plain.phases)))
    cost = rewind_cost(plain, spiky)
    assert (cost.detection_s, cost.restart_s, cost.rewind_s, cost.checkpoint_s) == (60.0, 120.0, 300.0, 50.0)
    assert cost.skipped_tokens == 5 * TOKENS
    lost_s = np.array([records.end_s for records in runs]) - plain.ideal_s - RESTART_S
    # Each replication against its own spikes, which takes the spread of their number out of the comparison.
    over_s = lost_s - counts(runs) * cost.lost_s
    assert over_s.mean() == pytest.approx(0.0, abs=4.0 * over_s.std(ddof=1) / math.sqrt(REPLICATIONS))
    expected_s = 2.0 * cost.lost_s
    assert lost_s.mean() == pytest.approx(expected_s, abs=4.0 * lost_s.std(ddof=1) / math.sqrt(REPLICATIONS))
    assert lost_s.std(ddof=1) / math.sqrt(REPLICATIONS) < 0.05 * expected_s, "as sharp as five per cent"
