"""Which sequence is trained when: one global order, whatever the number of processes."""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from validation.gpt.config import JobConfig


class Sequences(Protocol):
    """A store of sequences of equal length; ``count`` 0 is an endless one."""

    count: int

    def sequence(self, index: int) -> NDArray[np.int64]:
        """Tokens of a sequence: its length plus one, so that every token but the last has a following one."""


class Reader:
    """Reads the batches of one replica.

    Parameters
    ----------
    sequences : Sequences
        Where they come from.
    config : JobConfig
        Seed and batch.
    replica : int
        Place of this process among the replicas.
    device : torch.device
        Where the batches go.

    Attributes
    ----------
    position : int
        Sequences consumed by all replicas since the beginning of the run. It alone says where the run is in its data,
        so a run may go on with other replicas or another batch.

    Notes
    -----
    Sequences of a store with an end come in a new random order each epoch, a permutation drawn from the seed and the
    number of the epoch; it is held in memory, 8 bytes a sequence. Reading happens when the step asks for it.
    """

    def __init__(self, sequences: Sequences, config: JobConfig, replica: int, device: torch.device) -> None:
        self.position = 0
        self._sequences, self._device, self._replica = sequences, device, replica
        self._seed = config.train.seed
        self._global_batch = config.train.global_batch
        self._per_replica = config.train.global_batch // config.parallel.data
        self._epoch, self._order = -1, np.empty(0, dtype=np.int64)

    def read(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Read this replica's share of the next global batch and move past the batch.

        Returns
        -------
        tuple of Tensor
            Inputs and targets, each of shape (sequences of the replica, length).
        """
        first = self.position + self._replica * self._per_replica
        rows = [self._sequences.sequence(self.index(first + offset)) for offset in range(self._per_replica)]
        self.position += self._global_batch
        return to_batch(np.stack(rows), self._device)

    def skip(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Move past a batch without reading it: a pipeline stage that sees no tokens."""
        self.position += self._global_batch
        nothing = torch.empty(0, dtype=torch.int64)
        return nothing, nothing

    def index(self, position: int) -> int:
        """Sequence at a place of the global order."""
        if not self._sequences.count:
            return position
        epoch, offset = divmod(position, self._sequences.count)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, epoch_order(self._seed, epoch, self._sequences.count)
        return int(self._order[offset])


def epoch_order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """Order of the sequences in an epoch: a permutation that depends on seed and epoch alone."""
    return np.random.default_rng([seed, epoch]).permutation(count)


def to_batch(rows: NDArray[np.int64], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Split sequences of length L + 1 into inputs and targets of length L on a device."""
    tokens = torch.from_numpy(rows)
    if device.type == "cuda":
        tokens = tokens.pin_memory().to(device, non_blocking=True)
    return tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
