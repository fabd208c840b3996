"""How the matrices are split over tensor-parallel processes."""

from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import Replicate, Shard
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    ParallelStyle,
    PrepareModuleInput,
    RowwiseParallel,
    parallelize_module,
)

from validation.gpt.model import GPT


def split_over_tensor_mesh(model: GPT, mesh: DeviceMesh) -> None:
    """Split heads, feed-forward width and vocabulary over a mesh, in place.

    Notes
    -----
    Megatron's split (Shoeybi et al. 2019, arXiv 1909.08053, section 3): per layer two all-reduces of the residual
    stream forward and two backward. The embedding is split by vocabulary (one all-reduce), and so is the head, whose
    logits stay split: the loss is computed on the parts. Norms are held whole by every process.
    """
    replicated = PrepareModuleInput(input_layouts=(Replicate(),), desired_input_layouts=(Replicate(),))
    plan: dict[str, ParallelStyle] = {}
    for name in model.layers:
        plan |= {
            f"layers.{name}.attention": replicated,
            f"layers.{name}.attention.query": ColwiseParallel(),
            f"layers.{name}.attention.key": ColwiseParallel(),
            f"layers.{name}.attention.value": ColwiseParallel(),
            f"layers.{name}.attention.output": RowwiseParallel(),
            f"layers.{name}.feed_forward": replicated,
            f"layers.{name}.feed_forward.gate": ColwiseParallel(),
            f"layers.{name}.feed_forward.up": ColwiseParallel(),
            f"layers.{name}.feed_forward.down": RowwiseParallel(),
        }
    if model.is_first:
        plan["embedding"] = RowwiseParallel(input_layouts=Replicate(), output_layouts=Replicate())
    if model.is_last:
        plan["head"] = ColwiseParallel(output_layouts=Shard(-1), use_local_output=False)
    parallelize_module(model, mesh, plan)
    model.tie()
