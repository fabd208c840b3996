"""Machine repairmen on small numbers by hand, and that a shop with other rules is noticed."""

from dataclasses import replace

import numpy as np
import pytest

from clustersim.calibration.theory import repairmen
from clustersim.calibration.theory.repairmen import broken_nodes, mean_queue_s, repairmen_cases
from clustersim.calibration.theory.repairs import erlang_c_wait_s
from clustersim.run.plan import RunPlan


def test_two_machines_and_one_hand_by_hand() -> None:
    """Each fails as fast as it is mended: 1 : 2 : 2, so that 4/5 of a machine work and 2/5 wait."""
    chances = broken_nodes(2, 1, 1.0, 1.0)
    assert chances == pytest.approx([0.2, 0.4, 0.4])
    assert mean_queue_s(chances, 1, 1.0) == pytest.approx(0.4 / (2 * 0.2 + 0.4))


def test_with_a_hand_for_each_nobody_waits() -> None:
    """Then every node is up or broken by itself: a binomial law."""
    chances = broken_nodes(3, 3, 1.0, 1.0)
    assert chances == pytest.approx([1 / 8, 3 / 8, 3 / 8, 1 / 8])
    assert mean_queue_s(chances, 3, 1.0) == 0.0


def test_many_machines_are_a_plain_queue() -> None:
    chances = broken_nodes(100_000, 2, 1.2 / 100_000, 1.0)
    assert mean_queue_s(chances, 2, 1.2 / 100_000) == pytest.approx(erlang_c_wait_s(2, 1.2, 1.0), rel=1e-3)
    assert chances @ np.arange(len(chances)) == pytest.approx(1.2 + 1.2 * erlang_c_wait_s(2, 1.2, 1.0), rel=1e-3)


def test_spares_that_do_not_fail_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes that are switched off do not fail, so that fewer are broken than theory says of those that do."""
    usual = repairmen.shop_plan

    def cold(hands: int, spares: int, rate_s: float) -> RunPlan:
        plan = usual(hands, spares, rate_s)
        return replace(plan, spares=replace(plan.spares, hot=0, cold=spares))

    monkeypatch.setattr(repairmen, "shop_plan", cold)
    monkeypatch.setattr(repairmen, "SHOPS", repairmen.SHOPS[1:2])
    assert not all(case.inside for case in repairmen_cases())
