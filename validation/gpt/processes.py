"""The processes of a job: who this one is, its device, and the process groups."""

import datetime
import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch.distributed import HashStore, PrefixStore, Store, TCPStore  # type: ignore[attr-defined]
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from validation.gpt.config import Layout
from validation.gpt.problems import ConfigurationError

TIMEOUT = datetime.timedelta(minutes=10)
"""After which a collective gives up on a peer that is gone without a trace."""

PIPELINE, DATA, TENSOR = "pipeline", "data", "tensor"
"""Dimensions of the mesh, the outermost first: tensor-parallel peers are neighbours."""


@dataclass(frozen=True, slots=True)
class Processes:
    """One process among the others, as it sees itself.

    ``checkpoints`` is a group of all processes on gloo, used by nothing but checkpoints: their collectives run in the
    background and must not mix with those of the training.
    """

    rank: int
    world: int
    device: torch.device
    backend: str
    mesh: DeviceMesh
    checkpoints: dist.ProcessGroup

    def position(self, dimension: str) -> int:
        """Place of this process along a dimension of the mesh."""
        return self.mesh.get_local_rank(dimension)

    def group(self, dimension: str) -> dist.ProcessGroup:
        """Processes that differ from this one in that dimension alone."""
        return self.mesh.get_group(dimension)


def expected_world() -> int:
    """Number of processes that were started."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def own_rank() -> int:
    """Number of this process, before any group exists."""
    return int(os.environ.get("RANK", "0"))


def check_world(layout: Layout) -> None:
    """Raise :class:`ConfigurationError` when the layout and the number of processes disagree."""
    if layout.world != expected_world():
        problem = (
            f"parallel: data {layout.data} x tensor {layout.tensor} x pipeline {layout.pipeline} needs {layout.world} "
            f"processes and {expected_world()} run; start with torchrun --nproc-per-node {layout.world}"
        )
        raise ConfigurationError([problem])


def start_processes(layout: Layout) -> Processes:
    """Choose the device, join the others and lay the mesh over them.

    A process started without torchrun is a group of one. With GPUs the backend is NCCL, and gloo beside it for
    tensors in host memory, which asynchronous checkpoints need.
    """
    device = _device()
    if layout.threads:
        torch.set_num_threads(layout.threads)
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    _join(backend)
    shape = (layout.pipeline, layout.data, layout.tensor)
    mesh = init_device_mesh(device.type, shape, mesh_dim_names=(PIPELINE, DATA, TENSOR))
    checkpoints = dist.new_group(backend="gloo", timeout=TIMEOUT)
    return Processes(dist.get_rank(), dist.get_world_size(), device, backend, mesh, checkpoints)


def _join(backend: str) -> None:
    if "WORLD_SIZE" not in os.environ:
        store: Store = HashStore()
    elif os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True" and os.environ.get("GROUP_WORLD_SIZE") == "1":
        # torchrun keeps its store over restarts: without a prefix, processes would find the addresses of dead ones.
        address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        shared = TCPStore(address, port, is_master=False, timeout=TIMEOUT)
        store = PrefixStore(f"restart-{os.environ['TORCHELASTIC_RESTART_COUNT']}", shared)
    else:
        dist.init_process_group(backend, timeout=TIMEOUT)
        return
    dist.init_process_group(backend, store=store, rank=own_rank(), world_size=expected_world(), timeout=TIMEOUT)


def _device() -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if local >= torch.cuda.device_count():
        problem = (
            f"parallel: process {local} of this machine has no GPU, it has {torch.cuda.device_count()}; start fewer "
            "processes, or hide the GPUs with CUDA_VISIBLE_DEVICES= to run on the CPU"
        )
        raise ConfigurationError([problem])
    torch.cuda.set_device(local)
    return torch.device("cuda", local)
