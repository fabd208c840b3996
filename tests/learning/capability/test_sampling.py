import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from clustersim.learning.capability.sampling import normals, student4_quantile, uniforms


@given(st.floats(1e-6, 1.0 - 1e-6))
def test_the_quantile_is_students(probability):
    assert float(student4_quantile(probability)) == pytest.approx(student.ppf(probability, 4), rel=1e-6, abs=1e-6)


def test_the_uniforms_fill_the_cube_evenly_and_are_unrelated():
    spread = uniforms(2000)
    assert np.allclose(np.sort(spread, axis=1), (np.arange(2000) + 0.5) / 2000, atol=5e-3)
    assert np.abs(np.corrcoef(spread) - np.eye(3)).max() < 0.04


def test_the_normals_are_standard():
    assert float(normals(2000).mean()) == pytest.approx(0.0, abs=0.01)
    assert float(normals(2000).std()) == pytest.approx(1.0, abs=0.01)
