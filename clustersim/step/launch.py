"""How fast the host hands kernels to the device, and what a pass takes when that is the bottleneck."""

from clustersim.step.job import Job

LAUNCH_NORM = 5.0
"""Power of the norm that stands for the longer of device and host. Chosen on the fit rows of one A100 node, whose
models are small enough to be bound by their host: 5 and 10 fit them alike, 5 a little better."""

ATTENTION_LAUNCHES = 15.0
"""Kernels of the attention half of a forward pass: norm, projections, rotary, attention, residual, conversions and
transposes, counted from Megatron-Core modules (2025)."""

DENSE_LAUNCHES = 10.0
"""Those of a dense feed-forward half."""

UNFUSED_SOFTMAX_LAUNCHES = 12.0
"""Further kernels where softmax is not one of them (scale, mask, casts): counted from Megatron-LM's two paths (2022);
one A100 node shows 8 to 13."""

ROUTED_LAUNCHES = 40.0
"""Kernels that route, permute, exchange and put back tokens: router without fusion and all-to-all dispatcher of
Megatron-Core (2025). CUDA graphs of router and preparation replay half of them."""

EXPERT_LAUNCHES = {False: 4.0, True: 8.0}
"""Kernels per local expert, in 16 bits and in a narrower format: two products with their split or, in
TransformerEngine's GroupedLinear (2025), the conversion and the rearrangement of scales of each input."""

BACKWARD_LAUNCHES = 1.0
"""Host time of the backward over that of the forward pass: twice the kernels, but autograd launches them from C++, in
about half the time of Python each. The fit rows of mixtures prefer it to twice the time (median error 4.8 instead of
5.4 %)."""


def launch_bound_s(device_s: float, host_s: float, *, blocking: bool = False) -> float:
    """Time of a pass whose kernels the host launches while the device works [s].

    Parameters
    ----------
    device_s : float
        Time of all kernels of the pass [s].
    host_s : float
        Time the host takes to launch them [s].
    blocking : bool
        The host waits for each kernel before it launches the next (``CUDA_LAUNCH_BLOCKING=1``).

    Returns
    -------
    float
        About the longer of the two. Kernels differ, so near the balance some wait for the host while others do
        not: the norm of power :data:`LAUNCH_NORM` stands for the maximum. The sum when blocking.
    """
    if blocking or device_s <= 0.0 or host_s <= 0.0:
        return device_s + host_s
    long_s, short_s = max(device_s, host_s), min(device_s, host_s)
    return float(long_s * (1.0 + (short_s / long_s) ** LAUNCH_NORM) ** (1.0 / LAUNCH_NORM))


def layer_launches(job: Job, mixture: bool, *, fused_softmax: bool) -> float:
    """Kernels that the host launches in the forward pass of one layer, collectives left out."""
    options = job.efficiency.options
    if options.full_graphs:
        return 0.0
    softmax = 0.0 if fused_softmax else UNFUSED_SOFTMAX_LAUNCHES
    attention = 0.0 if options.graphs else ATTENTION_LAUNCHES + softmax
    if mixture:
        return attention + _routed_launches(job) + _expert_launches(job)
    return attention + (0.0 if options.graphs else DENSE_LAUNCHES)


def routing_wait_s(job: Job, experts_s: float) -> float:
    """Time of a forward pass that the device idles because the host learned late how many tokens each expert has [s].

    Parameters
    ----------
    job : Job
        The workload on its hardware.
    experts_s : float
        Forward products of the experts [s].

    Notes
    -----
    Where the number of tokens of each expert is only known on the device, the host waits for it in each forward pass
    and starts from there with an empty queue: what comes before hides nothing of the launches that follow. Graphs of
    the whole step and a fixed number of tokens (token drop) spare the wait.
    """
    options = job.efficiency.options
    if options.full_graphs or options.token_drop:
        return 0.0
    after = _expert_launches(job) + 0.5 * _routed_launches(job)
    return max(0.0, after * job.efficiency.launch_s - experts_s)


def _routed_launches(job: Job) -> float:
    return ROUTED_LAUNCHES * (0.5 if job.efficiency.options.graphs else 1.0)


def _expert_launches(job: Job) -> float:
    experts = job.model.mixture
    local = 0.0 if experts is None else experts.experts / job.layout.expert_parallel
    return EXPERT_LAUNCHES[job.efficiency.cast_traffic > 0.0] * local
