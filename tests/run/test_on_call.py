"""Working hours."""

from dataclasses import replace

import pytest

from clustersim.run.laws import Law
from clustersim.run.on_call import in_hours, manual_delay
from clustersim.run.plan import OnCallPlan
from tests.run.plans import DAY_S, RECOVERY, Simulate, digest, failure, script, small_plan, timeline

NIGHT = Law("constant", 900.0)
HOURS = OnCallPlan(9 * 3600.0, 18 * 3600.0, False, NIGHT, 0.0)


@pytest.mark.parametrize(
    ("day", "hour", "there"),
    [(0, 8.99, False), (0, 9.0, True), (0, 17.99, True), (0, 18.0, False), (4, 12.0, True), (5, 12.0, False),
     (6, 12.0, False), (7, 12.0, True)],
)  # fmt: skip
def test_weekdays_from_nine_to_six(day: int, hour: float, there: bool) -> None:
    assert in_hours(HOURS, day * DAY_S + hour * 3600.0) is there


def test_weekends_and_the_start_of_the_run() -> None:
    assert in_hours(replace(HOURS, weekends=True), 5 * DAY_S + 12 * 3600.0)
    saturday_noon = replace(HOURS, start_s=5 * DAY_S + 12 * 3600.0)
    assert not in_hours(saturday_noon, 0.0)
    assert in_hours(saturday_noon, 2 * DAY_S)


def test_who_is_called_at_night_comes_later(run: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The crash at 212 is seen at 242: one plan starts on a Monday at noon, the other at midnight."""
    ends = {}
    for hour in (0.0, 12.0):
        script(monkeypatch, node=[failure(212.0, evict=False, manual=True)])
        recovery = replace(RECOVERY, on_call=replace(HOURS, start_s=hour * 3600.0))
        ends[hour] = timeline(run(replace(small_plan(), recovery=recovery)))[6]
    assert ends == {0.0: (242, 1142, "waiting", 0), 12.0: (242, 742, "waiting", 0)}


def test_people_who_are_always_there_are_the_plain_ones(run: Simulate) -> None:
    always = OnCallPlan(0.0, DAY_S, True, NIGHT, 0.0)
    assert manual_delay(replace(RECOVERY, on_call=always), 12345.0) == RECOVERY.manual_delay
    plain = replace(small_plan(steps=2000), categories=(replace(small_plan().categories[0], rate_per_unit_s=1e-4),))
    assert digest(run(replace(plan := plain, recovery=replace(RECOVERY, on_call=always)))) == digest(run(plan))
