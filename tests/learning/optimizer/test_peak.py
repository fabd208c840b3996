import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustersim.learning.optimizer.peak import peak_penalty


def test_the_published_medians():
    assert peak_penalty([0.25, 1.0, 4.0]) == pytest.approx([0.011, 0.0, 0.023])


@given(off=st.floats(1.01, 16.0))
def test_farther_off_costs_more_and_too_high_more_than_too_low(off):
    assert float(peak_penalty(off * 1.1)) > float(peak_penalty(off)) > 0.0
    assert float(peak_penalty(off)) > float(peak_penalty(1.0 / off))
