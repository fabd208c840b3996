"""The few physical parameters behind a prediction, and the hardware they make of a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from clustersim.catalog import entries, entry
from clustersim.scenario.schema.hardware import Accelerator, Precision
from clustersim.scenario.schema.training import Layout

TABLE = "step_efficiency"
DEFAULT_GENERATION = "hopper"

Table = Mapping[str, Mapping[str, float]]
"""Parameters by entry (a GPU generation or a software stack) and field."""

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
    gemm_half_size : float
        Side of a cubic matrix product that reaches half of that.
    attention_flop_s : float
        FLOP/s of the fused attention kernel on a long sequence, forward.
    attention_half_length : float
        Sequence length at which half of that is reached [tokens].
    fused_attention : bool
        Whether scores stay on chip (FlashAttention) or travel through memory.
    memory_bytes_s : float
        Bytes/s of elementwise kernels.
    elementwise_traffic : float
        Memory traffic of elementwise operations over that of perfectly fused ones.
    kernel_gap_s : float
        Idle time between two kernels [s].
    tp_exposed, pp_exposed, cp_exposed, ep_exposed : float
        Share of that communication that no computation hides.
    overlap_slowdown : float
        Time computation loses for each second of communication that runs beside it.
    dp_overlap : float
        Share of the backward pass that can hide the gradients' communication.
    data_bandwidth : float
        Share of the group's bandwidth that the communication of gradients and weights reaches.
    gradient_bytes : float
        Bytes of one gradient element on the wire.
    cast_traffic : float
        Bytes moved per matrix-input element to convert it to a narrower format (0 without conversion).
    straggle : float
        Spread of the time that equal nodes take for equal work, relative; a step waits for the slowest of them.
    host_s : float
        Fixed time of a step: input, logging, launch of the optimizer [s].
    """

    gemm_flop_s: float
    expert_flop_s: float
    gemm_half_size: float
    attention_flop_s: float
    attention_half_length: float
    fused_attention: bool
    memory_bytes_s: float
    elementwise_traffic: float
    kernel_gap_s: float
    tp_exposed: float
    pp_exposed: float
    cp_exposed: float
    ep_exposed: float
    overlap_slowdown: float
    dp_overlap: float
    data_bandwidth: float
    gradient_bytes: float
    cast_traffic: float
    straggle: float
    host_s: float


def default_stack(layout: Layout) -> str:
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


def efficiency_of(accelerator: Accelerator, precision: Precision, stack: str, table: Table) -> Efficiency:
    """Combine the parameters of a GPU generation, a precision and a software stack.

    Parameters
    ----------
    accelerator : Accelerator
        Its peaks are multiplied with the fitted efficiencies.
    precision : Precision
        Format of the matrix products. Attention runs in 16 bits whatever it is.
    stack : str
        Software class: an entry ``stack-<name>`` of the table.
    table : Table
        The parameters.

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
    gemm_flop_s = peak_of(accelerator, precision) * chip[f"gemm_{kernel}"] * soft["gemm"]
    return Efficiency(
        gemm_flop_s=gemm_flop_s,
        expert_flop_s=gemm_flop_s * soft["expert"],
        gemm_half_size=chip["gemm_half_size"],
        attention_flop_s=_wide_peak(accelerator) * chip["attention"] * _attention_share(soft, generation),
        attention_half_length=chip["attention_half_length"],
        fused_attention=soft["fused_attention"] > 0.0,
        memory_bytes_s=accelerator.memory_bandwidth * chip["memory"],
        elementwise_traffic=soft["elementwise_traffic"],
        kernel_gap_s=soft["kernel_gap_s"],
        tp_exposed=soft["tp_exposed"],
        pp_exposed=soft["pp_exposed"],
        cp_exposed=soft["cp_exposed"],
        ep_exposed=soft["ep_exposed"],
        overlap_slowdown=chip["overlap_slowdown"],
        dp_overlap=soft["dp_overlap"],
        data_bandwidth=soft["data_bandwidth"],
        gradient_bytes=soft["gradient_bytes"],
        cast_traffic=chip["cast_traffic"] if narrow else 0.0,
        straggle=soft["straggle"],
        host_s=soft["host_s"],
    )


def _chip(table: Table, generation: str) -> Mapping[str, float]:
    """Parameters of a generation. A slower edition (``hopper-500w``) is the same silicon at a lower ``clock``."""
    own = table[generation]
    if "clock" not in own:
        return own
    full = table[generation.partition("-")[0]]
    clocked = {name: value * own["clock"] for name, value in full.items() if name.startswith(("gemm_bf", "gemm_fp"))}
    return {**full, **clocked, "attention": full["attention"] * own["clock"]}


def _attention_share(soft: Mapping[str, float], generation: str) -> float:
    """Share of the generation's best attention kernel; a stack older than the generation may have its own for it."""
    return soft.get(f"attention_{generation}", soft["attention"])


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


def _wide_peak(accelerator: Accelerator) -> float:
    return accelerator.peak.bf16 or accelerator.peak.fp16 or accelerator.peak.fp32 or accelerator.peak.tf32 or 0.0
