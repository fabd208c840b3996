"""Forward and backward passes over pipeline stages, by the schedules of torch.distributed.pipelining."""

import inspect
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.pipelining import PipelineStage, Schedule1F1B, ScheduleGPipe

from validation.gpt.clock import Clock
from validation.gpt.config import JobConfig
from validation.gpt.layouts import Trainable, residual_dtype
from validation.gpt.losses import loss_context, mean_loss, plain
from validation.gpt.processes import PIPELINE, Processes
from validation.gpt.weights import align_gradients, local_part

SCHEDULES = {"gpipe": ScheduleGPipe, "1f1b": Schedule1F1B}


class PipelinedPasses:
    """The pipeline as one process, which holds a stage of it, runs it.

    Shapes and types of what stages pass on are given in advance, so torch runs no trial pass to find them.
    """

    def __init__(self, trainable: Trainable, config: JobConfig, processes: Processes) -> None:
        self._trainable, self._config = trainable, config
        self._group = processes.group(PIPELINE)
        self._stage = processes.position(PIPELINE)
        core = trainable.core
        self.reads_tokens = core.is_first or core.is_last
        self._device = processes.device
        stage = PipelineStage(
            trainable.module,
            self._stage,
            config.parallel.pipeline,
            processes.device,
            input_args=self._example(tokens=core.is_first, logits=False),
            output_args=self._example(tokens=False, logits=core.is_last),
            group=self._group,
        )
        kind = SCHEDULES[config.parallel.pipeline_schedule]
        self._schedule = kind(stage, n_microbatches=config.accumulation, loss_fn=mean_loss)
        self._ends = _group_of_ends(config, processes) if config.model.tied else None

    def run(self, inputs: Tensor, targets: Tensor, clock: Clock) -> Tensor:
        """See :class:`~validation.gpt.passes.Passes`; forward and backward overlap and are one part."""
        core = self._trainable.core
        losses: list[Tensor] = []
        with clock.part("forward_backward"), loss_context(self._config.parallel.tensor):
            self._schedule.step(
                *([inputs] if core.is_first else []),
                target=targets if core.is_last else None,
                losses=losses if core.is_last else None,
                **self._without_outputs(),
            )
            align_gradients(self._trainable.weights)
            self._add_tied_gradients()
        if not losses:
            return torch.zeros((), device=self._device)
        return torch.stack([plain(loss.detach()) for loss in losses]).mean()

    def logits(self, inputs: Tensor) -> Tensor | None:
        """See :class:`~validation.gpt.passes.Passes`."""
        core = self._trainable.core
        x = self._trainable.answer(inputs if core.is_first else self._receive())
        if core.is_last:
            return x
        dist.send(x.contiguous(), self._neighbour(1), group=self._group)
        return None

    def _receive(self) -> Tensor:
        """Take one micro-batch of the residual stream from the stage before."""
        x = torch.empty_like(self._example(tokens=False, logits=False), device=self._device)
        dist.recv(x, self._neighbour(-1), group=self._group)
        return x

    def _example(self, tokens: bool, logits: bool) -> Tensor:
        """Tensor without storage that looks like what enters or leaves a stage."""
        train, model = self._config.train, self._config.model
        shape: tuple[int, ...] = (train.micro_batch, train.sequence_length)
        if tokens:
            return torch.empty(shape, dtype=torch.int64, device="meta")
        width = model.vocab if logits else model.hidden
        return torch.empty((*shape, width), dtype=residual_dtype(self._config), device="meta", requires_grad=True)

    def _neighbour(self, offset: int) -> int:
        return dist.get_global_rank(self._group, self._stage + offset)

    def _without_outputs(self) -> dict[str, Any]:
        """Ask newer versions of torch not to keep the logits of all micro-batches."""
        known = inspect.signature(self._schedule.step).parameters
        return {"return_outputs": False} if "return_outputs" in known else {}

    def _add_tied_gradients(self) -> None:
        """Add up the gradients of the two copies of a tied weight; both then make the same update."""
        if self._ends is None:
            return
        for weight in self._trainable.weights:
            if weight.name == "embedding.weight" and weight.parameter.grad is not None:
                dist.all_reduce(local_part(weight.parameter.grad), group=self._ends)


def _group_of_ends(config: JobConfig, processes: Processes) -> dist.ProcessGroup | None:
    """Group of the first and the last stage of this process's pipeline; None on the stages between."""
    across = config.parallel.data * config.parallel.tensor
    last = (config.parallel.pipeline - 1) * across
    mine = None
    for column in range(across):  # every process takes part in making every group
        ranks = [column, last + column]
        group = dist.new_group(ranks)
        if processes.rank in ranks:
            mine = group
    return mine
