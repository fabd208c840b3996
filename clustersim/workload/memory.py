"""Device memory of one GPU during training, by kind."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from clustersim.scenario.schema.hardware import Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import GradientPrecision, Layout, Loss, Software
from clustersim.workload.activations import chunks_in_flight
from clustersim.workload.habits import MemoryHabits, memory_habits
from clustersim.workload.needs import StageNeeds, layout_needs
from clustersim.workload.shards import StageShard

CONTEXT_BYTES = 1.5 * 2**30
"""CUDA context and kernels: 1,573 MiB on an A100 (BigScience chronicles, 2022), "1-2 GB" (Hugging Face, Ultra-Scale
Playbook, 2025). Like the buffers of communicators, not in what frameworks print as allocated or reserved."""

COMMUNICATOR_BYTES = 0.5 * 2**30
"""Buffers of one NCCL communicator: 544 MB between two A100, 688 MB among more (NVIDIA/nccl issue 964, 2023)."""

LOGIT_BYTES: Mapping[Loss, tuple[float, float]] = MappingProxyType(
    {"fused": (6.0, 8.0), "unfused": (14.0, 16.0), "chunked": (6.0, 8.0)}
)
"""Bytes per logit in mixed precision and in fp32. Fused: the output of the head and an fp32 copy that turns into its
gradient in place (Megatron-LM vocabulary-parallel cross entropy, 2024; compiled loss of torchtitan, 2025). Unfused:
output, log-softmax, and the gradients of both sides of it (eager PyTorch; torchtitan before 2025)."""

PARALLEL_UNFUSED_LOGIT_BYTES = 22.0
"""Bytes per logit of the unfused loss over a tensor-parallel vocabulary: log-softmax, its exponential, a gradient of
zeros, their sum and product, all fp32, and the output (``torch.distributed.tensor.parallel.loss``, 2024)."""

FSDP_UNITS_UNSHARDED = 2
"""Units (layers) that ZeRO-3 holds whole at once: the one that computes and the one that is prefetched (FSDP default,
Zhao et al. 2023, arXiv 2304.11277, sec. 3.3)."""

LARGEST_MATRIX_SHARE = 1.0 / 3.0
"""Part of the largest unit that its largest matrix is: ``4 h^2`` of the ``12 h^2`` of a GPT layer."""

BUCKET_BYTES = 4.0
"""Bytes per element of a bucket of gradients: two in 16 bits (DeepSpeed overlaps one with the next) or one in fp32."""

OFFLOADED_LAYERS_KEPT = 2
"""Layers whose activations are on the device although they are offloaded: the one that computes and the one on its way
(Megatron-Core, ``cpu_offloading`` with double buffering, 2024)."""


@dataclass(frozen=True, slots=True)
class StateBytes:
    """Bytes per parameter of the training state.

    ``weights`` is what the products read, ``master`` the fp32 copy the optimizer updates (0 when the weights are fp32
    themselves), ``moments`` Adam's two and ``update`` copies of the gradient that the optimizer makes.
    """

    weights: float
    gradients: float
    master: float
    moments: float
    update: float = 0.0

    @property
    def optimizer(self) -> float:
        """Master weights, moments and what the update needs beside."""
        return self.master + self.moments + self.update


@dataclass(frozen=True, slots=True)
class MemoryPerGpu:
    """Memory of a GPU on the pipeline stage that needs most [bytes].

    ``workspace`` is what the backward pass of one layer needs beyond what it can reuse of the logits.
    """

    weights_bytes: float
    gradients_bytes: float
    optimizer_bytes: float
    activations_bytes: float
    logits_bytes: float
    workspace_bytes: float
    overhead_bytes: float

    @property
    def total_bytes(self) -> float:
        """All of it, overhead of the framework included: what ``nvidia-smi`` shows."""
        return self.allocated_bytes + self.overhead_bytes

    @property
    def allocated_bytes(self) -> float:
        """What the framework allocates and prints, i.e. without the context and communicators."""
        state = self.weights_bytes + self.gradients_bytes + self.optimizer_bytes
        return state + self.activations_bytes + self.logits_bytes + self.workspace_bytes

    def as_dict(self) -> dict[str, float]:
        """Bytes by kind, for tables; the values sum to ``total_bytes``."""
        return {name.removesuffix("_bytes"): value for name, value in asdict(self).items()}


@lru_cache(maxsize=256)
def state_bytes(
    precision: Precision, habits: MemoryHabits | None = None, gradients: GradientPrecision | None = None
) -> StateBytes:
    """Bytes per parameter of weights, gradients and optimizer, unsharded.

    Parameters
    ----------
    precision : {"fp32", "tf32", "fp16", "bf16", "fp8", "fp4"}
        Number format of the matrix products.
    habits : MemoryHabits, optional
        Of the software; Megatron's when omitted.
    gradients : {"fp32", "bf16"}, optional
        Number format in which gradients are summed and reduced; the software's own when omitted.

    Returns
    -------
    StateBytes
        18 bytes in all for bf16: 16-bit weights, fp32 gradients, fp32 master weights and two fp32 moments.

    Notes
    -----
    fp16 keeps 16-bit gradients as DeepSpeed does (16 bytes in all); the performance recipes of Megatron-Bridge do so in
    bf16, fp8 and fp4 too (``grad_reduce_in_fp32 = False``, 2025). fp8 and fp4 count as bf16: the weights are kept
    either in bf16 and cast for each product, or in 8 bits together with their transpose (``--fp8-param-gather``),
    2 bytes both. Copies in low precision that are kept beside bf16 weights between micro-batches are not counted.

    References
    ----------
    .. [1] Rajbhandari et al. (2020), ZeRO, arXiv 1910.02054, sec. 3.1.
    .. [2] NVIDIA, Megatron Core user guide, distributed optimizer (2025): 18 bytes, ``6 + 12 / d`` sharded.
    .. [3] NVIDIA, Transformer Engine user guide, FP8 primary weights (2025).
    """
    habits = habits or MemoryHabits()
    if precision in ("fp32", "tf32"):
        return StateBytes(weights=4.0, gradients=4.0, master=0.0, moments=8.0)
    own = habits.gradient_bytes_fp16 if precision == "fp16" else habits.gradient_bytes_bf16
    kept = own if gradients is None else _GRADIENT_BYTES[gradients]
    # What is summed up in fp32 needs no cast for the update.
    update = habits.update_bytes if kept < 4.0 else 0.0
    return StateBytes(weights=2.0, gradients=kept, master=4.0, moments=8.0, update=update)


_GRADIENT_BYTES: Mapping[GradientPrecision, float] = MappingProxyType({"fp32": 4.0, "bf16": 2.0})


def memory_per_gpu(
    model: Model,
    layout: Layout,
    sequence_length: int,
    precision: Precision,
    micro_batches: int | None = None,
    *,
    software: Software | None = None,
    fused_attention: bool | None = None,
) -> MemoryPerGpu:
    """Memory of the fullest GPU of a training job.

    Parameters
    ----------
    model : Model
        The transformer.
    layout : Layout
        The parallel layout.
    sequence_length : int
        Tokens per sequence.
    precision : {"fp32", "tf32", "fp16", "bf16", "fp8", "fp4"}
        Number format of the matrix products.
    micro_batches : int, optional
        Micro-batches per step and replica. A step with few of them never fills the pipeline; enough to fill it when
        omitted.
    software : str, optional
        Class of training software, for its :mod:`~clustersim.workload.habits`; PyTorch for ZeRO 2 and 3 and Megatron
        otherwise when omitted.
    fused_attention : bool, optional
        Whether scores stay on chip; as the software does when omitted.

    Returns
    -------
    MemoryPerGpu
        Bytes by kind on the pipeline stage with the largest total.

    Notes
    -----
    ZeRO shards the optimizer (1), the gradients (2) and the weights (3) over data and context parallelism, routed
    experts over the part of it that repeats them. Stages 2 and 3 reduce gradients in every micro-batch, and hold one
    unit (layer) of them whole; stage 3 also two units of weights. PyTorch's pipeline keeps both whole until the last
    micro-batch instead, which is not counted.

    The peak is at the end of the forward pass (logits) or while a layer runs backward, whichever is more; memory of
    the one serves the other. Not counted: fragmentation of the allocator, and the inputs of products that PyTorch's
    tensor parallelism keeps gathered where Megatron's gathers them again.

    References
    ----------
    .. [1] Rajbhandari et al. (2020), ZeRO, arXiv 1910.02054.
    .. [2] Korthikanti et al. (2022), arXiv 2205.05198, sec. 4.
    """
    habits = memory_habits(layout, software)
    if fused_attention is not None and fused_attention is not habits.fused_attention:
        habits = replace(habits, fused_attention=fused_attention)
    needs = layout_needs(model, layout, precision, habits)
    width = 4.0 if precision in ("fp32", "tf32") else 2.0
    tokens_bytes = width * layout.micro_batch * sequence_length / layout.context_parallel
    work_bytes = tokens_bytes * (needs.at_work + needs.scores_at_work * sequence_length)
    logits_bytes = _logit_bytes(model, layout, width) * tokens_bytes / width
    head_bytes = 2.0 * needs.hidden * tokens_bytes
    per, last = state_bytes(precision, habits, layout.gradient_precision), len(needs.stages) - 1
    fullest, most = (0.0,) * 6, -1.0
    for stage, need in enumerate(needs.stages):
        chunks = chunks_in_flight(layout, stage, micro_batches)
        kept = _kept(need, chunks, sequence_length) * tokens_bytes
        loss_bytes = logits_bytes if stage == last else 0.0
        kept += head_bytes if stage == last else 0.0
        weights, gradients, optimizer = _state(need.shard, layout, per, habits)
        peak = loss_bytes if loss_bytes > work_bytes else work_bytes
        total = weights + gradients + optimizer + kept + peak
        if total > most:
            fullest, most = (weights, gradients, optimizer, kept, loss_bytes, peak - loss_bytes), total
    return MemoryPerGpu(*fullest, _overhead(layout))


def _kept(need: StageNeeds, chunks: float, sequence_length: int) -> float:
    """Elements per token that a stage keeps on the device for its chunks in flight."""
    (plain, scores), (offloaded, offloaded_scores) = need.kept, need.offloaded
    kept = chunks * (plain + scores * sequence_length + need.output)
    if not offloaded:
        return kept
    heaviest = need.heaviest[0] + need.heaviest[1] * sequence_length
    return kept + min(chunks * (offloaded + offloaded_scores * sequence_length), OFFLOADED_LAYERS_KEPT * heaviest)


def _state(shard: StageShard, layout: Layout, per: StateBytes, habits: MemoryHabits) -> tuple[float, float, float]:
    """Weights, gradients and optimizer states of a stage [bytes]."""
    zero, total = layout.zero_stage, shard.total
    replicas = layout.data_parallel * layout.context_parallel
    sharded = shard.dense / replicas + shard.expert / max(replicas / layout.expert_parallel, 1.0)
    optimizer = 0.0 if layout.offload == "optimizer" else per.optimizer * (sharded if zero else total)
    bucket = BUCKET_BYTES * min(habits.bucket_elements, total) if zero else 0.0
    if zero < 2:
        return per.weights * total, per.gradients * total + bucket, optimizer
    # With the optimizer in host memory, gradients go there as they are reduced.
    shards = 0.0 if layout.offload == "optimizer" else sharded
    gradients = per.gradients * min(shards + shard.largest, total) + bucket
    if zero == 2:
        return per.weights * total, gradients, optimizer
    live = habits.live_elements
    whole = live + shard.largest * LARGEST_MATRIX_SHARE if live else shard.largest_pair
    # PyTorch keeps no 16-bit shard: whole units are cast from the master weights.
    kept = sharded if habits.sharded_copy or not per.master else 0.0
    return per.weights * min(kept + whole, total), gradients, optimizer


def _logit_bytes(model: Model, layout: Layout, width: float) -> float:
    """Bytes of logits per token."""
    loss, logits = layout.loss, model.vocabulary / layout.tensor_parallel
    if loss == "chunked":
        # Liger Kernel (arXiv 2410.10989, 2024, section 3.2) cuts so that a chunk is no larger than the hidden states.
        logits = min(logits, model.hidden)
    per_logit = LOGIT_BYTES[loss][width == 4.0]
    if loss == "unfused" and layout.tensor_parallel > 1:
        per_logit = max(per_logit, PARALLEL_UNFUSED_LOGIT_BYTES)
    return per_logit * logits


def _overhead(layout: Layout) -> float:
    """Context, and a communicator for each kind of group that has more than one GPU."""
    groups = (
        layout.tensor_parallel,
        layout.context_parallel,
        layout.pipeline_parallel,
        layout.data_parallel * layout.context_parallel,
        layout.expert_parallel,
    )
    return CONTEXT_BYTES + COMMUNICATOR_BYTES * sum(size > 1 for size in groups)
