"""Forward and backward passes of a step, without a pipeline."""

import contextlib
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

import torch
from torch import Tensor
from torch.distributed.fsdp import FSDPModule
from torch.nn.parallel import DistributedDataParallel

from validation.gpt.clock import Clock
from validation.gpt.config import JobConfig
from validation.gpt.layouts import Trainable
from validation.gpt.losses import loss_context, mean_loss, plain
from validation.gpt.weights import align_gradients


class Passes(Protocol):
    """What a step asks of a layout."""

    reads_tokens: bool
    """Whether this process needs the tokens of a batch."""

    def run(self, inputs: Tensor, targets: Tensor, clock: Clock) -> Tensor:
        """Leave reduced gradients of the mean loss behind and return that loss; 0 where the loss is not known.

        ``inputs`` and ``targets`` have the shape (sequences of this replica, tokens).
        """

    def logits(self, inputs: Tensor) -> Tensor | None:
        """Logits of one micro-batch without gradients; None on a process that does not hold the head."""


class AccumulatedPasses:
    """One micro-batch after the other; replicas reduce their gradients in the last one only."""

    reads_tokens = True

    def __init__(self, trainable: Trainable, config: JobConfig) -> None:
        self._trainable = trainable
        self._micro_batch = config.train.micro_batch
        self._tensor = config.parallel.tensor

    def run(self, inputs: Tensor, targets: Tensor, clock: Clock) -> Tensor:
        """See :class:`Passes`."""
        split = partial(torch.split, split_size_or_sections=self._micro_batch)
        batches = list(zip(split(inputs), split(targets), strict=True))
        total = torch.zeros((), device=inputs.device)
        with loss_context(self._tensor):
            for number, (tokens, following) in enumerate(batches, 1):
                with self._reduction(last=number == len(batches)):
                    with clock.part("forward"):
                        loss = mean_loss(self._trainable.module(tokens), following) / len(batches)
                    with clock.part("backward"):
                        loss.backward()  # type: ignore[no-untyped-call]
                total += plain(loss.detach())
        align_gradients(self._trainable.weights)
        return total

    def logits(self, inputs: Tensor) -> Tensor | None:
        """See :class:`Passes`."""
        return self._trainable.answer(inputs)

    def _reduction(self, last: bool) -> AbstractContextManager[None]:
        """Context of a micro-batch whose gradients are reduced, or only added up."""
        module = self._trainable.module
        if isinstance(module, FSDPModule):
            module.set_requires_gradient_sync(last)
        if isinstance(module, DistributedDataParallel) and not last:
            return module.no_sync()
        return contextlib.nullcontext()
