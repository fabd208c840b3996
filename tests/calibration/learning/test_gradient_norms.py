"""The fit of the norms of the gradient: known widths come back, and the catalogue is what the data gives."""

from pathlib import Path

import numpy as np
import pytest

from clustersim.calibration.learning.gradient_norms import (
    Windows,
    course,
    fit_body,
    fit_sigma,
    fit_spikes,
    main,
    read_windows,
)

ROOT = Path(__file__).parents[3]
DATA = ROOT / "validation" / "published" / "gradient_norms.csv"
TABLE = ROOT / "clustersim" / "catalog" / "data" / "gradient_norms.csv"


def made_up(sigma: float, windows: int, tail: float = 0.0) -> Windows:
    generator = np.random.default_rng(8)
    norms = 0.3 * np.exp(sigma * generator.standard_normal((windows, 21)))
    in_tail = generator.random(norms.shape) < tail
    norms[in_tail] = 0.3 * 1.3 * (1.0 + generator.pareto(5.0, int(in_tail.sum())))
    return Windows(np.arange(windows, dtype=float), np.full(windows, 21.0), norms.mean(axis=1), norms.max(axis=1))


def test_a_known_width_comes_back():
    assert fit_sigma(made_up(0.2, 400)) == pytest.approx(0.2, rel=0.05)


def test_a_known_tail_comes_back():
    body = fit_body(made_up(0.08, 2000, tail=0.01))
    assert body.sigma == pytest.approx(0.08, rel=0.1)
    assert body.tail.share == pytest.approx(0.01, rel=0.2)
    assert body.tail.exponent == pytest.approx(5.0, rel=0.25)


def test_a_course_is_the_geometric_mean_of_its_parts():
    windows = Windows(np.array([0.0, 100.0]), np.ones(2), np.array([8.0, 2.0]), np.array([8.0, 2.0]))
    assert course(windows, 0.0, 101.0, 1).tolist() == pytest.approx([4.0])


def test_windows_of_single_steps_say_nothing_of_the_width():
    warmup = read_windows(DATA, "warm-up")
    assert (warmup.steps == 1).sum() == 50
    assert (warmup.wide.steps == 21).all()


def test_spikes_are_counted_among_the_steps_of_both_runs():
    spikes = fit_spikes(DATA)
    assert spikes.share == pytest.approx(9 / (18_860 + 94_768))
    assert 0.1 < spikes.exponent < 0.5


def test_the_catalogue_is_what_the_data_gives(tmp_path: Path):
    out = tmp_path / "gradient_norms.csv"
    assert main(["--data", str(DATA), "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == TABLE.read_text(encoding="utf-8")
