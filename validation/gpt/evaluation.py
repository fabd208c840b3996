"""Two probes of what the model has learned: validation loss, and copying from context."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from validation.gpt.config import JobConfig
from validation.gpt.losses import IGNORED, loss_context, plain, summed_loss
from validation.gpt.passes import Passes
from validation.gpt.processes import DATA, PIPELINE, Processes
from validation.gpt.tokens import Sequences, to_batch

COPYING_SEQUENCES = 16
"""With 31 predicted tokens each at a length of 64, chance and skill differ by many standard errors."""

Score = Callable[[Tensor, Tensor], Tensor]
Row = NDArray[np.int64]


class Probes:
    """Evaluates the model as it stands; every process calls it at the same step.

    Parameters
    ----------
    config : JobConfig
        Seed, shapes, layout.
    processes : Processes
        Replicas share the sequences.
    passes : Passes
        The model.
    validation : Sequences
        Never trained on.
    """

    def __init__(self, config: JobConfig, processes: Processes, passes: Passes, validation: Sequences | None) -> None:
        self._config, self._processes, self._passes = config, processes, passes
        self._validation = validation

    def loss(self) -> float | None:
        """Mean loss of the first ``evaluate_sequences`` validation sequences, in nats per token; None without any."""
        store, wanted = self._validation, self._config.measure.evaluate_sequences
        if store is None:
            return None
        count = min(wanted, store.count) if wanted and store.count else wanted or store.count
        rows = (store.sequence(index) for index in range(count))
        total, tokens = self._sums(rows, count, first_target=0, score=summed_loss)
        return total / tokens

    def copying(self) -> float:
        """Share of tokens predicted right (most likely token) where random tokens are repeated.

        A sequence is a block of random tokens of half its length, repeated; counted is every token of the repetition
        but the first, which nothing announces. The sequences depend on seed, vocabulary and length alone.
        """
        length, vocab = self._config.train.sequence_length, self._config.model.vocab
        half = length // 2
        draw = np.random.default_rng([self._config.train.seed, 0x636F7079])
        blocks = draw.integers(vocab, size=(COPYING_SEQUENCES, half))
        rows = (np.resize(block, length + 1) for block in blocks)
        right, tokens = self._sums(rows, COPYING_SEQUENCES, first_target=half, score=_right)
        return right / tokens

    @torch.no_grad()
    def _sums(self, rows: Iterator[Row], count: int, first_target: int, score: Score) -> tuple[float, int]:
        """Sum a score over all processes, and count the targets it looks at.

        Targets before ``first_target`` are ignored. The last round is filled up with rows that count for nothing, so
        that every replica makes the same number of passes.
        """
        layout, micro = self._config.parallel, self._config.train.micro_batch
        length = self._config.train.sequence_length
        device = self._processes.device
        total = torch.zeros((), dtype=torch.float64, device=device)
        for _ in range(math.ceil(count / (layout.data * micro))):
            inputs, targets = to_batch(self._round(rows, length), device)
            targets[:, :first_target] = IGNORED
            logits = self._passes.logits(inputs.clamp(min=0))
            if logits is not None:
                with loss_context(layout.tensor):
                    total += score(logits, targets)
        for dimension in (DATA, PIPELINE):
            dist.all_reduce(total, group=self._processes.group(dimension))
        return total.item(), count * (length - first_target)

    def _round(self, rows: Iterator[Row], length: int) -> Row:
        """Next micro-batch of this replica; rows beyond the last have only ignored targets."""
        micro, replica = self._config.train.micro_batch, self._processes.position(DATA)
        filler = np.full(length + 1, IGNORED, dtype=np.int64)
        taken = [next(rows, filler) for _ in range(self._config.parallel.data * micro)]
        return np.stack(taken[replica * micro : (replica + 1) * micro])


def _right(logits: Tensor, targets: Tensor) -> Tensor:
    """Count the targets that are the most likely token."""
    return (plain(logits).argmax(dim=-1) == targets).sum()
