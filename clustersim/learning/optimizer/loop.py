"""How often the optimizer's loop runs, and what else might be counted instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from clustersim._numerals import short


@dataclass(frozen=True, slots=True)
class LoopPhase:
    """Steps of a phase, and the micro-batches that one replica takes in each of them."""

    steps: int
    micro_batches: int
    replicas: int
    sequences_per_step: int


class LoopCounts(TypedDict):
    """How often each thing happens over the run."""

    steps: float
    micro_batches_per_replica: float
    micro_batches: float
    sequences: float
    sentence: str


def loop_counts(phases: Sequence[LoopPhase]) -> LoopCounts:
    """Count the loop: updates of the weights, passes on one replica, passes on all, sequences.

    Parameters
    ----------
    phases : sequence of LoopPhase
        Phases of the run.
    """
    steps = float(sum(phase.steps for phase in phases))
    passes = float(sum(phase.steps * phase.micro_batches for phase in phases))
    all_passes = float(sum(phase.steps * phase.micro_batches * phase.replicas for phase in phases))
    sequences = float(sum(phase.steps * phase.sequences_per_step for phase in phases))
    sentence = (
        f"The optimizer updates the weights {short(steps)} times. One replica makes {short(passes)} forward and"
        f" backward passes for that; those of all replicas, which run at the same time, add up to {short(all_passes)}."
    )
    return {
        "steps": steps,
        "micro_batches_per_replica": passes,
        "micro_batches": all_passes,
        "sequences": sequences,
        "sentence": sentence,
    }
