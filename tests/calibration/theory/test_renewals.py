"""The renewal function where it is known, and that clocks of another law are noticed."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from clustersim.calibration.theory import renewals
from clustersim.calibration.theory.failures import clock, weibull_law
from clustersim.calibration.theory.renewals import renewal_function_cases
from clustersim.run.failures.clocks import Failure
from clustersim.run.failures.lifetimes import weibull_scale_s

Floats = NDArray[np.float64]

AT_S = np.linspace(0.0, 3.0, 1001)


def exponential(at_s: Floats) -> Floats:
    gone: Floats = -np.expm1(-at_s)
    return gone


def two_stages(at_s: Floats) -> Floats:
    """Erlang's law of two stages of mean 1."""
    gone: Floats = 1.0 - np.exp(-at_s) * (1.0 + at_s)
    return gone


def test_memoryless_units_fail_at_a_constant_rate() -> None:
    np.testing.assert_allclose(renewals.renewals(exponential, exponential, 3.0, 1000), AT_S, atol=1e-5)


def test_units_of_two_stages_fail_as_cox_says() -> None:
    """Cox (1962), section 4.5: ``t / 2 - 1 / 4 + exp(-2 t) / 4``."""
    expected = 0.5 * AT_S - 0.25 + 0.25 * np.exp(-2.0 * AT_S)
    np.testing.assert_allclose(renewals.renewals(two_stages, two_stages, 3.0, 1000), expected, atol=1e-6)


def test_units_in_the_middle_of_their_lives_fail_at_their_mean_rate() -> None:
    """Ages of a fleet that has run forever: the first life of two stages is over with the law of an equilibrium."""

    def equilibrium(at_s: Floats) -> Floats:
        gone: Floats = 1.0 - np.exp(-at_s) * (1.0 + 0.5 * at_s)
        return gone

    np.testing.assert_allclose(renewals.renewals(equilibrium, two_stages, 3.0, 1000), 0.5 * AT_S, atol=1e-6)


@pytest.mark.parametrize("shape", [0.7, 2.0])
def test_an_infinite_density_at_birth_does_no_harm(shape: float) -> None:
    law = weibull_law(weibull_scale_s(1.0, shape), shape)
    coarse, fine = renewals.renewals(law, law, 3.0, 500), renewals.renewals(law, law, 3.0, 4000)
    np.testing.assert_allclose(coarse, fine[::8], atol=1e-4)


def test_clocks_that_forget_the_age_of_the_fleet_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(units: int, shape: float, _age_s: float, run: int) -> Iterator[Failure]:
        return clock(units, shape, 0.0, run)

    monkeypatch.setattr(renewals, "clock", forgetful)
    outside = [case.name for case in renewal_function_cases() if not case.inside]
    assert len(outside) >= 6
    assert all("80 s old" in name for name in outside)
