"""One training step: data, passes, clipping, update, and the loss of the whole batch."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor
from torch.optim import AdamW

from validation.gpt.clock import Clock
from validation.gpt.config import JobConfig
from validation.gpt.gradients import clip_gradients, gradient_norm
from validation.gpt.layouts import Trainable
from validation.gpt.optimizer import set_learning_rate
from validation.gpt.passes import Passes
from validation.gpt.processes import Processes
from validation.gpt.schedules import learning_rate

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step did; the same on every process but for the times.

    ``step`` is counted from 1; ``loss`` in nats per token over the global batch, before the update;
    ``gradient_norm`` before clipping. ``stopping`` says that some process was asked to stop.
    """

    step: int
    step_s: float
    parts: dict[str, float]
    loss: float
    gradient_norm: float
    learning_rate: float
    stopping: bool


class TrainingStep:
    """The step of one process.

    Parameters
    ----------
    config : JobConfig
        Schedule, clipping, layout.
    processes : Processes
        Over which losses and norms are summed.
    trainable : Trainable
        The model.
    passes : Passes
        Its forward and backward.
    optimizer : AdamW
        Of its weights.
    """

    def __init__(
        self, config: JobConfig, processes: Processes, trainable: Trainable, passes: Passes, optimizer: AdamW
    ) -> None:
        self._config, self._processes = config, processes
        self._trainable, self._passes, self._optimizer = trainable, passes, optimizer
        self._clock = Clock(processes.device)

    def run(self, step: int, read: Callable[[], Batch], asked_to_stop: Callable[[], bool]) -> StepResult:
        """Take one step.

        Parameters
        ----------
        step : int
            Counted from 1.
        read : callable
            Returns inputs and targets of this replica.
        asked_to_stop : callable
            Whether this process has been, asked at the end of the step; all learn of it.

        Notes
        -----
        ``step_s`` runs from before the data to after the average of the loss, on this process and without a barrier:
        the average, which every process waits for, is the end of the step.
        """
        clock, train = self._clock, self._config.train
        rate = learning_rate(train, step)
        clock.start()
        with clock.part("data"):
            inputs, targets = read()
        loss = self._passes.run(inputs, targets, clock)
        with clock.part("clip"):
            norm = gradient_norm(self._trainable.weights, self._processes)
            clip_gradients(self._trainable.weights, norm, train.clip)
        with clock.part("optimizer"):
            set_learning_rate(self._optimizer, rate)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
        with clock.part("loss"):
            mean, stopping = self._agree(loss, asked_to_stop())
        step_s, parts = clock.stop()
        return StepResult(step, step_s, parts, mean, norm.item(), rate, stopping)

    def _agree(self, loss: Tensor, asked_to_stop: bool) -> tuple[float, bool]:
        """Average the loss over replicas and tell all processes whether any was asked to stop.

        The loss is known to the last stage of each replica's pipeline, on each of its tensor-parallel processes, and
        is 0 elsewhere.
        """
        layout = self._config.parallel
        share = loss / (layout.data * layout.tensor)
        stop = torch.full_like(share, float(asked_to_stop))
        both = torch.stack((share, stop)).double()
        if self._processes.world > 1:
            dist.all_reduce(both)
        mean, stops = both.tolist()
        return mean, stops > 0
