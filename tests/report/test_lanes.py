"""Lanes: nothing overlaps, and no more of them than needed."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clustersim.report.lanes import lanes

spans = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=40)


@given(spans)
def test_lanes_are_as_few_as_can_be_and_nothing_overlaps(drawn: list[tuple[int, int]]) -> None:
    rows = sorted((start, start + size) for start, size in drawn)
    chosen = lanes([start for start, _ in rows], [end for _, end in rows])
    for lane in set(chosen):
        own = [row for row, place in zip(rows, chosen, strict=True) if place == lane]
        assert all(before[1] <= after[0] for before, after in pairwise(own))
    most = max((sum(start <= at <= end for start, end in rows) for at, _ in rows), default=0)
    assert len(set(chosen)) <= most
