"""Loss spikes of a recipe, compiled: so many a token, at the pace of each phase."""

import pytest

from clustersim.run.compile.loss_spikes import compile_loss_spikes
from clustersim.run.plan import CategoryPlan, PhasePlan, ResizePlan, RunPlan
from clustersim.run.records import LOSS_SPIKE
from clustersim.scenario.schema.recipe import Recipe
from tests.run.compile.written import PLAN, Compile

RECIPE = Recipe(
    spikes_per_trillion_tokens=2.0, spike_shape=0.5, rewind=30, skip=40, divergence=0.1, divergence_runs=5.0
)
QUICK, SLOW = PhasePlan("quick", 300, 1e9, 2.0), PhasePlan("slow", 100, 1e9, 6.0)
OPTIMIZER = "training:\n  optimizer: {recipe: classic}\n"


def the_category(*phases: PhasePlan, resizes: tuple[ResizePlan, ...] = ()) -> CategoryPlan:
    (category,) = compile_loss_spikes(RECIPE, phases, resizes)
    return category


def spikes_of(plan: RunPlan) -> list[CategoryPlan]:
    return [category for category in plan.categories if category.name == LOSS_SPIKE]


def with_recipe(recipe: str) -> str:
    return PLAN.replace("training:\n", f"training:\n  optimizer: {{recipe: {recipe}}}\n")


def test_spikes_by_the_token_become_spikes_by_the_second_at_the_pace_of_the_plan():
    category = the_category(QUICK)
    assert category.rate_s == pytest.approx(2e-12 * 1e9 / 2.0)
    assert category.phase_rates == (), "one pace"
    assert (category.rewind_steps, category.skip_steps, category.published_count) == (30, 40, 0.5)
    assert category.effect == "loss_spike"
    assert category.blast_nodes == 0


def test_each_phase_has_as_many_spikes_a_token_as_any_other():
    category = the_category(QUICK, SLOW)
    for phase, factor in zip((QUICK, SLOW), category.phase_rates, strict=True):
        expected = category.rate_s * factor * phase.steps * phase.step_time_s
        assert expected == pytest.approx(2e-12 * phase.tokens)
    assert category.strikes_with(busy=True, place=1) == pytest.approx(1.0 / 3.0), "at a third of the pace"
    assert category.strikes_with(busy=True, place=0) == 1.0
    assert category.strikes_with(busy=False, place=0) == 0.0, "nothing diverges while the job is down"


def test_a_job_of_another_size_has_another_pace():
    half = ResizePlan(100.0, (PhasePlan("quick", 300, 1e9, 4.0),))
    assert the_category(QUICK, resizes=(half,)).phase_rates == (1.0, 0.5)


def test_a_recipe_without_spikes_is_no_kind_of_failure(compiled: Compile):
    assert compile_loss_spikes(RECIPE.model_copy(update={"spikes_per_trillion_tokens": 0.0}), [QUICK]) == ()
    assert compiled(head=with_recipe("{like: classic, spikes_per_trillion_tokens: 0}")) == compiled()


def test_a_recipe_adds_one_kind_of_failure_after_the_others(compiled: Compile):
    plain, plan = compiled(), compiled(head=with_recipe("classic"))
    assert spikes_of(plain) == []
    assert [category.name for category in plan.categories] == ["x", LOSS_SPIKE]
    assert plan.categories[:1] == plain.categories
    (spikes,) = spikes_of(plan)
    assert spikes.rate_s * plan.ideal_s == pytest.approx(7.371e-12 * sum(phase.tokens for phase in plan.phases))
    assert spikes.published_count == 0.5238


def test_neither_the_fleet_nor_its_weather_changes_them(compiled: Compile):
    (calm,) = spikes_of(compiled(head=with_recipe("classic")))
    more = "  rate_multiplier: 5\n  infant_mortality: {factor: 3}\n"
    (same,) = spikes_of(compiled(head=with_recipe("classic"), more=more))
    assert same == calm
    assert not same.ages
