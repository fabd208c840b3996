"""The few physical parameters behind a prediction, and the hardware they make of a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from clustersim.catalog import entries, entry
from clustersim.scenario.schema.hardware import Accelerator, Precision
from clustersim.scenario.schema.training import Layout, Software
from clustersim.step.clock import sustained_share
from clustersim.step.options import Options

TABLE = "step_efficiency"
DEFAULT_GENERATION = "hopper"

Table = Mapping[str, Mapping[str, float]]
"""Parameters by entry (a GPU generation or a software stack) and field."""

NARROW_ATTENTION = 1.27
"""Speed of fused attention in 8 bits over 16, both passes together. Forward 1.2 instead of 0.74 PFLOP/s on H100
(FlashAttention-3, arXiv 2407.08608, 2024); backward, three times as long in 16 bits, 1.2 times as fast in cuDNN 9,
whose 8-bit attention has both passes (assumed)."""

FLASH_BACKWARD = 2.5
"""Backward over forward FLOPs of fused attention, which computes the scores again (Dao et al. 2022,
arXiv 2205.14135, appendix B)."""

FLASH_BACKWARD_RATE = 0.8
"""Backward over forward FLOP/s of fused attention: FlashAttention-3 on H100, 570 of 740 TFLOP/s (arXiv 2407.08608,
2024); FlashAttention-2 on A100, 200 of 230 (arXiv 2307.08691, 2023)."""

ADAM_BYTES = 30.0
"""Bytes moved per parameter by a fused Adam step in mixed precision: read gradient, master weight and two moments
(4 each), write the last three (12) and the 16-bit weight (2)."""

CLIPPING_BYTES = 4.0
"""Bytes that the norm of the gradients reads per parameter."""

NO_OPTIONS = Options()

_ALIKE: Mapping[Precision, Precision] = {"fp16": "bf16", "fp4": "fp8", "tf32": "bf16", "fp32": "bf16"}


@dataclass(frozen=True, slots=True)
class Efficiency:
    """How well kernels and overlap do on one accelerator, precision and software stack.

    Attributes
    ----------
    gemm_flop_s : float
        FLOP/s of a matrix product of unlimited size.
    expert_flop_s : float
        The same for the grouped products of experts.
    wide_flop_s, wide_half_size : float
        Rate and half size of a product that stays in 16 bits whatever the format of the others: the output layer.
    element_bytes : float
        Width of activations and gathered weights between kernels.
    multiprocessors : int
        Multiprocessors that the tiles of a product are dealt to; 0 where they do not matter.
    gemm_half_size : float
        Side of a cubic matrix product that reaches half of that.
    attention_flop_s : float
        FLOP/s of the fused attention kernel on a long sequence, forward.
    attention_half_length : float
        Sequence length at which half of that is reached [tokens].
    attention_backward : float
        Time of the backward pass of the fused kernel over that of the forward pass.
    fused_attention : bool
        Whether scores stay on chip (FlashAttention) or travel through memory.
    memory_bytes_s : float
        Bytes/s of elementwise kernels.
    elementwise_traffic : float
        Memory traffic of elementwise operations over that of perfectly fused ones.
    loss_traffic : float
        Memory traffic of the loss over that of the kernels counted.
    optimizer_bytes : float
        Bytes that the optimizer and the clipping before it move per parameter.
    kernel_gap_s : float
        Idle time between two kernels [s].
    score_traffic : float
        Memory traffic of unfused attention scores over that of the kernels counted.
    misaligned : float
        How many times longer a batched product takes whose rows are no multiple of 16 bytes.
    unsplit_head : float
        Share of the matrix rate that an output layer reaches which tensor parallelism does not split.
    stops_early : bool
        Whether full recomputation stops once everything saved is back, before the last product of a layer.
    selective_operations : bool
        Whether selective recomputation keeps every second product (torchtitan) rather than all of them.
    cast_traffic : float
        Bytes moved per matrix-input element to convert it to a narrower format (0 without conversion).
    chunked_tensor : bool
        Whether tensor-parallel communication is cut into chunks that run beside the products they feed.
    ring_context : bool
        Whether keys and values of other ranks come round a ring beside the computation, or all at once before it.
    ep_exposed : float
        Share of the experts' communication that no computation hides.
    message_overlap : bool
        Whether interleaved pipelines send beside computation.
    data_overlap : bool
        Whether gradients and sharded weights move beside computation.
    overlap_slowdown : float
        Time computation loses for each second of communication that runs beside it.
    tensor_bandwidth : float
        Share of the group's bandwidth that tensor-parallel communication reaches.
    data_bandwidth : float
        Share of the group's bandwidth that the communication of gradients and weights reaches.
    gradient_bytes : float
        Bytes of one gradient element on the wire.
    straggle : float
        Spread of the time that equal nodes take for equal work, relative; a step waits for the slowest of them.
    blocking_launch : bool
        Whether the host waits for each kernel before it launches the next.
    launch_s : float
        Time the host takes to launch one kernel [s].
    host_collective_s : float
        Time the host takes to launch one collective and meet the other ranks [s].
    host_s : float
        Fixed time of a step: input, logging, launch of the optimizer [s].
    routed_passes : float
        Times that sorting, exchanging and putting back move a token's copies through memory, forward.
    biased_experts : float
        Elements moved per inner element of an expert for its biases and clamped activation, where it has them.
    options : Options
        What the software turns on.
    """

    gemm_flop_s: float
    expert_flop_s: float
    wide_flop_s: float
    wide_half_size: float
    element_bytes: float
    multiprocessors: int
    gemm_half_size: float
    attention_flop_s: float
    attention_half_length: float
    attention_backward: float
    fused_attention: bool
    memory_bytes_s: float
    elementwise_traffic: float
    loss_traffic: float
    optimizer_bytes: float
    kernel_gap_s: float
    score_traffic: float
    misaligned: float
    unsplit_head: float
    stops_early: bool
    selective_operations: bool
    cast_traffic: float
    chunked_tensor: bool
    ring_context: bool
    ep_exposed: float
    message_overlap: bool
    data_overlap: bool
    overlap_slowdown: float
    tensor_bandwidth: float
    data_bandwidth: float
    gradient_bytes: float
    straggle: float
    blocking_launch: bool
    launch_s: float
    host_collective_s: float
    host_s: float
    routed_passes: float
    biased_experts: float
    options: Options

    @property
    def of_head(self) -> "Efficiency":
        """Rates of the output layer: it stays in 16 bits unless the software says otherwise."""
        if self.options.narrow_head or self.cast_traffic == 0.0:
            return self
        return replace(self, gemm_flop_s=self.wide_flop_s, gemm_half_size=self.wide_half_size, cast_traffic=0.0)


def default_stack(layout: Layout) -> Software:
    """Software class that a layout speaks of.

    ZeRO 2 and 3 are PyTorch's FSDP and its relatives (Llama 3 trains so, arXiv 2407.21783, section 3.3.2); Megatron's
    distributed optimizer is ZeRO 1.
    """
    return "pytorch" if layout.zero_stage >= 2 else "megatron"


@lru_cache(maxsize=1)
def calibrated_table() -> Table:
    """Read the calibrated parameters from the catalogue; fields that are not numbers are left out."""
    return MappingProxyType({name: MappingProxyType(_numbers(name)) for name in entries(TABLE)})


def _numbers(name: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for field, value in entry(TABLE, name).values.items():
        try:
            found[field] = float(value.text)
        except ValueError:
            continue
    return found


@lru_cache(maxsize=1)
def _generations() -> Mapping[str, str]:
    """Accelerator or scale-up link, as written in the table's ``members`` fields, to generation."""
    named = {name: entry(TABLE, name).values.get("members") for name in entries(TABLE)}
    return {member: name for name, value in named.items() if value for member in value.text.split("; ")}


def generation_of(accelerator: Accelerator) -> str | None:
    """Calibrated GPU generation of an accelerator, by its catalogue name or its scale-up link; None if unknown."""
    return generation_of_card(accelerator.catalogue_entry or "") or _generations().get(accelerator.scale_up)


def generation_of_card(name: str) -> str | None:
    """Calibrated GPU generation of a catalogue name; None if it is not a member of any."""
    return _generations().get(name)


def calibrated_precision(precision: Precision) -> Precision:
    """Precision whose kernel efficiencies stand for this one (FP16 runs the BF16 units; FP4 takes FP8's)."""
    return _ALIKE.get(precision, precision)


def efficiency_of(
    accelerator: Accelerator, precision: Precision, stack: str, table: Table, options: Options = NO_OPTIONS
) -> Efficiency:
    """Combine the parameters of a GPU generation, a precision and a software stack.

    Parameters
    ----------
    accelerator : Accelerator
        Its peaks are multiplied with the fitted efficiencies.
    precision : Precision
        Format of the matrix products. Attention runs in 16 bits, or on the same 32 as they do.
    stack : str
        Software class: an entry ``stack-<name>`` of the table.
    table : Table
        The parameters.
    options : Options
        What the software turns on.

    Returns
    -------
    Efficiency
        Rates in FLOP/s and bytes/s.

    Raises
    ------
    ValueError
        If the accelerator gives no peak for the precision.
    """
    generation = generation_of(accelerator) or DEFAULT_GENERATION
    chip, soft = _chip(table, generation), table[f"stack-{stack}"]
    kernel = calibrated_precision(precision)
    narrow = kernel == "fp8"
    clock = _clock(accelerator, chip)
    attention = chip["attention"] * clock * (NARROW_ATTENTION if options.narrow_attention else 1.0)
    gemm_flop_s = peak_of(accelerator, precision) * chip[f"gemm_{kernel}"] * soft["gemm"] * clock
    return Efficiency(
        gemm_flop_s=gemm_flop_s,
        expert_flop_s=gemm_flop_s * soft["expert"],
        wide_flop_s=_wide_peak(accelerator) * chip["gemm_bf16"] * soft["gemm"] * clock,
        wide_half_size=chip["gemm_half_size"],
        element_bytes=4.0 if precision in ("fp32", "tf32") else 2.0,
        multiprocessors=accelerator.multiprocessors or 0,
        gemm_half_size=_half_size(accelerator, precision, chip),
        attention_flop_s=_attention_peak(accelerator, precision) * attention * _attention_share(soft, generation),
        attention_half_length=chip["attention_half_length"],
        attention_backward=FLASH_BACKWARD / FLASH_BACKWARD_RATE,
        fused_attention=soft["fused_attention"] > 0.0,
        memory_bytes_s=accelerator.memory_bandwidth * chip["memory"],
        elementwise_traffic=soft["elementwise_traffic"],
        loss_traffic=1.0,
        optimizer_bytes=ADAM_BYTES + CLIPPING_BYTES,
        kernel_gap_s=soft["kernel_gap_s"],
        score_traffic=soft["score_traffic"],
        misaligned=chip["misaligned"],
        unsplit_head=soft["unsplit_head"],
        stops_early=soft["stops_early"] > 0.0,
        selective_operations=soft["selective_operations"] > 0.0,
        cast_traffic=_cast_traffic(chip, precision) if narrow else 0.0,
        chunked_tensor=soft["chunked_tensor"] > 0.0,
        ring_context=soft["ring_context"] > 0.0,
        ep_exposed=soft["ep_exposed"],
        message_overlap=soft["message_overlap"] > 0.0,
        data_overlap=soft["data_overlap"] > 0.0,
        overlap_slowdown=chip["overlap_slowdown"],
        tensor_bandwidth=soft["tensor_bandwidth"],
        data_bandwidth=soft["data_bandwidth"],
        gradient_bytes=soft["gradient_bytes"],
        straggle=soft["straggle"],
        blocking_launch=soft["blocking_launch"] > 0.0,
        launch_s=soft["launch_s"],
        host_collective_s=soft["host_collective_s"],
        host_s=soft["host_s"],
        routed_passes=soft["routed_passes"],
        biased_experts=soft["biased_fused" if options.fused_experts else "biased_experts"],
        options=options,
    )


def _half_size(accelerator: Accelerator, precision: Precision, chip: Mapping[str, float]) -> float:
    """Half size in a format, for one that takes the efficiencies of a wider one (FP4 those of FP8).

    Results leave the chip in 16 or 32 bits whatever the format is: the edges cost the same time and weigh more beside
    faster products.
    """
    wider = _peak(accelerator, calibrated_precision(precision))
    return chip["gemm_half_size"] * (max(1.0, peak_of(accelerator, precision) / wider) if wider else 1.0)


def _cast_traffic(chip: Mapping[str, float], precision: Precision) -> float:
    return chip.get(f"cast_traffic_{precision}", chip["cast_traffic"])


def _clock(accelerator: Accelerator, chip: Mapping[str, float]) -> float:
    """Clock under load over that of the generation's reference card, in shares of their peaks; 1 without a law."""
    if "power_exponent" not in chip or accelerator.tdp is None:
        return 1.0
    return sustained_share(
        _wide_peak(accelerator),
        accelerator.tdp,
        chip["reference_peak"],
        chip["reference_power_w"],
        chip["power_exponent"],
    )


def _chip(table: Table, generation: str) -> Mapping[str, float]:
    """Parameters of a generation.

    An edition (``blackwell-ultra``) says what differs from the generation it is named after; a slower one
    (``hopper-500w``) is the same silicon at a lower ``clock``.
    """
    own = table[generation]
    full = table[generation.partition("-")[0]]
    if "clock" not in own:
        return {**full, **own}
    clocked = {name: value * own["clock"] for name, value in full.items() if name.startswith(("gemm_bf", "gemm_fp"))}
    return {**full, **clocked, "attention": full["attention"] * own["clock"]}


def _attention_share(soft: Mapping[str, float], generation: str) -> float:
    """Share of the generation's best attention kernel; a stack older than the generation may have its own for it."""
    return soft.get(f"attention_{generation.partition('-')[0]}", soft["attention"])


def has_peak(accelerator: Accelerator, precision: Precision) -> bool:
    """Whether an accelerator gives a peak for a precision, as :func:`peak_of` reads it."""
    return _peak(accelerator, precision) is not None


def peak_of(accelerator: Accelerator, precision: Precision) -> float:
    """Peak FLOP/s of a precision; FP16 and BF16 stand for each other where only one is given.

    Raises
    ------
    ValueError
        If the accelerator gives no such peak.
    """
    peak = _peak(accelerator, precision)
    if peak is None:
        msg = f"the accelerator gives no {precision} peak"
        raise ValueError(msg)
    return peak


def _peak(accelerator: Accelerator, precision: Precision) -> float | None:
    peaks = accelerator.peak
    if precision in ("fp16", "bf16"):
        first, second = (peaks.fp16, peaks.bf16) if precision == "fp16" else (peaks.bf16, peaks.fp16)
        return first if first is not None else second
    found: float | None = getattr(peaks, precision)
    return found


def _attention_peak(accelerator: Accelerator, precision: Precision) -> float:
    """Peak that attention runs on: 16 bits, or 32 in a run that has no 16-bit products."""
    return peak_of(accelerator, precision) if precision in ("fp32", "tf32") else _wide_peak(accelerator)


def _wide_peak(accelerator: Accelerator) -> float:
    """Peak of 16-bit products; of an accelerator without them the nearest there is."""
    peaks = accelerator.peak
    return peaks.bf16 or peaks.fp16 or peaks.tf32 or peaks.fp32 or peaks.fp8 or peaks.fp4 or 0.0
