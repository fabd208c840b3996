"""What the steps of a job read, and what the store, the network, the CPUs and the disks of its nodes can give."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clustersim.run.compile.size import at_each_size, nodes_of
from clustersim.run.plan import CheckpointPlan, LoadingPlan, PassPlan, StallsPlan
from clustersim.scenario.schema.corpus import Corpus
from clustersim.scenario.schema.data_loader import DataLoader
from clustersim.scenario.schema.scenario import Scenario
from clustersim.scenario.schema.training import Phase
from clustersim.step.step_time import StepTime
from clustersim.workload.corpus import unique_tokens


@dataclass(frozen=True, slots=True)
class StepReads:
    """What one step reads, wherever it is read from."""

    bytes: float
    """What the job needs, all copies of it [bytes]."""
    read_bytes: float
    """What is read for it, in whole blocks [bytes]."""
    reads: float
    """In so many reads."""


def compile_loading(scenario: Scenario, checkpoint: CheckpointPlan) -> LoadingPlan | None:
    """How the data of the corpus get to the nodes; None where no corpus is given.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    checkpoint : CheckpointPlan
        Its checkpoints, which share the store.
    """
    corpus = scenario.corpus
    if corpus is None:
        return None
    loader, storage = corpus.loader, scenario.cluster.storage
    between_s = checkpoint.interval_s * checkpoint.every
    stalls = loader.stalls
    return LoadingPlan(
        courses=tuple(
            tuple(_passes(then, phase, corpus) for phase in then.training.phases) for then in at_each_size(scenario)
        ),
        prefetch_steps=loader.prefetch,
        stalls=None if stalls is None else StallsPlan(stalls.every, stalls.lasts),
        bandwidth_bytes_s=math.inf if storage is None else storage.bandwidth,
        write_bytes_s=scenario.checkpoint.write_bandwidth,
        write_share=min(1.0, checkpoint.write_s / between_s) if checkpoint.write_s > 0.0 and storage else 0.0,
    )


def with_loading(scenario: Scenario, steps: Sequence[StepTime]) -> Scenario:
    """The scenario with what the loader of its corpus takes of the store, as ``cluster.storage.data_loading``.

    The mean over the steps, as far as nothing but the store holds the data up.
    """
    corpus, storage = scenario.corpus, scenario.cluster.storage
    if corpus is None or storage is None:
        return scenario
    read_bytes = spent_s = 0.0
    for phase, step in zip(scenario.training.phases, steps, strict=True):
        count = phase.tokens / (phase.sequence_length * phase.global_batch)
        for one in _passes(scenario, phase, corpus):
            read_bytes += count * one.share * one.store_bytes
            spent_s += count * one.share * max(step.mean_s, one.own_s)
    stored = storage.model_copy(update={"data_loading": read_bytes / spent_s})
    return scenario.model_copy(update={"cluster": scenario.cluster.model_copy(update={"storage": stored})})


def step_reads(corpus: Corpus, phase: Phase) -> StepReads:
    """What one step of a phase reads.

    Notes
    -----
    A read of less than a block of the store costs the whole block. Sequences and documents come from anywhere in the
    corpus, so none of them shares a block with another that is wanted.
    """
    loader = corpus.loader
    token_bytes = bytes_per_token(corpus)
    wanted = float(phase.sequence_length * phase.global_batch * loader.read_copies) * token_bytes
    read_bytes = _read_bytes(corpus, phase, token_bytes)
    return StepReads(wanted, wanted * max(1.0, loader.block / read_bytes), wanted / read_bytes)


def bytes_per_token(corpus: Corpus) -> float:
    """Bytes that are read for each token trained."""
    given = corpus.loader.bytes_per_token
    return corpus.token_size if given is None else given


def _read_bytes(corpus: Corpus, phase: Phase, token_bytes: float) -> float:
    """Bytes that are wanted at a time."""
    order = corpus.loader.order
    if order == "shards":
        return corpus.loader.shard
    return token_bytes * (phase.sequence_length if order == "sequences" else corpus.tokens_per_document)


def node_limits_bytes_s(scenario: Scenario, loader: DataLoader, nodes: int) -> dict[str, float]:
    """What the nodes of the job can take [B/s]: ``network``, and ``cpu`` and ``cache`` where there are such limits."""
    node = scenario.cluster.node
    interfaces = node.nics * node.nic_bandwidth
    limits = {"network": nodes * (interfaces if loader.node_bandwidth is None else loader.node_bandwidth)}
    if loader.cpu is not None:
        limits["cpu"] = nodes * loader.cpu.cores * loader.cpu.speed
    if loader.cache is not None:
        limits["cache"] = nodes * loader.cache.bandwidth
    return limits


def _passes(scenario: Scenario, phase: Phase, corpus: Corpus) -> tuple[PassPlan, ...]:
    """The first epoch and the later ones, which find in the caches of the nodes what these have kept."""
    loader, nodes = corpus.loader, nodes_of(scenario, scenario.training.layout_of(phase))
    kept, first = cached_share(scenario, corpus, nodes)
    hits = [(first, 0.0), (1.0 - first, kept)] if kept > 0.0 and first < 1.0 else [(1.0, 0.0)]
    return tuple(_pass(scenario, phase, corpus, loader, nodes, share, hit) for share, hit in hits)


def _pass(
    scenario: Scenario, phase: Phase, corpus: Corpus, loader: DataLoader, nodes: int, share: float, hit: float
) -> PassPlan:
    reads, limits = step_reads(corpus, phase), node_limits_bytes_s(scenario, loader, nodes)
    storage = scenario.cluster.storage
    missed = 1.0 - hit
    own_s = [
        missed * reads.read_bytes / limits["network"],
        reads.bytes / limits.get("cpu", math.inf),
        hit * reads.bytes / limits.get("cache", math.inf),
        missed * reads.reads / (storage.reads if storage is not None and storage.reads is not None else math.inf),
    ]
    return PassPlan(share, missed * reads.read_bytes, max(own_s))


def cached_share(scenario: Scenario, corpus: Corpus, nodes: int) -> tuple[float, float]:
    """Share of the data that the nodes keep, and share of the run in which they read them for the first time.

    Notes
    -----
    Every epoch is shuffled anew, so what is kept is as likely to be wanted as anything else. A run of less than one
    epoch reads everything for the first time.
    """
    loader = corpus.loader
    unique = unique_tokens(corpus)
    if loader.cache is None or unique is None:
        return 0.0, 1.0
    trained = scenario.training.tokens
    kept = nodes * loader.cache.size / (unique * bytes_per_token(corpus))
    return min(1.0, kept), min(1.0, unique / trained)
