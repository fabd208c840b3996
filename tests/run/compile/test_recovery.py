"""Recovery: detection, people, restarts and the repair shop."""

import pytest

from clustersim.run.laws import AT_ONCE, Law
from clustersim.run.plan import (
    DiagnosisPlan,
    InJobPlan,
    OnCallPlan,
    PartsPlan,
    RestartPart,
    RetirementPlan,
)
from tests.run.compile.written import GPU, PLAN, Compile


def test_restart_parts_grow_with_the_job(compiled: Compile) -> None:
    more = "recovery: {restart: {init: {median: 40 s, at_gpus: 64, growth: 0.5}, warmup: {median: 7 s}, spread: 0.2}}\n"
    recovery = compiled(more=more).recovery
    assert RestartPart("init", 80.0) in recovery.restart_parts
    assert RestartPart("warmup", 7.0) in recovery.restart_parts
    assert [part.name for part in recovery.restart_parts] == ["schedule", "init", "collectives", "load", "warmup"]
    assert recovery.restart_s() == pytest.approx(sum(part.median_s for part in recovery.restart_parts))
    assert recovery.restart_sigma == 0.2


def test_detection_and_people(compiled: Compile) -> None:
    more = (
        "recovery:\n  detection: {crash: {kind: exponential, mean: 9 s}, hang_timeout: 5 min, corruption: 1 h}\n"
        "  manual_fraction: 5 %\n  manual_delay: 2 h\n"
    )
    recovery = compiled(more=more).recovery
    assert recovery.crash == Law("exponential", 9.0)
    assert recovery.hang_timeout_s == 300.0
    assert recovery.corruption == Law("constant", 3600.0)
    assert (recovery.manual_fraction, recovery.manual_delay) == (0.05, Law("constant", 7200.0))


def test_how_it_recovers(compiled: Compile) -> None:
    more = (
        "recovery:\n  on_call: {off_hours: 2 h}\n  in_job_restart: {succeeds: 80 %}\n  queue: 3 min\n"
        "  swap_slow_after: 10 min\n  suspect_after: 3\n  diagnosis: {missed: 5 %, false_blame: 10 %, relapse: 1 h}\n"
    )
    head = PLAN.replace("2027-01-11", "2027-01-13T06:00")
    recovery = compiled(GPU, more=more, head=head).recovery
    off_hours, two_days_and_a_quarter = Law("constant", 7200.0), 2.25 * 86400.0
    assert recovery.on_call == OnCallPlan(9 * 3600.0, 18 * 3600.0, False, off_hours, two_days_and_a_quarter)
    assert recovery.in_job == InJobPlan(("schedule", "init"), 0.8)
    assert [part.name for part in recovery.parts(in_job=True)] == ["collectives", "load", "warmup"]
    assert recovery.restart_s(in_job=True) < recovery.restart_s()
    assert (recovery.queue, recovery.swap_slow_after_s, recovery.suspect_after) == (Law("constant", 180.0), 600.0, 3)
    assert recovery.diagnosis == DiagnosisPlan(0.05, 0.1, Law("constant", 3600.0))


def test_what_the_shop_is_short_of(compiled: Compile) -> None:
    head = PLAN.replace(
        "repair_hands: 5}",
        "repair_hands: 5, failed_repairs: 4 %, parts: {stock: 9, lead_time: 7 d},"
        " retirement: {share: 10 %, after_repairs: 3, lead_time: 20 d}}",
    )
    spares = compiled(GPU, head=head).spares
    assert spares.failed_repairs == 0.04
    assert spares.parts == PartsPlan(9, Law("constant", 7 * 86400.0))
    assert spares.retirement == RetirementPlan(0.1, 3, Law("constant", 20 * 86400.0))


def test_by_default_nothing_goes_wrong_in_recovery(compiled: Compile) -> None:
    plan = compiled()
    assert (plan.recovery.on_call, plan.recovery.in_job, plan.recovery.queue) == (None, None, AT_ONCE)
    assert (plan.recovery.diagnosis.missed, plan.recovery.diagnosis.false_blame) == (0.0, 0.0)
    assert (plan.spares.parts, plan.spares.retirement, plan.spares.failed_repairs) == (None, None, 0.0)
