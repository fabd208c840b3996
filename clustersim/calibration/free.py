"""Which parameters of the step model are fitted, and what is known of them beforehand."""

from dataclasses import dataclass

Key = tuple[str, str]
"""Entry and field of the efficiency table."""


FASTEST_ATTENTION = 0.75
"""Share of the peak that the best published attention kernels reach: 230 of 312 TFLOP/s on A100 (FlashAttention-2,
arXiv 2307.08691, 2023), 740 of 989 on H100 (FlashAttention-3, arXiv 2407.08608, 2024)."""


@dataclass(frozen=True, slots=True)
class Free:
    """A parameter to fit.

    Attributes
    ----------
    key : Key
        Where it stands in the table.
    prior, spread : float
        Median and log-standard-deviation of what is known of it beforehand, from micro-benchmarks.
    bounds : tuple of float
        Physical limits.
    """

    key: Key
    prior: float
    spread: float
    bounds: tuple[float, float]


def _chips(generation: str, gemm_bf16: float, gemm_fp8: float, attention: float) -> tuple[Free, ...]:
    half_size = {"ampere": 150.0, "blackwell": 300.0}.get(generation, 250.0)
    return (
        Free((generation, "gemm_bf16"), gemm_bf16, 0.1, (0.3, 0.95)),
        Free((generation, "gemm_fp8"), gemm_fp8, 0.15, (0.2, 0.95)),
        Free((generation, "gemm_half_size"), half_size, 0.5, (20.0, 2000.0)),
        Free((generation, "attention"), attention, 0.2, (0.15, FASTEST_ATTENTION)),
        Free((generation, "overlap_slowdown"), 0.15, 0.3, (0.05, 0.3)),
    )


def _stack(name: str, attention: float, launch_s: float | None) -> tuple[Free, ...]:
    entry = f"stack-{name}"
    launch = () if launch_s is None else (Free((entry, "launch_s"), launch_s, 0.3, (1e-6, 2e-4)),)
    return (
        Free((entry, "gemm"), 0.95, 0.1, (0.4, 1.2)),
        Free((entry, "attention"), attention, 0.2, (0.2, 1.3)),
        Free((entry, "elementwise_traffic"), 1.4, 0.3, (0.5, 6.0)),
        *launch,
        Free((entry, "host_s"), 0.03, 0.7, (0.001, 0.5)),
    )


_NOT_FITTED = frozenset({("stack-megatron", "gemm"), ("stack-megatron", "attention")})
"""The reference stack: the efficiencies of the chips are those that it reaches."""

_LAUNCH_S = 22e-6
"""Host time of one kernel of today's software. A linear layer in PyTorch takes 13.5 us on DGX H100, 37 us on GB200
(TransformerEngine issue 2053, 2025); their geometric mean."""

_OLD_LAUNCH_S = 6e-5
"""The same for Megatron and DeepSpeed of 2020 to 2023, on older hosts and PyTorch 1. Assumed."""

FREE: tuple[Free, ...] = tuple(
    parameter
    for parameter in (
        *_chips("ampere", 0.78, 0.78, 0.60),
        Free(("ampere", "misaligned"), 3.0, 0.5, (1.0, 20.0)),
        *_chips("hopper", 0.70, 0.60, 0.55),
        # 500 W instead of 700 W; power grows with the 2nd to 3rd power of the clock: 0.85 to 0.89, and a few per cent
        # for what its slower memory leaves of the budget.
        Free(("hopper-500w", "clock"), 0.86, 0.07, (0.4, 1.0)),
        # Sustained under the power limit; micro-benchmarks of single products reach 0.7-0.78 for seconds. Attention:
        # cuDNN and FlashAttention-4 reach 0.6-0.7 forward and half of the peak backward (2025).
        *_chips("blackwell", 0.65, 0.60, 0.50),
        # Clock as a power of the limit: power grows with its 2nd to 3rd power.
        Free(("blackwell", "power_exponent"), 0.40, 0.2, (0.2, 0.7)),
        # Twice the exponentials per second of Blackwell (NVIDIA, Inside Blackwell Ultra, 2025), of a kernel that spends
        # a third of its time on them.
        Free(("blackwell-ultra", "attention"), 0.60, 0.2, (0.15, 0.9)),
        *_stack("megatron", 1.0, _LAUNCH_S),
        *_stack("pytorch", 0.7, _LAUNCH_S),
        # FlashAttention-2 reaches 35 % of the peak of H100 (arXiv 2407.08608, 2024); the reference kernels reach 60 %.
        Free(("stack-pytorch", "attention_hopper"), 0.56, 0.15, (0.2, 1.3)),
        *_stack("composer", 0.7, _LAUNCH_S),
        *_stack("xla", 0.9, None),
        *_stack("paxml", 0.9, None),
        *_stack("megatron-2021", 0.95, _OLD_LAUNCH_S),
        *_stack("megatron-deepspeed", 0.95, _OLD_LAUNCH_S),
        # Kernels launched one by one leave links idle between them; four links of Omni-Path serve eight GPUs.
        Free(("stack-megatron-deepspeed", "tensor_bandwidth"), 0.9, 0.5, (0.1, 1.2)),
        Free(("stack-megatron-deepspeed", "data_bandwidth"), 0.9, 0.7, (0.05, 1.2)),
        *_stack("megatron-deepspeed-2023", 0.95, _OLD_LAUNCH_S),
        Free(("stack-megatron-deepspeed-2023", "host_collective_s"), 3e-5, 0.5, (5e-6, 3e-4)),
        Free(("stack-megatron-deepspeed-2023", "score_traffic"), 1.0, 0.5, (0.5, 5.0)),
        Free(("stack-megatron-deepspeed-2023", "tensor_bandwidth"), 0.9, 0.5, (0.1, 1.2)),
        Free(("stack-megatron-deepspeed-2023", "unsplit_head"), 0.7, 0.5, (0.1, 1.2)),
        *_stack("deepspeed-zero3", 0.95, _OLD_LAUNCH_S),
        Free(("stack-deepspeed-zero3", "data_bandwidth"), 0.2, 1.0, (0.02, 1.2)),
        # Its kernels are older than Hopper and do not use what is new in it (FlashAttention-3, arXiv 2407.08608: 35 %
        # of the peak with those of Ampere).
        Free(("stack-composer", "attention_hopper"), 0.6, 0.3, (0.2, 1.3)),
        # Grouped products reach 0.8-0.95 of the dense rate (DeepGEMM, H800, 2025). The fit rows have one model with
        # experts, whose biased activation the next two but two stand for; the prior keeps the products apart from it.
        Free(("stack-megatron", "expert"), 0.9, 0.07, (0.2, 1.2)),
        Free(("stack-megatron", "ep_exposed"), 0.9, 0.2, (0.05, 1.5)),
        # Counted: sorting and putting back read and write each copy, 4; the exchange reads and writes its buffers, 2.
        Free(("stack-megatron", "routed_passes"), 6.0, 0.3, (2.0, 20.0)),
        # Bias, clamps, gate and their sums kernel by kernel count about 12, with the products in one kernel half of it;
        # hardly tied, so that whatever else is slow about that one model does not move what all models share.
        Free(("stack-megatron", "biased_experts"), 12.0, 1.5, (1.0, 100.0)),
        Free(("stack-megatron", "biased_fused"), 6.0, 1.5, (0.1, 100.0)),
        Free(("stack-megatron", "straggle"), 0.005, 0.7, (0.0001, 0.05)),
    )
    if parameter.key not in _NOT_FITTED
)
