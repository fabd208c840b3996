"""What one accelerator reaches with the software that was measured on it."""

from typing import Literal

from clustersim.scenario.schema.model import PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Bandwidth, Duration, FlopRate


class MatrixRates(Section):
    """Rate that large matrix products approach, by number format."""

    fp32: FlopRate | None = setting(None, gt=0.0, description="products in FP32")
    tf32: FlopRate | None = setting(None, gt=0.0, description="products in TF32")
    fp16: FlopRate | None = setting(None, gt=0.0, description="products in FP16")
    bf16: FlopRate | None = setting(None, gt=0.0, description="products in BF16")
    fp8: FlopRate | None = setting(None, gt=0.0, description="products in FP8")
    fp4: FlopRate | None = setting(None, gt=0.0, description="products in FP4")


class CollectiveTimes(Section):
    """Cost of collectives between accelerators of one node, beside that of their bytes."""

    call: Duration = setting(ge=0.0, description="time of a call beside its hops and bytes")
    hop: Duration = setting(ge=0.0, description="time of one hop of a ring")
    reduce_scatter: Literal["ring", "all_reduce"] = setting(
        "ring", description="how a reduce-scatter is done: by a ring, or by an all-reduce of the whole buffer (gloo)"
    )
    share: float = setting(
        1.0, gt=0.0, le=1.0, description="share of scale_up_bandwidth that large messages of collectives reach"
    )


class Range(Section):
    """What the measurements span. Beyond it a prediction says that it extrapolates."""

    gpus: PositiveInt = setting(description="accelerators of the largest measured job")
    tokens: PositiveInt = setting(description="tokens of its largest micro-batch")
    hidden_min: PositiveInt = setting(description="hidden size of the smallest measured model")
    hidden_max: PositiveInt = setting(description="hidden size of the largest")


class Measured(Section):
    """Efficiencies that ``clustersim calibrate`` fitted to measurements of this very accelerator.

    They replace those of its generation and of the class of software. Whatever is left out stays calibrated on the
    published record.
    """

    source: str = setting(description="what was measured, with its date")
    matrix: MatrixRates = setting({}, description="rate that large matrix products approach")
    matrix_half_size: float | None = setting(
        None, ge=0.0, description="side of a cubic product that reaches half of that rate"
    )
    attention: FlopRate | None = setting(None, gt=0.0, description="rate of the attention kernel, forward")
    attention_half_length: float | None = setting(
        None, ge=0.0, description="sequence length at which half of that is reached [tokens]"
    )
    attention_backward: float | None = setting(
        None, gt=0.0, description="time of the backward pass of attention over that of the forward pass"
    )
    memory: Bandwidth | None = setting(None, gt=0.0, description="bytes per second of elementwise kernels")
    elementwise_traffic: float | None = setting(
        None, gt=0.0, description="memory traffic of elementwise work over that of perfectly fused kernels"
    )
    loss_traffic: float | None = setting(
        None, gt=0.0, description="traffic of the loss over that of the kernels counted for it"
    )
    optimizer_bytes: float | None = setting(
        None, gt=0.0, description="bytes that an optimizer step and the clipping before it move per parameter"
    )
    kernel_gap: Duration | None = setting(None, ge=0.0, description="idle time between two kernels")
    launch: Duration | None = setting(None, ge=0.0, description="time the host takes to launch one kernel")
    host: Duration | None = setting(None, ge=0.0, description="fixed time of a step: input, logging")
    host_collective: Duration | None = setting(None, ge=0.0, description="time the host takes to launch one collective")
    overlap: bool | None = setting(None, description="whether gradients and sharded weights move beside computation")
    synchronous: bool | None = setting(
        None, description="whether each kernel ends before the next is launched, as on a CPU"
    )
    contention: float | None = setting(
        None,
        ge=1.0,
        description="how much longer work takes when all accelerators of the node work than when one does alone",
    )
    collectives: CollectiveTimes | None = setting(None, description="collectives inside a node")
    spread: float | None = setting(
        None, gt=0.0, description="standard deviation of the log error of step times left out of the fit"
    )
    covers: Range | None = setting(None, description="range of the measured step times")
