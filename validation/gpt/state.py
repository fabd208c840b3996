"""The state of a run as named tensors: what a checkpoint holds."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import AdamW

from validation.gpt.manifest import Manifest
from validation.gpt.optimizer import moments, set_steps_done
from validation.gpt.processes import Processes
from validation.gpt.weights import Weight


class TrainingState:
    """Weights, moments and random state of one process, under names that do not depend on the layout.

    A checkpoint of one layout can therefore be loaded by another. The learning rate is a function of the step, which,
    like the position in the data, stands in the manifest.
    """

    def __init__(self, weights: Sequence[Weight], optimizer: AdamW, processes: Processes) -> None:
        self._weights, self._optimizer, self._processes = weights, optimizer, processes

    def tensors(self) -> dict[str, Tensor]:
        """Return everything that is saved; weights and moments share storage with the run."""
        named = {f"model.{weight.name}": weight.whole(weight.parameter.detach()) for weight in self._weights}
        named |= {f"optimizer.{name}": moment for name, moment in moments(self._optimizer, self._weights).items()}
        return named | self._random_states()

    def tensors_for(self, manifest: Manifest) -> dict[str, Tensor]:
        """Return what is loaded from a checkpoint: random states only where this process's were saved."""
        named = self.tensors()
        if self._processes.rank >= manifest.world:
            return {name: tensor for name, tensor in named.items() if not name.startswith("random.")}
        if manifest.device != self._processes.device.type:
            return {name: tensor for name, tensor in named.items() if not name.startswith("random.cuda.")}
        return named

    def adopt(self, loaded: dict[str, Tensor], steps: int) -> None:
        """Take over what is not shared storage: random states, and the number of updates done."""
        set_steps_done(self._optimizer, steps)
        for name, tensor in loaded.items():
            if name.startswith("random.cpu."):
                torch.set_rng_state(tensor)
            elif name.startswith("random.cuda."):
                torch.cuda.set_rng_state(tensor)

    def _random_states(self) -> dict[str, Tensor]:
        rank = self._processes.rank
        states = {f"random.cpu.{rank}": torch.get_rng_state()}
        if self._processes.device.type == "cuda":
            states[f"random.cuda.{rank}"] = torch.cuda.get_rng_state()
        return states
