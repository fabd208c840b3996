"""What a step waits for the link to host memory when activations or the optimizer live there."""

from clustersim.step.compute import PassTime
from clustersim.step.efficiency import ADAM_BYTES
from clustersim.step.job import Job
from clustersim.step.overlap import exposed_s
from clustersim.workload.activations import layer_activation_elements
from clustersim.workload.habits import memory_habits

_NOTHING = PassTime(0.0, 0.0)


def offload_time(job: Job, forward_s: float, backward_s: float, mixture: bool) -> PassTime:
    """Activations of a layer on their way to host memory and back, beside its passes [s].

    Parameters
    ----------
    job : Job
        The workload on its hardware.
    forward_s, backward_s : float
        Passes of the layer that the copies can hide behind [s].
    mixture : bool
        Whether the layer has experts.

    Returns
    -------
    PassTime
        The mean over the layers of a stage where only some of them are offloaded (Megatron-Core,
        ``cpu_offloading_num_layers``, 2024; double-buffered, so a copy hides behind the pass of one layer).
    """
    layout = job.layout
    if layout.offload != "activations" or job.host_link_bytes_s is None:
        return _NOTHING
    habits = memory_habits(layout, job.stack)
    elements = layer_activation_elements(job.model, layout, mixture, layout.recompute, habits=habits)
    copy_s = elements * job.part.tokens * job.efficiency.element_bytes / job.host_link_bytes_s
    share = min(1.0, (layout.offload_layers or job.stage_depth) / job.stage_depth)
    return PassTime(share * exposed_s(copy_s, forward_s, 0.0), share * exposed_s(copy_s, backward_s, 0.0))


def host_update_s(parameters: float, job: Job) -> float:
    """Optimizer step in host memory [s]: gradients down, weights up, and Adam there.

    Parameters
    ----------
    parameters : float
        Parameters that this GPU's share of the host updates.
    job : Job
        The workload on its hardware.

    Notes
    -----
    ZeRO-Offload (Ren et al. 2021, arXiv 2101.06840). Adam moves as many bytes as on the device; the memory of the host
    is taken to be as fast as the link to it, since the catalogue does not hold its bandwidth.
    """
    if job.host_link_bytes_s is None:
        return 0.0
    moved_bytes = job.gradient_bytes + job.efficiency.element_bytes + ADAM_BYTES
    return parameters * moved_bytes / job.host_link_bytes_s
