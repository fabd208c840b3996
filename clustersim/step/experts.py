"""What is special about a layer of experts: who sends which tokens where, and what the kernels around them move."""

from clustersim.scenario.schema.model import Model
from clustersim.step.collectives import all_to_all_s
from clustersim.step.compute import PassTime
from clustersim.step.job import Job
from clustersim.step.overlap import exposed_s
from clustersim.step.shape import Shard

NOTHING = PassTime(0.0, 0.0)

FUSED_CASTS = 0.5
"""Share of the conversions of expert products that a fused expert kernel leaves: the second product's input leaves the
first one converted."""


def distinct(places: int, visits: int) -> float:
    """Places that a token with `visits` experts drawn at random has to be sent to, its own one included.

    Parameters
    ----------
    places : int
        GPUs or nodes among which the experts are spread evenly.
    visits : int
        Experts per token.

    Returns
    -------
    float
        ``places * (1 - (1 - 1 / places)^visits)``: never more than either.
    """
    return float(places * (1.0 - (1.0 - 1.0 / places) ** visits))


def copies_sent(job: Job) -> float:
    """Copies of a token on the wire of one exchange: one for each expert, or for each place that hosts any of them.

    Between nodes a token then travels once to each node and is spread there by the scale-up link (DeepSeek-V3,
    arXiv 2412.19437, 2024, section 3.2.2); inside one domain once to each GPU.
    """
    mixture, place = job.model.mixture, job.groups.expert
    visits = 0 if mixture is None else mixture.experts_per_token
    if not job.efficiency.options.flex or visits == 0:
        return float(visits)
    return distinct(place.domains if place.domains > 1 else place.ranks, visits)


def exchange_time(job: Job, compute: PassTime) -> PassTime:
    """Wait for the dispatch to the experts and the return, in each pass (Lepikhin et al. 2020, arXiv 2006.16668).

    Parameters
    ----------
    job : Job
        The workload on its hardware.
    compute : PassTime
        Computation of the layer in each pass, of another micro-batch, that the exchange runs beside under ``overlap``.

    Returns
    -------
    PassTime
        What is left to wait for [s]; full recomputation repeats the forward exchange.
    """
    efficiency = job.efficiency
    size_bytes = job.part.normed_tokens * copies_sent(job) * job.model.hidden * efficiency.element_bytes
    pass_s = 2.0 * all_to_all_s(size_bytes, job.groups.expert)
    again = 1.0 + (job.recomputed if job.layout.recompute == "full" else 0.0)
    if efficiency.options.overlap:
        slowdown = efficiency.overlap_slowdown
        return PassTime(
            exposed_s(pass_s, compute.forward_s, slowdown), exposed_s(again * pass_s, compute.backward_s, slowdown)
        )
    return PassTime(pass_s * efficiency.ep_exposed, again * pass_s * efficiency.ep_exposed)


def biased_elements(model: Model, part: Shard, per_inner: float) -> float:
    """Elements that biases and a clamped activation of the experts move beside the rest, forward.

    Parameters
    ----------
    model : Model
        ``ffn_bias`` says whether its experts have them (gpt-oss, 2025).
    part : Shard
        Sizes of the micro-batch.
    per_inner : float
        Elements read or written per inner element of an expert.
    """
    mixture = model.mixture
    if mixture is None or not model.ffn_bias:
        return 0.0
    return per_inner * part.tokens * mixture.experts_per_token * mixture.expert_ffn_hidden / part.tensor
