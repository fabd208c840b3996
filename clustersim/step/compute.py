"""How long kernels take: matrix products, attention, elementwise work, optimizer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clustersim.scenario.schema.training import Loss
from clustersim.step.efficiency import Efficiency
from clustersim.step.shape import AttentionCore, MatrixProduct
from clustersim.step.tiles import quantisation

FUSED_SOFTMAX_BYTES = 13.0
"""Bytes moved per score when attention runs as separate kernels, each of forward and backward: product, masked softmax,
dropout with its one-byte mask, product. Counted from the kernels of Korthikanti et al. (arXiv 2205.05198, 2022,
sec. 4)."""

SEPARATE_SOFTMAX_BYTES = 37.0
"""The same where softmax is not one kernel either: scale (4), mask (5), cast to 32 bits (6), softmax (8) and cast back
(6) move 29 bytes instead of the 5 of the fused kernel. Counted from Megatron-LM's fallback path (2022)."""

SOFTMAX_BLOCK, SOFTMAX_LENGTH = 4, 2048
"""Score matrices that one block of Megatron-LM's fused softmax works on, and its longest row [tokens] (2021-2023)."""

ALIGNMENT = 8
"""Elements that the rows of a 16-bit product are a multiple of for full-width loads: 16 bytes (NVIDIA, Matrix
Multiplication Background User's Guide, 2023)."""

ELEMENTWISE_BACKWARD = 1.6
"""Backward over forward traffic of norms, residuals and activations, counted from their inputs and outputs."""


@dataclass(frozen=True, slots=True)
class PassTime:
    """Forward and backward time of something [s]."""

    forward_s: float
    backward_s: float

    @property
    def both_s(self) -> float:
        """Forward and backward [s]."""
        return self.forward_s + self.backward_s

    def __add__(self, other: "PassTime") -> "PassTime":
        return PassTime(self.forward_s + other.forward_s, self.backward_s + other.backward_s)


def gemm_s(product: MatrixProduct, efficiency: Efficiency) -> float:
    """Time of one matrix product.

    Parameters
    ----------
    product : MatrixProduct
        Its sizes.
    efficiency : Efficiency
        Rates of the hardware.

    Returns
    -------
    float
        ``flops / rate * (tiles + half_size * (1/m + 1/n + 1/k) / 3)`` plus a gap per kernel [s]; ``tiles`` is what
        tiles and waves lose, 1 or more.

    Notes
    -----
    ``1/m + 1/n + 1/k`` is the surface of the product over its volume: bytes moved and tile edges per FLOP. So the
    efficiency saturates as that of a roofline whose two times add (Williams et al. 2009,
    :doi:`10.1145/1498765.1498785`), and a cube of side ``half_size`` runs at half speed.
    """
    surface = (1.0 / product.m + 1.0 / product.n + 1.0 / product.k) / 3.0
    lost = 1.0
    if efficiency.multiprocessors:
        lost = quantisation(product.m, product.n, product.count, efficiency.multiprocessors)
    # Tiles and surface both cost what a small side leaves idle: they add, so that fewer rows are never slower.
    share = lost + efficiency.gemm_half_size * surface
    return product.flops / efficiency.gemm_flop_s * share + efficiency.kernel_gap_s


def products_time(products: Iterable[MatrixProduct], efficiency: Efficiency) -> PassTime:
    """Forward and backward of linear layers [s]: backward is one product for the inputs and one for the weights.

    Narrow formats add the conversion of inputs (forward) and of output gradients (backward).
    """
    forward_s = backward_s = 0.0
    cast_s = efficiency.cast_traffic / efficiency.memory_bytes_s
    for product in products:
        forward_s += gemm_s(product, efficiency) + cast_s * product.input_elements
        backward_s += gemm_s(product.for_inputs, efficiency) + gemm_s(product.for_weights, efficiency)
        backward_s += cast_s * product.output_elements
    return PassTime(forward_s, backward_s)


def attention_time(core: AttentionCore, efficiency: Efficiency) -> PassTime:
    """Scores, softmax and values [s]: fused, or through memory over the full square of scores."""
    if not efficiency.fused_attention:
        return _unfused_attention_time(core, efficiency)
    saturation = 1.0 + efficiency.attention_half_length / core.length
    forward_s = core.flops / efficiency.attention_flop_s * saturation
    return PassTime(
        forward_s + efficiency.kernel_gap_s,
        forward_s * efficiency.attention_backward + efficiency.kernel_gap_s,
    )


def has_fused_softmax(core: AttentionCore) -> bool:
    """Whether a fused softmax takes the scores: four matrices a block, rows of up to 2,048 (Megatron-LM 2021-2023)."""
    return core.heads % SOFTMAX_BLOCK == 0 and core.length <= SOFTMAX_LENGTH


def _unfused_attention_time(core: AttentionCore, efficiency: Efficiency) -> PassTime:
    aligned = core.head_width % ALIGNMENT == 0
    products_s = 2.0 * core.flops / efficiency.attention_flop_s * (1.0 if aligned else efficiency.misaligned)
    fused = has_fused_softmax(core)
    score_bytes = (FUSED_SOFTMAX_BYTES if fused else SEPARATE_SOFTMAX_BYTES) * efficiency.score_traffic
    scores_s = core.scores * score_bytes / efficiency.memory_bytes_s
    gaps_s = (4.0 if fused else 9.0) * efficiency.kernel_gap_s
    return PassTime(products_s + scores_s + gaps_s, 2.0 * products_s + scores_s + 2.0 * gaps_s)


def elementwise_time(elements: float, kernels: float, efficiency: Efficiency) -> PassTime:
    """Memory-bound work on `elements` values read or written forward, in `kernels` kernels [s]."""
    moved_bytes = elements * efficiency.element_bytes * efficiency.elementwise_traffic
    forward_s = moved_bytes / efficiency.memory_bytes_s
    gaps_s = kernels * efficiency.kernel_gap_s
    return PassTime(forward_s + gaps_s, forward_s * ELEMENTWISE_BACKWARD + gaps_s)


LOSS_BYTES: Mapping[Loss, float] = {"fused": 14.0, "chunked": 14.0, "unfused": 36.0}
"""Memory traffic per logit, forward and backward. Fused: read and write 32 bits, read them again and write a gradient
of 16. Unfused (eager PyTorch): cast to 32 bits (6), log-softmax (8), gradient of the chosen token (4), log-softmax
backward (12), cast back (6)."""

LOSS_FORWARD = 4.0 / 7.0
"""Share of the traffic of the loss that is forward: a fused loss reads and writes 32 bits (8 bytes), and reads those 4
and writes a gradient of 2 on the way back."""


def loss_time(logits: float, kind: Loss, efficiency: Efficiency) -> PassTime:
    """Cross entropy over `logits` values [s], bound by memory."""
    both_s = logits * LOSS_BYTES[kind] * efficiency.loss_traffic / efficiency.memory_bytes_s
    return PassTime(both_s * LOSS_FORWARD, both_s * (1.0 - LOSS_FORWARD))


def accumulate_s(weights: float, gradient_bytes: float, efficiency: Efficiency) -> float:
    """Adding the gradients of `weights` parameters to their sum over the micro-batches [s]; bound by memory.

    The product adds to the sum as it writes: `gradient_bytes` are read and written (Megatron-LM
    ``gradient_accumulation_fusion``, 2022).
    """
    return weights * 2.0 * gradient_bytes / efficiency.memory_bytes_s


def optimizer_s(parameters: float, efficiency: Efficiency) -> float:
    """Adam over the parameters this GPU updates, gradient clipping included [s]; bound by memory."""
    return parameters * efficiency.optimizer_bytes / efficiency.memory_bytes_s
