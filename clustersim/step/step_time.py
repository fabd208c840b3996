"""What a prediction of one training step says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from clustersim.workload.memory import MemoryPerGpu

BREAKDOWN_KEYS = (
    "compute_attention",
    "compute_ffn",
    "compute_other",
    "compute_head",
    "recompute",
    "bubble",
    "exposed_tp",
    "exposed_cp",
    "exposed_pp",
    "exposed_dp",
    "exposed_ep",
    "exposed_offload",
    "optimizer",
    "host",
)
"""Where the time of a step goes, on the slowest pipeline stage."""

FLOP_CONVENTION = "model FLOPs with full (non-causal) attention scores, without recomputation (PaLM, arXiv 2204.02311)"


@dataclass(frozen=True, slots=True)
class StepTime:
    """Time of one optimizer step and what it rests on.

    Attributes
    ----------
    mean_s : float
        Step time [s].
    prediction_sigma : float
        Standard deviation of the log error of the prediction, dimensionless; 0 when measured.
    breakdown_s : mapping of str to float
        Parts by :data:`BREAKDOWN_KEYS` [s]; they sum to ``mean_s``. Communication is what computation does not hide.
    memory : MemoryPerGpu
        Bytes on the fullest GPU.
    model_flops_per_gpu_s, causal_model_flops_per_gpu_s : float
        Model FLOP/s of one GPU with full attention scores (``flop_convention``), and with the half a causal mask keeps.
    mfu, hfu : float
        Model and hardware (with recomputation) FLOPs over the peak of the precision, full attention scores.
    flop_convention : str
        What the FLOP rates count.
    tokens_per_s : float
        Tokens per second of the whole job.
    extrapolations : tuple of str
        What lies outside the calibrated range, in words; empty inside it.
    basis : {"predicted", "measured"}
        Whether the mean was predicted or given in the scenario.
    """

    mean_s: float
    prediction_sigma: float
    breakdown_s: Mapping[str, float]
    memory: MemoryPerGpu
    model_flops_per_gpu_s: float
    causal_model_flops_per_gpu_s: float
    mfu: float
    hfu: float
    flop_convention: str
    tokens_per_s: float
    extrapolations: tuple[str, ...]
    basis: Literal["predicted", "measured"]
