import pytest

from validation.testbed.bounds import fit_line, ring_bound_s, ring_edges, sent_bytes
from validation.testbed.shaping import PAYLOAD_FRACTION
from validation.testbed.topology import Topology

RACKS = (("h0", "h1"), ("h2", "h3"))
ACROSS = (("h0", "h2"), ("h1", "h3"))
ALL = (("h0", "h1", "h2", "h3"),)


def test_every_rank_sends_to_the_one_before() -> None:
    assert ring_edges(("a", "b", "c")) == [("a", "c"), ("b", "a"), ("c", "b")]


def test_bytes_that_a_host_sends() -> None:
    assert sent_bytes("all_reduce", 4, 8e6) == 12e6
    assert sent_bytes("reduce_scatter", 4, 8e6) == 12e6
    assert sent_bytes("all_gather", 4, 8e6) == 6e6


@pytest.mark.parametrize(
    ("name", "groups", "seconds"),
    [
        # 16 MB: 24 MB a host in a ring of four, 16 MB in a ring of two; hosts have 25 MB/s.
        ("one-switch", ALL, 24 / 25),
        ("one-switch", RACKS, 16 / 25),
        ("degraded-link", ALL, 24 / 6.25),
        ("degraded-link", (("h0", "h1"),), 16 / 25),
        ("degraded-link", (("h2", "h3"),), 16 / 6.25),
        # One edge of the ring crosses the uplink each way.
        ("two-racks", ALL, 24 / 25),
        ("two-racks", ACROSS, 16 / 12.5),
        ("slow-uplink", ALL, 24 / 12.5),
        ("slow-uplink", RACKS, 16 / 25),
        ("slow-uplink", ACROSS, 16 / 6.25),
    ],
)
def test_bound_by_hand(
    shipped: dict[str, Topology], name: str, groups: tuple[tuple[str, ...], ...], seconds: float
) -> None:
    for group in groups:
        bound_s = ring_bound_s(shipped[name], "all_reduce", group, groups, 16e6)
        assert bound_s == pytest.approx(seconds / PAYLOAD_FRACTION)


def test_a_slow_link_holds_up_only_the_group_that_uses_it(shipped: dict[str, Topology]) -> None:
    bounds_s = [ring_bound_s(shipped["degraded-link"], "all_gather", group, RACKS, 16e6) for group in RACKS]
    assert bounds_s[1] == pytest.approx(4 * bounds_s[0])


def test_a_line_is_found_again() -> None:
    sizes = [2.0**power for power in range(16, 25, 2)]
    alpha_s, beta = fit_line(sizes, [2e-3 + 60e-9 * size for size in sizes])
    assert alpha_s == pytest.approx(2e-3)
    assert beta == pytest.approx(60e-9)


def test_small_sizes_count_as_much_as_large_ones() -> None:
    # 1 % too slow at the largest size alone would double alpha in an unweighted fit.
    sizes = [2.0**power for power in range(16, 25, 2)]
    times_s = [2e-3 + 60e-9 * size for size in sizes]
    alpha_s, _ = fit_line(sizes, [*times_s[:-1], times_s[-1] * 1.01])
    assert alpha_s == pytest.approx(2e-3, rel=0.05)


def test_one_size_makes_no_line() -> None:
    with pytest.raises(ValueError, match="two sizes"):
        fit_line([1e6, 1e6], [1.0, 1.1])
