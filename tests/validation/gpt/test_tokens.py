"""One order of the data, whatever the number of processes, and its synthetic source."""

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from validation.gpt.config import JobConfig, Layout, ModelShape, Training  # noqa: E402
from validation.gpt.synthetic import PHRASE_LENGTH, VALIDATION, SyntheticSequences  # noqa: E402
from validation.gpt.tokens import Reader, epoch_order  # noqa: E402

CPU = torch.device("cpu")
CONFIG = JobConfig(
    model=ModelShape(layers=1, hidden=8, heads=2, kv_heads=2, ffn_hidden=8, vocab=100),
    train=Training(sequence_length=4, micro_batch=1, global_batch=4, steps=10, seed=7),
)


class Numbered:
    """A store whose sequences say their number."""

    def __init__(self, count: int) -> None:
        self.count = count

    def sequence(self, index: int) -> "np.ndarray":
        return np.full(5, index, dtype=np.int64)


def consumed(steps: int, replicas: int, count: int, position: int = 0, batch: int = 4) -> list[int]:
    """Numbers of the sequences in the order in which the replicas, one after the other, consume them."""
    train = replace(CONFIG.train, global_batch=batch)
    config = replace(CONFIG, parallel=Layout(data=replicas), train=train)
    readers = [Reader(Numbered(count), config, replica, CPU) for replica in range(replicas)]
    for reader in readers:
        reader.position = position
    return [int(row[0]) for _ in range(steps) for reader in readers for row in reader.read()[0]]


@pytest.mark.parametrize("replicas", [2, 4])
def test_the_order_does_not_depend_on_the_number_of_replicas(replicas: int) -> None:
    assert consumed(6, replicas, count=11) == consumed(6, 1, count=11)


def test_a_run_goes_on_where_it_was_with_other_replicas_and_another_batch() -> None:
    whole = consumed(6, 1, count=11)
    assert consumed(2, 1, count=11) + consumed(4, 4, count=11, position=8) == whole
    assert consumed(2, 1, count=11) + consumed(2, 2, count=11, position=8, batch=8) == whole


def test_an_epoch_holds_every_sequence_once_and_the_next_has_another_order() -> None:
    order = consumed(11, 1, count=22)
    assert sorted(order[:22]) == sorted(order[22:]) == list(range(22))
    assert order[:22] != order[22:]
    assert not np.array_equal(epoch_order(1, 0, 22), epoch_order(2, 0, 22))


def test_a_store_without_end_is_read_in_its_own_order() -> None:
    assert consumed(3, 2, count=0) == list(range(12))


def test_a_stage_that_reads_nothing_moves_on_all_the_same() -> None:
    reader = Reader(Numbered(11), CONFIG, 0, CPU)
    reader.skip()
    assert reader.position == 4


def test_targets_are_the_tokens_that_follow() -> None:
    inputs, targets = Reader(SyntheticSequences(7, 100, 4), CONFIG, 0, CPU).read()
    assert inputs.shape == targets.shape == (4, 4)
    assert torch.equal(inputs[:, 1:], targets[:, :-1])


def test_synthetic_sequences_depend_on_seed_number_and_stream_alone() -> None:
    one, again = SyntheticSequences(7, 100, 32), SyntheticSequences(7, 100, 32)
    assert all(np.array_equal(one.sequence(index), again.sequence(index)) for index in (5, 3, 5))
    others = [SyntheticSequences(8, 100, 32), SyntheticSequences(7, 100, 32, VALIDATION)]
    assert all(not np.array_equal(one.sequence(5), other.sequence(5)) for other in others)


def test_synthetic_sequences_are_of_two_kinds_with_something_to_learn() -> None:
    """Phrases come from a book of 64; blocks repeat with a period of at most half a sequence."""
    store = SyntheticSequences(7, 1000, 64)
    rows = [store.sequence(index) for index in range(400)]
    repeating = [row for row in rows if any(np.array_equal(row[p:], row[:-p]) for p in range(4, 33))]
    phrases = {tuple(row[start : start + PHRASE_LENGTH]) for row in rows for start in range(0, 64, PHRASE_LENGTH)}
    assert abs(len(repeating) - 200) < 4 * math.sqrt(400 / 4)
    starts = [row[:PHRASE_LENGTH] for row in rows if not any(row is other for other in repeating)]
    assert len({tuple(start) for start in starts}) <= 64 < len(phrases)
    assert all(row.min() >= 0 and row.max() < 1000 and len(row) == 65 for row in rows)
