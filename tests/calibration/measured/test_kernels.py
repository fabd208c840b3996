"""Laws of kernels are found again from timings that follow them."""

from dataclasses import replace

import pytest

from clustersim.calibration.measured.kernels import fit_kernels
from clustersim.calibration.measured.observations import Observations, TimedCollective
from tests.calibration.measured import cases


def test_every_law_is_found_again() -> None:
    found = fit_kernels(cases.kernels())
    assert found.matrix == {"fp32": pytest.approx(9e10, rel=1e-3)}
    assert found.values["matrix_half_size"] == pytest.approx(80.0, rel=0.02)
    assert found.values["kernel_gap"] == pytest.approx(1e-5, rel=0.05)
    assert found.values["attention"] == pytest.approx(4e10, rel=1e-3)
    assert found.values["attention_half_length"] == pytest.approx(120.0, rel=1e-2)
    assert found.values["attention_backward"] == pytest.approx(2.8, rel=1e-3)
    assert found.values["memory"] == pytest.approx(1.1e10)
    assert found.values["contention"] == pytest.approx(1.15)
    assert found.values["optimizer_bytes"] == pytest.approx(50.0)
    assert found.values["collectives.call"] == pytest.approx(3e-4, rel=1e-3)
    assert found.values["scale_up"] == pytest.approx(1.5e9, rel=1e-3)
    assert max(found.scatter.values()) < 1e-3


def test_hops_need_groups_of_several_sizes() -> None:
    def ring(ranks: int, size: float) -> TimedCollective:
        time_s = 2e-5 + 2 * (ranks - 1) * 4e-6 + 2 * (ranks - 1) / ranks * size / 2e11
        return TimedCollective("all_reduce", ranks, 1, size, time_s)

    seen = Observations(collectives=tuple(ring(n, size) for n in (2, 4, 8) for size in (1e3, 1e6, 1e8, 1e9)))
    found = fit_kernels(seen).values
    assert found["collectives.hop"] == pytest.approx(4e-6, rel=0.02)
    assert found["collectives.call"] == pytest.approx(2e-5, rel=0.02)
    assert found["scale_up"] == pytest.approx(2e11, rel=0.02)


def test_what_was_not_measured_is_left_out() -> None:
    assert fit_kernels(Observations()).values == {}
    found = fit_kernels(replace(cases.kernels(), traffic=(), attention=()))
    assert not {"memory", "attention", "optimizer_bytes", "contention"} & found.values.keys()


def test_collectives_between_nodes_do_not_speak_of_the_node() -> None:
    away = tuple(replace(item, nodes=2) for item in cases.kernels().collectives)
    assert "scale_up" not in fit_kernels(Observations(collectives=away)).values


def test_reduce_scatter_of_a_cpu_is_an_all_reduce() -> None:
    extra = TimedCollective("reduce_scatter", 2, 1, 4e7, 3e-4 + 4e7 / 1.5e9)
    seen = replace(cases.kernels(), collectives=(*cases.kernels().collectives, extra))
    assert fit_kernels(seen).scatter["collectives"] < 1e-3
    on_card = replace(seen, devices=(replace(cases.DEVICE, kind="cuda"),))
    assert fit_kernels(on_card).scatter["collectives"] > fit_kernels(seen).scatter["collectives"]
