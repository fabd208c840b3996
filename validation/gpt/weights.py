"""The parameters of a process and how each is spread over the mesh."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor
from torch.distributed.tensor.placement_types import Placement


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the parts of a tensor lie: a mesh, one placement per dimension of it, and the shape of the whole."""

    mesh: DeviceMesh
    placements: tuple[Placement, ...]
    shape: torch.Size
    stride: tuple[int, ...]

    def dress(self, local: Tensor) -> DTensor:
        """Return a distributed tensor over this process's part, sharing its storage."""
        return DTensor.from_local(
            local, self.mesh, self.placements, run_check=False, shape=self.shape, stride=self.stride
        )


def spread_of(tensor: Tensor) -> Spread | None:
    """Spread of a distributed tensor; None of one that every process holds whole."""
    if not isinstance(tensor, DTensor):
        return None
    return Spread(tensor.device_mesh, tuple(tensor.placements), tensor.shape, tensor.stride())


def local_part(tensor: Tensor) -> Tensor:
    """Return the part of a tensor that this process holds."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


@dataclass(frozen=True, slots=True)
class Weight:
    """A parameter under the name it has in the whole model.

    ``spread`` says how its parts lie, also where the parameter itself is a plain tensor that holds one part.
    ``counted`` is False for the second copy of a tied weight at the end of a pipeline.
    """

    name: str
    parameter: nn.Parameter
    spread: Spread | None
    counted: bool = True

    def whole(self, tensor: Tensor) -> Tensor:
        """View the parameter, or a moment of it, as a part of the whole; shares storage."""
        if self.spread is None or isinstance(tensor, DTensor):
            return tensor
        return self.spread.dress(tensor)

    def split_over(self) -> frozenset[str]:
        """Return the dimensions of the mesh whose processes hold different parts."""
        if self.spread is None:
            return frozenset()
        names = self.spread.mesh.mesh_dim_names or ()
        placed = zip(names, self.spread.placements, strict=True)
        return frozenset(name for name, placement in placed if not placement.is_replicate())


def align_gradients(weights: Iterable[Weight]) -> None:
    """Give every gradient the spread of its weight.

    torch leaves the gradient of an embedding that is split by vocabulary whole on every process.
    """
    for weight in weights:
        gradient, spread = weight.parameter.grad, weight.spread
        if isinstance(gradient, DTensor) and spread and tuple(gradient.placements) != spread.placements:
            weight.parameter.grad = gradient.redistribute(placements=spread.placements)


class LocalShards(nn.Module):
    """A tensor-parallel module whose parameters are plain tensors, this process's parts.

    DistributedDataParallel reduces plain gradients only; for the forward pass the parts are dressed as distributed
    tensors again.

    Parameters
    ----------
    inner : nn.Module
        A module after ``parallelize_module``; its distributed parameters are replaced.
    """

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.spreads: dict[nn.Parameter, Spread] = {}
        plain: dict[nn.Parameter, nn.Parameter] = {}
        for owner, name, parameter in list(_owned_parameters(inner)):
            spread = spread_of(parameter)
            if spread is None:
                continue
            if parameter not in plain:  # a tied weight has two owners and stays one
                plain[parameter] = nn.Parameter(local_part(parameter.detach()))
                self.spreads[plain[parameter]] = spread
            setattr(owner, name, plain[parameter])

    def forward(self, x: Tensor) -> Tensor:
        """Call the inner module with its weights as distributed tensors."""
        parameters = self.inner.named_parameters()
        dressed: dict[str, Tensor] = {name: self.spreads[p].dress(p) for name, p in parameters if p in self.spreads}
        return torch.func.functional_call(self.inner, dressed, (x,))  # type: ignore[no-any-return]


def _owned_parameters(module: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Parameter]]:
    for owner in module.modules():
        for name, parameter in owner.named_parameters(recurse=False):
            yield owner, name, parameter
