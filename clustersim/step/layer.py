"""Time of one transformer layer for one micro-batch on one GPU, communication inside the layer included."""

from dataclasses import dataclass, replace

from clustersim.step import shape
from clustersim.step.compute import PassTime, attention_time, has_fused_softmax
from clustersim.step.exchange import context_time, sharded_time, tensor_collectives, tensor_time
from clustersim.step.experts import NOTHING, exchange_time
from clustersim.step.job import Job
from clustersim.step.launch import BACKWARD_LAUNCHES, layer_launches, routing_wait_s
from clustersim.step.layer_work import layer_work
from clustersim.step.offload import offload_time


@dataclass(frozen=True, slots=True)
class LayerTime:
    """Where the time of one layer and one micro-batch goes; communication is what computation does not hide.

    ``offload`` is what the link to host memory is waited for, ``routing`` what the host is waited for to learn how many
    tokens each expert has. ``host`` is the time the host needs to launch the layer's kernels while the device works: it
    adds nothing here but bounds the pass of the whole stage. ``weight_s`` is the part of the backward pass that only
    the gradients of the weights need.
    """

    attention: PassTime
    ffn: PassTime
    other: PassTime
    recompute_s: float
    tensor: PassTime
    context: PassTime
    expert: PassTime
    data: PassTime
    offload: PassTime
    routing: PassTime
    host: PassTime
    weight_s: float

    @property
    def compute_forward_s(self) -> float:
        """Forward computation [s]."""
        return self.attention.forward_s + self.ffn.forward_s + self.other.forward_s

    @property
    def compute_backward_s(self) -> float:
        """Backward computation with its recomputation [s]."""
        return self.attention.backward_s + self.ffn.backward_s + self.other.backward_s + self.recompute_s

    @property
    def waits(self) -> PassTime:
        """Communication that computation does not hide [s]."""
        return self.tensor + self.context + self.expert + self.data + self.offload + self.routing

    @property
    def forward_s(self) -> float:
        """Forward pass with its communication [s]."""
        return self.compute_forward_s + self.waits.forward_s

    @property
    def backward_s(self) -> float:
        """Backward pass with recomputation and communication [s]."""
        return self.compute_backward_s + self.waits.backward_s

    @property
    def both_s(self) -> float:
        """Forward and backward pass [s]."""
        return self.forward_s + self.backward_s


def layer_time(job: Job, mixture: bool) -> LayerTime:
    """Time of one layer, the mean over the layers of a stage where some recompute and others do not.

    Parameters
    ----------
    job : Job
        The workload on its hardware.
    mixture : bool
        Whether the layer has experts instead of a dense feed-forward block.

    Returns
    -------
    LayerTime
        Forward and backward of one micro-batch [s].
    """
    core = shape.attention_core(job.model, job.layout, job.sequence_length)
    core_time = attention_time(core, job.efficiency)
    work = layer_work(job, core_time, mixture)
    compute = LayerTime(
        attention=work.attention,
        ffn=work.ffn,
        other=work.other,
        recompute_s=work.recompute_s,
        tensor=tensor_time(job, work),
        context=context_time(job, core_time),
        expert=NOTHING,
        data=NOTHING,
        offload=NOTHING,
        routing=NOTHING,
        host=_host(job, core, mixture),
        weight_s=0.5 * work.products.backward_s,
    )
    return _with_memory_traffic(job, _with_experts(job, compute) if mixture else compute, mixture)


def _with_experts(job: Job, layer: LayerTime) -> LayerTime:
    """Add the exchange of tokens beside the layer, and what the host waits for their number."""
    exchange = exchange_time(job, PassTime(layer.compute_forward_s, layer.compute_backward_s))
    wait = PassTime(routing_wait_s(job, layer.ffn.forward_s), 0.0)
    return replace(layer, expert=exchange, routing=wait)


def _with_memory_traffic(job: Job, layer: LayerTime, mixture: bool) -> LayerTime:
    """Add what sharded weights and offloaded activations wait for beside the layer."""
    data = sharded_time(job, layer.forward_s, layer.backward_s, mixture)
    offload = offload_time(job, layer.forward_s, layer.backward_s, mixture)
    return replace(layer, data=data, offload=offload)


def _host(job: Job, core: shape.AttentionCore, mixture: bool) -> PassTime:
    """Time the host takes to launch the passes of a layer [s]."""
    fused = job.efficiency.fused_attention or has_fused_softmax(core)
    kernels_s = layer_launches(job, mixture, fused_softmax=fused) * job.efficiency.launch_s
    collectives = 0 if job.efficiency.options.full_graphs else tensor_collectives(job.layout)
    collectives_s = collectives * job.efficiency.host_collective_s
    again = job.recomputed if job.layout.recompute == "full" else 0.0
    forward_s = kernels_s + collectives_s
    return PassTime(forward_s, BACKWARD_LAUNCHES * kernels_s + collectives_s + again * forward_s)
