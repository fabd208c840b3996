"""From a log to ETTR, with numbers added up by hand."""

import pytest

from tests.validation.faults.logs import HandLog
from validation.faults.account import Account, NothingUndisturbed, account, checkpoint_costs_s
from validation.faults.lives import lives
from validation.faults.strikes import Struck
from validation.faults.watching import Attempt

EVERY = 2


def taken(log: HandLog, attempts: list[Attempt], *struck: Struck, every: int = EVERY) -> Account:
    return account(lives(log.events, attempts, every), struck)


def kill(at_s: float, absorbed: bool = False) -> Struck:
    return Struck("kill", at_s, at_s, absorbed)


def killed_once() -> tuple[HandLog, list[Attempt]]:
    """Ten steps of 1 s, a checkpoint of 0.5 s after every second; killed at 112.5 within step 8, step 7 is lost."""
    log = HandLog()
    log.start(102.0, 103.0)
    log.steps(1, 1.6, 1.0)  # the first is slow: to 105.6
    log.checkpoint(2, 0.5)
    log.steps(3, 1.0, 1.0)  # to 108.1
    log.checkpoint(4, 0.5)
    log.steps(5, 1.0, 1.0)  # to 110.6
    log.checkpoint(6, 0.5)
    log.steps(7, 1.0)  # to 112.1
    log.start(115.2, 116.5, resumed=6, load_s=0.4)
    log.steps(7, 1.3, 1.0)  # to 118.8
    log.checkpoint(8, 0.5)
    log.steps(9, 1.0, 1.0)  # to 121.3
    log.checkpoint(10, 0.5)
    log.end(121.9)
    return log, [Attempt(0, 100.0, 113.0), Attempt(1, 113.2, 123.0)]


def test_a_killed_run() -> None:
    log, attempts = killed_once()
    found = taken(log, attempts, kill(112.5))
    assert found.wall_s == pytest.approx(21.8)
    assert found.step_s == pytest.approx(1.0)
    assert found.productive_s == pytest.approx(10.0)
    assert found.ettr == pytest.approx(10.0 / 21.8)
    assert found.lost_steps == 1
    assert found.detections_s == pytest.approx([0.5])
    assert found.restarts_s == pytest.approx([0.2 + 3.3 + 0.3])
    assert found.startup_s == pytest.approx(3.0 + 0.6)
    assert found.unplanned_ends == 0
    assert {part: values[0] for part, values in found.parts_s.items()} == pytest.approx(
        {"schedule": 0.2, "init": 2.7, "collectives": 0.2, "load": 0.4, "warmup": 0.3}
    )
    assert found.states_s == pytest.approx(
        {
            "productive": 10.0,
            "recompute": 1.0 + 0.4,
            "checkpoint": 5 * 0.5,
            "detect": 0.5,
            "restart": 3.6 + 3.8,
            "slowed": 0.0,
            "other": 0.0,
        }
    )


def test_an_end_that_nobody_planned_is_told() -> None:
    log, attempts = killed_once()
    found = taken(log, attempts, kill(90.0), kill(112.5, absorbed=True))
    assert found.unplanned_ends == 1
    assert found.detections_s == []
    assert sum(found.states_s.values()) == pytest.approx(found.wall_s)


def test_a_kill_during_the_restart_breaks_it_off() -> None:
    """The second attempt dies before it logs anything: all its time is restart, and it restarts nothing."""
    log, _attempts = killed_once()
    attempts = [Attempt(0, 100.0, 113.0), Attempt(1, 113.1, 113.8), Attempt(2, 114.0, 123.0)]
    found = taken(log, attempts, kill(112.5), kill(113.7))
    assert found.detections_s == pytest.approx([0.5, 0.1])
    assert found.restarts_s == pytest.approx([0.2 + 2.5 + 0.3])
    assert found.states_s["restart"] == pytest.approx(3.6 + 0.1 + 0.6 + 3.0)
    assert found.states_s["other"] == pytest.approx(0.0)


def test_a_checkpoint_that_does_not_load_costs_an_interval_more() -> None:
    log, attempts = killed_once()
    for event in log.events:
        if event["event"] == "resume":
            event["step"] = 4  # type: ignore[index]
        if event["time_s"] > 116.5 and event["event"] == "step":
            event["step"] -= 2  # type: ignore[index]
    found = taken(log, attempts, kill(112.5))
    assert found.lost_steps == 3
    assert found.productive_s == pytest.approx(8.0)


def test_what_is_lost_again_is_counted_once() -> None:
    """Three attempts: steps 3 and 4 are kept from the first, because the third goes back to 4 only."""
    log = HandLog()
    log.start(1.0, 2.0)
    log.steps(1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)  # 5 and 6 are lost
    log.start(11.0, 12.0, resumed=4)
    log.steps(5, 1.0)  # lost too
    log.start(21.0, 22.0, resumed=4)
    log.steps(5, 1.0, 1.0)
    attempts = [Attempt(0, 0.0, 9.0), Attempt(1, 10.0, 14.0), Attempt(2, 20.0, 30.0)]
    found = taken(log, attempts, kill(8.0), kill(13.0), every=100)
    assert found.lost_steps == 3
    assert found.productive_s == pytest.approx(6.0)


def test_slow_steps_are_slowed_for_the_rest_of_their_time() -> None:
    log = HandLog()
    log.start(1.0, 2.0)
    log.steps(1, *[1.0] * 5)  # to 7
    log.steps(6, 2.5, 2.5)  # to 12
    log.steps(8, *[1.0] * 3)
    found = taken(log, [Attempt(0, 0.0, 20.0)], Struck("straggler", 7.0, 12.0, absorbed=False), every=100)
    assert found.states_s["slowed"] == pytest.approx(3.0)
    assert found.states_s["productive"] == pytest.approx(10.0)
    assert found.slowdowns == pytest.approx([2.5])
    assert found.states_s["other"] == pytest.approx(0.0)


def test_a_checkpoint_in_the_background_costs_what_steps_take_longer() -> None:
    log = HandLog()
    log.start(1.0, 2.0)
    log.steps(1, *[1.0] * 4)  # to 6
    log.now_s += 0.25  # the copy
    log.steps(5, 1.4, persisting=True)
    log.checkpoint(4, -0.1, mode="async")
    log.steps(6, 1.0, 1.0, 1.0)
    log.checkpoint(8, 0.6, mode="async")  # waited for at the end
    found = taken(log, [Attempt(0, 0.0, 20.0)], every=4)
    assert found.wall_s == pytest.approx(2.0 + 8.0 + 0.25 + 0.4 + 0.6)
    assert found.states_s["checkpoint"] == pytest.approx(0.25 + 0.4 + 0.6)
    (life,) = lives(log.events, [Attempt(0, 0.0, 20.0)], 4)
    assert checkpoint_costs_s(life, found.step_s) == pytest.approx([0.65])


def test_a_run_without_an_undisturbed_step_has_no_step_time() -> None:
    log = HandLog()
    log.start(1.0, 2.0)
    log.steps(1, 1.0, 1.0)
    with pytest.raises(NothingUndisturbed, match="none of 2 steps"):
        taken(log, [Attempt(0, 0.0, 9.0)])
