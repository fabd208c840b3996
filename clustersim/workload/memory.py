"""Device memory of one GPU during training, by kind."""

from dataclasses import asdict, dataclass

from clustersim.scenario.schema.hardware import Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.workload.activations import chunks_in_flight, layer_activation_elements
from clustersim.workload.layout import stage_layers
from clustersim.workload.parameters import is_mixture_layer
from clustersim.workload.shards import StageShard, stage_shards

OVERHEAD_BYTES = 2.0 * 2**30
"""CUDA context, library workspaces and NCCL buffers: "1-2 GB" for kernels alone (Hugging Face, Ultra-Scale Playbook,
2025); not in what frameworks print as allocated memory."""

LOGITS_BYTES = {"fp32": 8.0, "tf32": 8.0}
MIXED_PRECISION_LOGITS_BYTES = 6.0
"""Bytes per logit: the output of the head and an fp32 copy that the loss turns into its gradient in place (Megatron-LM
vocabulary-parallel cross entropy, 2024). An unfused loss holds up to 14."""

FSDP_UNITS_UNSHARDED = 2
"""Units (layers) that ZeRO-3 holds whole at once: the one that computes and the one that is prefetched (FSDP default,
Zhao et al. 2023, arXiv 2304.11277, sec. 3.3)."""


@dataclass(frozen=True, slots=True)
class StateBytes:
    """Bytes per parameter of the training state.

    ``weights`` is what the products read, ``master`` the fp32 copy the optimizer updates (0 when the weights are fp32
    themselves) and ``moments`` Adam's two.
    """

    weights: float
    gradients: float
    master: float
    moments: float

    @property
    def optimizer(self) -> float:
        """Master weights and moments."""
        return self.master + self.moments


@dataclass(frozen=True, slots=True)
class MemoryPerGpu:
    """Memory of a GPU on the pipeline stage that needs most [bytes]."""

    weights_bytes: float
    gradients_bytes: float
    optimizer_bytes: float
    activations_bytes: float
    logits_bytes: float
    overhead_bytes: float

    @property
    def total_bytes(self) -> float:
        """All of it, overhead of the framework included."""
        return self.allocated_bytes + self.overhead_bytes

    @property
    def allocated_bytes(self) -> float:
        """What the framework allocates and prints, i.e. without :data:`OVERHEAD_BYTES`."""
        state = self.weights_bytes + self.gradients_bytes + self.optimizer_bytes
        return state + self.activations_bytes + self.logits_bytes

    def as_dict(self) -> dict[str, float]:
        """Bytes by kind, for tables; the values sum to ``total_bytes``."""
        return {name.removesuffix("_bytes"): value for name, value in asdict(self).items()}


def state_bytes(precision: Precision) -> StateBytes:
    """Bytes per parameter of weights, gradients and optimizer, unsharded.

    Parameters
    ----------
    precision : {"fp32", "tf32", "fp16", "bf16", "fp8", "fp4"}
        Number format of the matrix products.

    Returns
    -------
    StateBytes
        18 bytes in all for bf16: 16-bit weights, fp32 gradients, fp32 master weights and two fp32 moments.

    Notes
    -----
    fp16 keeps 16-bit gradients as DeepSpeed does (16 bytes in all). fp8 and fp4 keep bf16 weights and cast them for
    each product; copies in low precision that are kept between micro-batches are not counted.

    References
    ----------
    .. [1] Rajbhandari et al. (2020), ZeRO, arXiv 1910.02054, sec. 3.1.
    .. [2] NVIDIA, Megatron Core user guide, distributed optimizer (2025): 18 bytes, ``6 + 12 / d`` sharded.
    """
    if precision in ("fp32", "tf32"):
        return StateBytes(weights=4.0, gradients=4.0, master=0.0, moments=8.0)
    if precision == "fp16":
        return StateBytes(weights=2.0, gradients=2.0, master=4.0, moments=8.0)
    return StateBytes(weights=2.0, gradients=4.0, master=4.0, moments=8.0)


def memory_per_gpu(
    model: Model,
    layout: Layout,
    sequence_length: int,
    precision: Precision,
    micro_batches: int | None = None,
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

    Returns
    -------
    MemoryPerGpu
        Bytes by kind on the pipeline stage with the largest total.

    Notes
    -----
    ZeRO shards the optimizer (1), the gradients (2) and the weights (3) over data and context parallelism, routed
    experts over the part of it that repeats them. Stage 2 holds one unit (layer) of gradients whole, stage 3 also two
    units of weights, whose 16-bit values are cast from the sharded master weights. Fragmentation of the allocator and
    the temporary buffers of single kernels are not counted.

    Three limits. Gradients of stage 2 count as sharded, while the step model reduces them once a step: with several
    micro-batches software either keeps them whole in between or reduces them each time, so this memory or that time is
    optimistic. Attention counts as fused: the score matrices that older software keeps are left out. ``selective``
    leaves out what norms and activations give, as if they were done again; the step model charges it the core of
    attention alone.

    References
    ----------
    .. [1] Rajbhandari et al. (2020), ZeRO, arXiv 1910.02054.
    .. [2] Korthikanti et al. (2022), arXiv 2205.05198, sec. 4.
    """
    tokens = layout.micro_batch * sequence_length / layout.context_parallel
    shards = stage_shards(model, layout)
    activations = _activations(model, layout, tokens * _activation_bytes(precision), micro_batches)
    logits = _logits(model, layout, tokens, precision)
    stages = [
        _stage_memory(shard, layout, precision, kept, logits if stage == len(shards) - 1 else 0.0)
        for stage, (shard, kept) in enumerate(zip(shards, activations, strict=True))
    ]
    return max(stages, key=lambda memory: memory.total_bytes)


def _stage_memory(
    shard: StageShard, layout: Layout, precision: Precision, activations_bytes: float, logits_bytes: float
) -> MemoryPerGpu:
    per_parameter = state_bytes(precision)
    sharded = _sharded(shard, layout)
    return MemoryPerGpu(
        weights_bytes=_weights(shard, sharded, layout, per_parameter),
        gradients_bytes=_gradients(shard, sharded, layout, per_parameter),
        optimizer_bytes=per_parameter.optimizer * (sharded if layout.zero_stage >= 1 else shard.total),
        activations_bytes=activations_bytes,
        logits_bytes=logits_bytes,
        overhead_bytes=OVERHEAD_BYTES,
    )


def _sharded(shard: StageShard, layout: Layout) -> float:
    """Parameters of a stage that one GPU keeps when they are sharded over all of their replicas."""
    replicas = layout.data_parallel * layout.context_parallel
    return shard.dense / replicas + shard.expert / max(replicas / layout.expert_parallel, 1.0)


def _weights(shard: StageShard, sharded: float, layout: Layout, per_parameter: StateBytes) -> float:
    if layout.zero_stage < 3:
        return per_parameter.weights * shard.total
    whole = sum(sorted((unit.total for unit in shard.units), reverse=True)[:FSDP_UNITS_UNSHARDED])
    # Mixed precision keeps no 16-bit shard: whole units are cast from the master weights.
    kept = 0.0 if per_parameter.master else sharded
    return per_parameter.weights * min(kept + whole, shard.total)


def _gradients(shard: StageShard, sharded: float, layout: Layout, per_parameter: StateBytes) -> float:
    if layout.zero_stage < 2:
        return per_parameter.gradients * shard.total
    largest = max(unit.total for unit in shard.units)
    return per_parameter.gradients * min(sharded + largest, shard.total)


def _activations(
    model: Model, layout: Layout, bytes_per_element: float, micro_batches: int | None
) -> tuple[float, ...]:
    """Bytes on one GPU of each stage; ``bytes_per_element`` is that of an element kept for each token."""
    kept, worked = (
        {mixture: layer_activation_elements(model, layout, mixture, recompute) for mixture in (False, True)}
        for recompute in (layout.recompute, "none")
    )
    stages = []
    for stage, layers in enumerate(stage_layers(model, layout)):
        mixtures = sum(is_mixture_layer(model, layer) for layer in layers)
        counts = {False: len(layers) - mixtures, True: mixtures}
        chunk = sum(count * kept[mixture] for mixture, count in counts.items()) / layout.virtual_pipeline
        elements = chunks_in_flight(layout, stage, micro_batches) * chunk
        if layout.recompute != "none":
            # The layer that is being done again for its backward pass is there in full.
            elements += max(
                (worked[mixture] - kept[mixture] for mixture, count in counts.items() if count), default=0.0
            )
        stages.append(elements * bytes_per_element)
    return tuple(stages)


def _logits(model: Model, layout: Layout, tokens: float, precision: Precision) -> float:
    per_logit = LOGITS_BYTES.get(precision, MIXED_PRECISION_LOGITS_BYTES)
    return per_logit * tokens * model.vocabulary / layout.tensor_parallel


def _activation_bytes(precision: Precision) -> float:
    return 4.0 if precision in ("fp32", "tf32") else 2.0
