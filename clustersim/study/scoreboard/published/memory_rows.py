"""Rows of tables of published memory as arguments of :func:`clustersim.workload.memory.memory_per_gpu`."""

from collections.abc import Mapping
from itertools import product
from typing import Any

from clustersim.scenario.schema.hardware import Accelerator, Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, Software
from clustersim.workload.memory import MemoryPerGpu, memory_per_gpu

SOFTWARE: Mapping[str, Software] = {
    "composer": "composer",
    "deepspeed-zero3": "deepspeed-zero3",
    "maxtext": "xla",
    "megatron-20": "megatron-2021",
    "megatron-core": "megatron",
    "megatron-deepspeed": "megatron-deepspeed",
    "nemo": "megatron",
    "paxml": "xla",
    "torchtitan": "pytorch",
}
"""Class of software by how a stack's name begins."""

_PRECISIONS: Mapping[str, Precision] = {"bf16": "bf16", "fp16": "fp16", "fp8": "fp8"}
_SAID = {"yes": True, "no": False}
_RECOMPUTES = ("none", "selective", "full")
_MICRO_BATCHES = (1, 2, 4, 8)
"""What a row may have used where it does not say."""

_OLD = ("megatron-20", "megatron-deepspeed", "deepspeed")
"""Stacks without a distributed optimizer and sequence parallelism, unless they say so."""

Cells = Mapping[str, str]


def row_memories(cells: Cells) -> list[MemoryPerGpu]:
    """Memory of a row, for each micro-batch and recomputation that it may have used where it does not say."""
    recomputes = (cells["recompute"],) if cells["recompute"] else _RECOMPUTES
    tried = (int(cells["micro_batch"]),) if cells["micro_batch"] else _MICRO_BATCHES
    layouts = (_layout(cells, micro_batch, recompute) for micro_batch, recompute in product(tried, recomputes))
    return [_memory(cells, layout) for layout in layouts if _whole(cells, layout)]


def device_bytes(cells: Cells) -> float:
    """Memory of the row's device [bytes]."""
    return Accelerator.model_validate(cells["gpu"]).memory


def _memory(cells: Cells, layout: Layout) -> MemoryPerGpu:
    batch = cells["global_batch_seqs"]
    count = int(batch) // (layout.data_parallel * layout.micro_batch) if batch else None
    stack = max((name for name in SOFTWARE if cells["stack"].startswith(name)), key=len)
    return memory_per_gpu(
        _model(cells),
        layout,
        int(cells["seq_len"]),
        _PRECISIONS[cells["precision"]],
        count,
        software=SOFTWARE[stack],
        fused_attention=_SAID.get(cells.get("fused_attention", "")),
    )


def _whole(cells: Cells, layout: Layout) -> bool:
    return int(cells["global_batch_seqs"] or 0) % (layout.data_parallel * layout.micro_batch) == 0


def _model(cells: Cells) -> Model:
    gated = cells["gated"] == "1"
    return Model(
        layers=int(cells["n_layers"]),
        hidden=int(cells["hidden"]),
        heads=int(cells["n_heads"]),
        kv_heads=int(cells["n_kv_heads"] or cells["n_heads"]),
        head_dim=int(cells["head_dim"]) if cells["head_dim"] else None,
        ffn_hidden=int(cells["ffn_hidden"]),
        gated=gated,
        vocabulary=int(cells["vocab"]),
        tied_embeddings=not gated,
        position="rotary" if gated else "alibi",
    )


def _layout(cells: Cells, micro_batch: int, recompute: str) -> Layout:
    tensor, context, pipeline = (int(cells[name] or 1) for name in ("tp", "cp", "pp"))
    old = cells["stack"].startswith(_OLD)
    settings: dict[str, Any] = {
        "tensor_parallel": tensor,
        "context_parallel": context,
        "pipeline_parallel": pipeline,
        "virtual_pipeline": int(cells.get("vpp") or 1),
        "data_parallel": int(cells["n_gpus"]) // (tensor * context * pipeline),
        "zero_stage": int(cells["zero_stage"] or (0 if old else 1)),
        "micro_batch": micro_batch,
        "recompute": recompute,
        "offload": cells.get("offload", "none"),
        "loss": cells.get("loss", "fused"),
        "sequence_parallel": _SAID.get(cells["sequence_parallel"], not old),
    }
    return Layout(**settings)
