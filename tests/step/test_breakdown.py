"""Where the time of a step goes, by pipeline schedule."""

import math
from typing import Any

import pytest

from clustersim.step.breakdown import step_breakdown
from clustersim.step.efficiency import calibrated_table
from clustersim.step.job import Job, job_of
from clustersim.step.pipeline import schedule_of, simulate
from clustersim.step.predict import phase_steps
from clustersim.step.stage import stage_times
from clustersim.step.stage_work import pipeline_work
from clustersim.step.step_time import BREAKDOWN_KEYS
from clustersim.step.step_timeline import phase_timeline
from tests.step import step_cases as cases


def job(**layout: Any) -> Job:
    model = layout.pop("model", cases.LLAMA3_8B)
    return job_of(model, cases.layout(**layout), 4096, "bf16", cases.cluster(), "megatron", calibrated_table())


def breakdown(count: int = 16, **layout: Any) -> dict[str, float]:
    return step_breakdown(job(**layout), count)


PIPELINE = {"tensor_parallel": 2, "pipeline_parallel": 4, "data_parallel": 4}


@pytest.mark.parametrize("schedule", ["gpipe", "1f1b", "zero-bubble", "dualpipe"])
def test_every_schedule_has_every_part(schedule: str) -> None:
    parts = breakdown(**PIPELINE, schedule=schedule)
    assert set(parts) == set(BREAKDOWN_KEYS)
    assert all(seconds >= 0.0 for seconds in parts.values())


@pytest.mark.parametrize("schedule", ["gpipe", "1f1b", "zero-bubble", "dualpipe"])
def test_parts_of_the_busiest_rank_fill_its_pipeline(schedule: str) -> None:
    of = job(**PIPELINE, schedule=schedule)
    chosen = schedule_of(of.layout, 16)
    run = simulate(chosen, pipeline_work(of, stage_times(of), chosen))
    parts = step_breakdown(of, 16)
    inside = math.fsum(parts[name] for name in BREAKDOWN_KEYS if name not in ("exposed_dp", "optimizer", "host"))
    launches = parts["host"] - of.efficiency.host_s
    assert inside + launches == pytest.approx(run.total_s)


def test_better_schedules_idle_less() -> None:
    idle = [breakdown(32, **PIPELINE, schedule=name)["bubble"] for name in ("1f1b", "zero-bubble", "dualpipe")]
    assert idle == sorted(idle, reverse=True)
    assert idle[0] > 1.5 * idle[2]


def test_one_stage_has_no_pipeline() -> None:
    parts = breakdown(data_parallel=32)
    assert parts["bubble"] == parts["exposed_pp"] == 0.0


def test_fewer_micro_batches_idle_no_longer_but_for_a_larger_share() -> None:
    few, many = breakdown(8, **PIPELINE), breakdown(32, **PIPELINE)
    assert few["bubble"] == pytest.approx(many["bubble"], rel=0.35)
    assert few["bubble"] / few["compute_ffn"] > 2.5 * many["bubble"] / many["compute_ffn"]


def test_the_head_makes_the_last_rank_the_busiest() -> None:
    assert breakdown(**PIPELINE)["compute_head"] > 0.0


def test_dualpipe_hides_the_exchange_of_experts() -> None:
    layout = {"pipeline_parallel": 4, "data_parallel": 8, "expert_parallel": 8, "model": cases.MIXTRAL}
    assert breakdown(32, **layout, schedule="dualpipe")["exposed_ep"] < 0.5 * breakdown(32, **layout)["exposed_ep"]


@pytest.mark.parametrize("schedule", ["1f1b", "dualpipe"])
def test_the_timeline_of_a_phase_ends_with_the_optimizer(schedule: str) -> None:
    layout = {"tensor_parallel": 2, "pipeline_parallel": 4, "data_parallel": 16, "schedule": schedule}
    scenario = cases.scenario(training={"layout": layout})
    shown = phase_timeline(scenario, scenario.training.phases[0])
    assert len(shown.timeline.ranks) == len(shown.reductions) == len(shown.updates) == 4
    last = max(work.end_s for row in shown.reductions for work in row)
    assert {work.start_s for work in shown.updates} == {max(last, shown.timeline.total_s)}
    for rank, row in enumerate(shown.reductions):
        assert len(row) == (2 if schedule == "dualpipe" else 1)
        final = max(piece.end_s for piece in shown.timeline.ranks[rank])
        assert row[-1].start_s == pytest.approx(final)


def test_the_timeline_runs_the_software_that_the_prediction_runs() -> None:
    """Options of the software change the passes of a mixture; the timeline's are those of the breakdown."""
    layout = {"pipeline_parallel": 4, "data_parallel": 32, "expert_parallel": 8}
    spans = {}
    for options in (None, (), ("flex", "overlap")):
        training = {"layout": layout, "software": "megatron", "software_options": options}
        scenario = cases.scenario(model=cases.MIXTRAL.model_dump(), training=training)
        phase = scenario.training.phases[0]
        parts = phase_steps(scenario)[0].breakdown_s
        outside = ("exposed_dp", "optimizer", "host")
        inside_s = math.fsum(seconds for name, seconds in parts.items() if name not in outside)
        spans[str(options)] = total_s = phase_timeline(scenario, phase).timeline.total_s
        assert total_s == pytest.approx(inside_s, rel=0.1)
    assert len(set(spans.values())) == 3
