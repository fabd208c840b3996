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
        Free((generation, "overlap_slowdown"), 0.15, 0.4, (0.01, 0.6)),
    )


def _stack(
    name: str, attention: float, tp_exposed: float, dp_overlap: float, data_bandwidth: float
) -> tuple[Free, ...]:
    entry = f"stack-{name}"
    return (
        Free((entry, "gemm"), 0.95, 0.1, (0.4, 1.2)),
        Free((entry, "attention"), attention, 0.2, (0.2, 1.3)),
        Free((entry, "elementwise_traffic"), 1.4, 0.3, (0.5, 6.0)),
        Free((entry, "tp_exposed"), tp_exposed, 0.2, (0.1, 1.5)),
        Free((entry, "dp_overlap"), dp_overlap, 0.3, (0.05, 1.0)),
        Free((entry, "data_bandwidth"), data_bandwidth, 0.3 if data_bandwidth > 0.5 else 1.0, (0.02, 1.2)),
        Free((entry, "host_s"), 0.03, 0.7, (0.001, 0.5)),
    )


_NOT_FITTED = frozenset({("stack-megatron", "gemm"), ("stack-megatron", "attention")})
"""The reference stack: the efficiencies of the chips are those that it reaches."""

FREE: tuple[Free, ...] = tuple(
    parameter
    for parameter in (
        *_chips("ampere", 0.78, 0.78, 0.60),
        *_chips("hopper", 0.70, 0.60, 0.55),
        # 500 W instead of 700 W; power grows with the 2nd to 3rd power of the clock.
        Free(("hopper-500w", "clock"), 0.85, 0.15, (0.4, 1.0)),
        *_chips("blackwell", 0.65, 0.55, 0.45),
        *_stack("megatron", 1.0, 0.6, 0.8, 0.9),
        *_stack("pytorch", 0.7, 1.0, 0.8, 0.9),
        *_stack("composer", 0.7, 1.0, 0.8, 0.9),
        *_stack("xla", 0.9, 0.8, 0.8, 0.9),
        *_stack("megatron-2021", 0.95, 1.0, 0.2, 0.9),
        *_stack("megatron-deepspeed", 0.95, 1.0, 0.2, 0.9),
        *_stack("deepspeed-zero3", 0.95, 1.0, 0.5, 0.2),
        # Its kernels are older than Hopper and do not use what is new in it (FlashAttention-3, arXiv 2407.08608: 35 %
        # of the peak with those of Ampere).
        Free(("stack-composer", "attention_hopper"), 0.6, 0.3, (0.2, 1.3)),
        Free(("stack-megatron", "expert"), 0.8, 0.3, (0.2, 1.2)),
        Free(("stack-megatron", "ep_exposed"), 0.7, 0.3, (0.05, 1.5)),
        Free(("stack-megatron", "straggle"), 0.005, 0.7, (0.0001, 0.05)),
    )
    if parameter.key not in _NOT_FITTED
)
