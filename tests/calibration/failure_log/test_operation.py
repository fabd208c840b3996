"""Operating time: repairs stop the clock of a unit, and units come and go."""

import math

import numpy as np
import pytest

from clustersim.calibration.failure_log.operation import Operation, Unit


def test_gaps_are_operating_time() -> None:
    """A unit that ran 0 to 10 and, repaired, 14 to 30, and failed at 10 and 20; another that never failed."""
    units = Operation([Unit("a", 5.0, ((0.0, 10.0), (14.0, 30.0))), Unit("", math.nan, ((0.0, 30.0),), 7)])
    gaps = units.gaps({0: [10.0, 20.0]})
    assert gaps.unit.tolist() == [1, 0, 0, 0]
    assert gaps.length_s.tolist() == [30.0, 10.0, 6.0, 10.0]
    assert gaps.failed.tolist() == [False, True, True, False]
    np.testing.assert_array_equal(gaps.age_s, [math.nan, 5.0, 0.0, 0.0])
    assert gaps.units.tolist() == [7, 1, 1, 1]
    assert (gaps.failures, gaps.exposure_s, gaps.some_age_unknown) == (2, 26.0 + 210.0, True)
    assert gaps.without([0]).unit.tolist() == [1]
    assert units.count == 8


def test_a_failure_at_the_very_end_leaves_nothing_censored() -> None:
    gaps = Operation([Unit("a", 0.0, ((0.0, 10.0),))]).gaps({0: [10.0]})
    assert (gaps.length_s.tolist(), gaps.failed.tolist()) == ([10.0], [True])


def test_exposure_passes_faster_with_more_units() -> None:
    """Two units for 10 s, then six for 10 s: after 10 s a quarter of the exposure is over."""
    units = Operation([Unit("", 0.0, ((0.0, 20.0),), 2), Unit("", 0.0, ((10.0, 20.0),), 4)])
    np.testing.assert_allclose(units.exposed_share(np.array([0.0, 5.0, 10.0, 15.0, 20.0])), [0, 0.125, 0.25, 0.625, 1])


def test_shares() -> None:
    shares = Operation([Unit("a", 0.0, ((0.0, 5.0), (6.0, 11.0))), Unit("", 0.0, ((0.0, 15.0),), 2)]).shares
    assert shares.share.tolist() == pytest.approx([0.25, 0.375])
    assert shares.units.tolist() == [1, 2]
